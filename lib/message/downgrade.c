/* Header fields in ASCII (RFC 6857 3): which field is rewritten how. */
#include "downgrade.h"

#include "mime_lex.h"
#include <moxmail/address.h>
#include <moxmail/encword.h>
#include <stdio.h>

static bool is_international(struct moxd_str s)
{
    return !moxd_str_is_ascii(s) && moxd_str_is_utf8(s);
}

/* --- free text --------------------------------------------------------------------------------------- */

/* 3.1.1. What was encoded already is put together with the rest. */
void mail_downgrade_text(struct moxd_header_writer *w, struct moxd_str value)
{
    struct moxd_buf b = MOXD_BUF_INIT(MAIL_DOWNGRADE_FIELD_MAX);

    moxd_field_text(&b, value);
    moxd_hw_text(w, moxd_buf_str(&b));
    moxd_buf_fini(&b);
}

/* A display name or the like, which may hold encoded words. */
void mail_downgrade_phrase(struct moxd_header_writer *w, struct moxd_str phrase)
{
    struct moxd_buf b = MOXD_BUF_INIT(MAIL_DOWNGRADE_FIELD_MAX);

    moxd_encword_decode(&b, phrase);
    moxd_hw_phrase(w, moxd_buf_str(&b));
    moxd_buf_fini(&b);
}

void mail_downgrade_char(struct moxd_header_writer *w, char c)
{
    moxd_buf_addc(w->b, c);
    w->column++;
}

/* --- fields with comments (3.1.3, 3.2.2, 3.2.3, 3.2.4) ------------------------------------------------- */

/* The value unfolded, without the comments that are not ASCII: it is they that nothing depends on. */
static void without_comments(struct moxd_buf *out, struct moxd_str value)
{
    struct moxd_buf flat = MOXD_BUF_INIT(MAIL_DOWNGRADE_FIELD_MAX);
    struct moxd_str rest;

    moxd_field_unfold(&flat, value);
    rest = moxd_buf_str(&flat);
    while (rest.n > 0) {
        size_t n = rest.p[0] == '(' ? mail_comment_length(rest) : 1;
        struct moxd_str piece = moxd_str_sub(rest, 0, n);

        if (n == 1 || moxd_str_is_ascii(piece))
            moxd_buf_addstr(out, piece);
        rest = moxd_str_from(rest, n);
    }
    moxd_buf_fini(&flat);
}

static void put_words(struct moxd_header_writer *w, struct moxd_str s)
{
    while (s.p) {
        struct moxd_str word = moxd_str_cut(&s, ' ');

        if (word.n > 0)
            moxd_hw_word(w, word);
    }
}

/* A host with A-labels; false when it is none. */
static bool to_ascii(struct moxd_str *word, struct moxd_arena *a)
{
    struct moxd_domain d;

    if (moxd_str_is_ascii(*word))
        return true;
    if (moxd_str_chr(*word, '.') < 0 ||
        moxd_domain_parse(*word, MOXD_ADDRESS_UTF8, a, &d, NULL) < 0)
        return false;
    *word = d.ascii;
    return true;
}

/* 3.2.4: what is not ASCII and no host goes, with the word in front that says what it is ("for", "id"). */
static void put_received(struct moxd_header_writer *w, struct moxd_str s)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_str before = { NULL, 0 };

    while (s.p) {
        struct moxd_str word = moxd_str_cut(&s, ' ');
        bool last = word.n > 0 && word.p[word.n - 1] == ';';

        if (word.n == 0)
            continue;
        if (!to_ascii(&word, a)) {
            before = moxd_str(NULL, 0);
            if (last)
                mail_downgrade_char(w, ';');
            continue;
        }
        if (before.n > 0)
            moxd_hw_word(w, before);
        before = word;
    }
    if (before.n > 0)
        moxd_hw_word(w, before);
}

static void put_other(struct moxd_header_writer *w, struct moxd_str value)
{
    struct moxd_buf b = MOXD_BUF_INIT(MAIL_DOWNGRADE_FIELD_MAX);

    without_comments(&b, value);
    if (moxd_str_is_ascii(moxd_buf_str(&b)))
        put_words(w, moxd_buf_str(&b));
    else
        mail_downgrade_text(w, value);
    moxd_buf_fini(&b);
}

