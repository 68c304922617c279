/* Base subjects: RFC 5256 2.1 and 5. Works on text with single blanks; what is cut off is ASCII. */
#include <moxmail/charset.h>
#include <moxmail/collate.h>
#include <moxmail/thread.h>

static bool cut_suffix(struct moxd_str *s, struct moxd_str suffix)
{
    if (!moxd_str_caseends(*s, suffix))
        return false;
    s->n -= suffix.n;
    return true;
}

static struct moxd_str skip_blanks(struct moxd_str s)
{
    while (s.n > 0 && s.p[0] == ' ')
        s = moxd_str_from(s, 1);
    return s;
}

/* subj-trailer = "(fwd)" / WSP */
static void cut_trailers(struct moxd_str *s, bool *reply)
{
    for (;;) {
        if (cut_suffix(s, MOXD_STR(" ")))
            continue;
        if (!cut_suffix(s, MOXD_STR("(fwd)")))
            return;
        *reply = true;
    }
}

/* subj-blob = "[" *BLOBCHAR "]" *WSP; true and *s behind it. */
static bool cut_blob(struct moxd_str *s)
{
    if (s->n == 0 || s->p[0] != '[')
        return false;
    size_t i = 1;
    while (i < s->n && s->p[i] != '[' && s->p[i] != ']')
        i++;
    if (i == s->n || s->p[i] != ']')
        return false;
    *s = skip_blanks(moxd_str_from(*s, i + 1));
    return true;
}

/* subj-refwd = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":" */
static bool cut_refwd(struct moxd_str *s)
{
    static const struct moxd_str words[] = { { "re", 2 }, { "fwd", 3 }, { "fw", 2 } };
    for (size_t i = 0; i < MOXD_NELEMS(words); i++) {
        if (!moxd_str_casestarts(*s, words[i]))
            continue;
        struct moxd_str rest = skip_blanks(moxd_str_from(*s, words[i].n));
        cut_blob(&rest);
        if (rest.n == 0 || rest.p[0] != ':')
            continue;
        *s = moxd_str_from(rest, 1);
        return true;
    }
    return false;
}

/* subj-leader = (*subj-blob subj-refwd) / WSP */
static bool cut_leader(struct moxd_str *s, bool *reply)
{
    struct moxd_str rest = *s;
    if (s->n > 0 && s->p[0] == ' ') {
        *s = skip_blanks(*s);
        return true;
    }
    while (cut_blob(&rest))
        ;
    if (!cut_refwd(&rest))
        return false;
    *s = rest;
    *reply = true;
    return true;
}

/* Step 4: a blob goes when something stays. */
static bool cut_middle_blob(struct moxd_str *s)
{
    struct moxd_str rest = *s;
    if (!cut_blob(&rest) || rest.n == 0)
        return false;
    *s = rest;
    return true;
}

static struct moxd_str base(struct moxd_str s, bool *reply)
{
    for (;;) {
        cut_trailers(&s, reply);
        while (cut_leader(&s, reply) || cut_middle_blob(&s))
            ;
        if (!moxd_str_casestarts(s, MOXD_STR("[fwd:")) || !moxd_str_ends(s, MOXD_STR("]")))
            return s;
        s = moxd_str_sub(s, 5, s.n - 6);
        *reply = true;
    }
}

/* Step 1: tabs and line ends are blanks, several blanks are one. */
static void squeeze(struct moxd_buf *out, struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        bool blank = strchr(" \t\r\n", s.p[i]) && s.p[i];
        if (!blank)
            moxd_buf_addc(out, s.p[i]);
        else if (out->n == 0 || out->p[out->n - 1] != ' ')
            moxd_buf_addc(out, ' ');
    }
}

void moxd_base_subject(struct moxd_buf *out, struct moxd_str subject, bool *reply)
{
    struct moxd_buf text = MOXD_BUF_INIT(3 * MOXD_SUBJECT_MAX);
    struct moxd_buf line = MOXD_BUF_INIT(3 * MOXD_SUBJECT_MAX);
    bool is_reply = false;
    moxd_utf8_repair(&text, moxd_str_sub(subject, 0, MOXD_SUBJECT_MAX), true);
    squeeze(&line, moxd_buf_str(&text));
    moxd_casemap(out, base(moxd_buf_str(&line), &is_reply));
    if (reply)
        *reply = is_reply;
    moxd_buf_fini(&line);
    moxd_buf_fini(&text);
}
