/* Flags and keywords (RFC 9051 2.3.2). The keywords that RFC 5788 registers with a meaning for servers
 * have bits in the store; all others are kept by name, lower case. */
#include "imap.h"
#include <stdlib.h>

static const struct {
    const char *name;
    unsigned flag;
} names[] = {
    { "\\Seen", STORE_SEEN },        { "\\Answered", STORE_ANSWERED },
    { "\\Flagged", STORE_FLAGGED },  { "\\Deleted", STORE_DELETED },
    { "\\Draft", STORE_DRAFT },      { "$Forwarded", STORE_FORWARDED },
    { "$Junk", STORE_JUNK },         { "$NotJunk", STORE_NOTJUNK },
    { "$Phishing", STORE_PHISHING }, { "$MDNSent", STORE_MDNSENT },
};

int imap_flag_name(struct moxd_str name, struct moxd_arena *a, unsigned *flag, const char **keyword)
{
    char *lower;

    for (size_t i = 0; i < MOXD_NELEMS(names); i++) {
        if (moxd_str_caseeqs(name, names[i].name)) {
            *flag = names[i].flag;
            return 1;
        }
    }
    if (name.n == 0 || name.p[0] == '\\' || name.n > STORE_KEYWORD_LEN_MAX)
        return -1;
    lower = moxd_arena_cstr(a, name);
    for (char *p = lower; *p; p++)
        *p = moxd_lower(*p);
    *keyword = lower;
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted and without duplicates, as the store wants them. */
static void canonical(const char **v, struct store_keywords *out)
{
    size_t n = 0;

    if (out->n > 1)
        qsort(v, out->n, sizeof(*v), by_name);
    for (size_t i = 0; i < out->n; i++)
        if (n == 0 || strcmp(v[n - 1], v[i]) != 0)
            v[n++] = v[i];
    out->v = v;
    out->n = n;
}

int imap_flags_in(struct imap_session *s, const struct moxd_imap_list *list, unsigned *flags,
                  struct store_keywords *keywords, struct moxd_err *err)
{
    const char **v = moxd_arena_calloc(s->a, list->n + 1, sizeof(*v));

    *flags = 0;
    keywords->n = 0;
    for (size_t i = 0; i < list->n; i++) {
        const char *keyword;
        unsigned flag;
        int r = imap_flag_name(list->v[i], s->a, &flag, &keyword);

        if (r > 0)
            *flags |= flag;
        else if (r == 0)
            v[keywords->n++] = keyword;
        else if (!moxd_str_caseeqs(list->v[i], "\\Recent"))
            return moxd_err_set(err, MOXD_ERR_INVALID, "flag %" MOXD_STRF " cannot be stored",
                                MOXD_STRA(list->v[i]));
    }
    canonical(v, keywords);
    if (keywords->n > STORE_KEYWORDS_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "a message can have at most %d keywords",
                            STORE_KEYWORDS_MAX);
    return 0;
}

/* Keywords as those write them who made them up: the store has them in lower case, which means the same
 * (RFC 9051 2.3.2), but some clients look for the one spelling that they know. */
static const char *spelling(const char *keyword)
{
    static const char *const known[] = {
        "$hasAttachment", "$hasNoAttachment", "$Important", "$MailFlagBit0",
        "$MailFlagBit1",  "$MailFlagBit2",    "$Submitted", "$SubmitPending",
        "Junk",           "NonJunk",          "NotJunk",
    };

    if (keyword[0] != '$' && keyword[0] != 'j' && keyword[0] != 'n')
        return keyword;
    for (size_t i = 0; i < MOXD_NELEMS(known); i++)
        if (moxd_str_caseeqs(moxd_cstr(keyword), known[i]))
            return known[i];
    return keyword;
}

void imap_flags_out(struct moxd_buf *b, unsigned flags, struct store_keywords keywords)
{
    const char *sep = "";

    moxd_buf_addc(b, '(');
    for (size_t i = 0; i < MOXD_NELEMS(names); i++) {
        if (flags & names[i].flag) {
            moxd_buf_adds(b, sep);
            moxd_buf_adds(b, names[i].name);
            sep = " ";
        }
    }
    for (size_t i = 0; i < keywords.n; i++) {
        moxd_buf_adds(b, sep);
        moxd_buf_adds(b, spelling(keywords.v[i]));
        sep = " ";
    }
    moxd_buf_addc(b, ')');
}

/* Position of the keyword in the sorted list, or where it belongs. */
static size_t place(const struct imap_known *k, const char *keyword, bool *there)
{
    size_t lo = 0, hi = k->n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (strcmp(k->v[mid], keyword) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    *there = lo < k->n && strcmp(k->v[lo], keyword) == 0;
    return lo;
}

static bool learn(struct imap_known *k, const char *keyword)
{
    bool there;
    size_t i = place(k, keyword, &there);

    if (there)
        return false;
    k->v = moxd_xreallocarray(k->v, k->n + 1, sizeof(*k->v));
    memmove(k->v + i + 1, k->v + i, (k->n - i) * sizeof(*k->v));
    k->v[i] = moxd_xstrdup(keyword);
    k->n++;
    return true;
}

void imap_known_fini(struct imap_known *k)
{
    for (size_t i = 0; i < k->n; i++)
        free(k->v[i]);
    free(k->v);
    *k = (struct imap_known){ 0 };
}

/* RFC 9051 7.3.5: FLAGS lists what may be used here; sent anew when a keyword comes up. */
int imap_announce_keywords(struct imap_session *s, struct store_keywords keywords)
{
    struct imap_known *k = &s->sel->known;
    bool any = false;

    for (size_t i = 0; i < keywords.n; i++)
        any |= learn(k, keywords.v[i]);
    return any ? imap_send_flags(s) : 0;
}

int imap_send_flags(struct imap_session *s)
{
    const struct imap_known *k = &s->sel->known;

    moxd_buf_adds(&s->out, "* FLAGS ");
    imap_flags_out(&s->out, STORE_FLAGS_ALL,
                   (struct store_keywords){ (const char *const *)k->v, k->n });
    return imap_send_out(s);
}