static void put_trace(struct moxd_header_writer *w, struct moxd_str value)
{
    struct moxd_buf b = MOXD_BUF_INIT(MAIL_DOWNGRADE_FIELD_MAX);

    without_comments(&b, value);
    put_received(w, moxd_buf_str(&b));
    moxd_buf_fini(&b);
}

/* --- fields ------------------------------------------------------------------------------------------ */

static const struct method {
    const char *name;
    void (*put)(struct moxd_header_writer *w, struct moxd_str value);
    bool encapsulate; /* 3.1.10: goes into a field of its own when it is not only comments */
} methods[] = {
    { "From", mail_downgrade_addresses, false },
    { "Sender", mail_downgrade_addresses, false },
    { "To", mail_downgrade_addresses, false },
    { "Cc", mail_downgrade_addresses, false },
    { "Bcc", mail_downgrade_addresses, false },
    { "Reply-To", mail_downgrade_addresses, false },
    { "Resent-From", mail_downgrade_addresses, false },
    { "Resent-Sender", mail_downgrade_addresses, false },
    { "Resent-To", mail_downgrade_addresses, false },
    { "Resent-Cc", mail_downgrade_addresses, false },
    { "Resent-Bcc", mail_downgrade_addresses, false },
    { "Resent-Reply-To", mail_downgrade_addresses, false },
    { "Return-Path", mail_downgrade_addresses, false },
    { "Disposition-Notification-To", mail_downgrade_addresses, false },
    { "Date", put_other, false },
    { "Resent-Date", put_other, false },
    { "MIME-Version", put_other, false },
    { "Content-ID", put_other, false },
    { "Content-Transfer-Encoding", put_other, false },
    { "Content-Language", put_other, false },
    { "Received", put_trace, false },
    { "Message-ID", put_other, true },
    { "Resent-Message-ID", put_other, true },
    { "In-Reply-To", put_other, true },
    { "References", put_other, true },
    { "Original-Recipient", put_other, true },
    { "Final-Recipient", put_other, true },
    { "Content-Type", mail_downgrade_type, false },
    { "Content-Disposition", mail_downgrade_disposition, false },
};

static const struct method *method_of(struct moxd_str name)
{
    static const struct method text = { NULL, mail_downgrade_text, false };

    for (size_t i = 0; i < MOXD_NELEMS(methods); i++)
        if (moxd_str_caseeqs(name, methods[i].name))
            return &methods[i];
    return &text;
}

static bool only_comments(struct moxd_str value)
{
    struct moxd_buf b = MOXD_BUF_INIT(MAIL_DOWNGRADE_FIELD_MAX);
    bool r;

    without_comments(&b, value);
    r = moxd_str_is_ascii(moxd_buf_str(&b));
    moxd_buf_fini(&b);
    return r;
}

static void downgrade(struct moxd_buf *out, const struct moxd_field *f)
{
    const struct method *m = method_of(f->name);
    struct moxd_header_writer w;
    char name[MOXD_FIELD_NAME_MAX + 32];
    bool capsule = m->encapsulate && !only_comments(f->value);

    snprintf(name, sizeof(name), "%s%.*s", capsule ? "Downgraded-" : "", (int)f->name.n, f->name.p);
    moxd_hw_begin(&w, out, name);
    (capsule ? mail_downgrade_text : m->put)(&w, f->value);
    moxd_hw_end(&w);
}

bool moxd_header_is_international(struct moxd_str header)
{
    struct moxd_field f;

    if (moxd_str_is_ascii(header))
        return false;
    while (moxd_field_next(&header, &f))
        if (f.name.n > 0 && is_international(f.raw))
            return true;
    return false;
}

/* A name that is not ASCII is no field for anybody. */
void moxd_header_downgrade(struct moxd_buf *out, struct moxd_str header)
{
    struct moxd_field f;

    while (moxd_field_next(&header, &f)) {
        if (f.name.n == 0 || !moxd_str_is_ascii(f.name) || !is_international(f.raw))
            moxd_buf_addstr(out, f.raw);
        else
            downgrade(out, &f);
    }
    moxd_buf_addstr(out, header);
}
