/* moxctl export maildir */
#include "impex.h"

#include <moxd/clock.h>
#include <moxd/path.h>

static const char *const directories[] = { "cur", "new", "tmp", NULL };
static const char *const reserved[] = { "cur", "new", "tmp", "dovecot-keywords", NULL };

/* --- keywords ------------------------------------------------------------------------------------ */

/* The letter of a keyword, from 0; -1: it has none. */
static int letter_of(struct impex_export *ex, const char *keyword, bool take)
{
    for (size_t i = 0; i < ex->nletters; i++)
        if (strcmp(ex->letter[i], keyword) == 0)
            return (int)i;
    if (!take || ex->nletters == IMPEX_LETTERS)
        return -1;
    ex->letter[ex->nletters] = keyword;
    return (int)ex->nletters++;
}

/* The keywords of a message and those for flags that maildir has no letter for, given to fn. P is "passed", forwarded. */
static void each_keyword(struct impex_export *ex, unsigned flags, struct store_keywords kw,
                         void (*fn)(struct impex_export *ex, const char *keyword,
                                    uint32_t *letters),
                         uint32_t *letters)
{
    for (const struct impex_flag_name *f = impex_flag_names; f->flag; f++)
        if (f->flag != STORE_FORWARDED && (flags & f->flag))
            fn(ex, f->keyword, letters);
    for (size_t i = 0; i < kw.n; i++)
        fn(ex, kw.v[i], letters);
}

static void learn(struct impex_export *ex, const char *keyword, uint32_t *letters)
{
    (void)letters;
    ex->unnamed += letter_of(ex, keyword, true) < 0;
}

static void name(struct impex_export *ex, const char *keyword, uint32_t *letters)
{
    int i = letter_of(ex, keyword, false);

    if (i >= 0)
        *letters |= UINT32_C(1) << i;
}

static int put_keywords(struct impex_export *ex, struct moxd_err *err)
{
    const char *path = moxd_arena_printf(ex->a, "%s/dovecot-keywords", ex->path);
    int rc;

    if (ex->nletters == 0)
        return 0;
    for (size_t i = 0; i < ex->nletters; i++)
        moxd_buf_addf(&ex->out, "%zu %s\n", i, ex->letter[i]);
    rc = moxd_ctl_put(ex->c, path, err) < 0 ||
                 moxd_ctl_put_data(ex->c, moxd_buf_str(&ex->out), err) < 0 ||
                 moxd_ctl_put_end(ex->c, ex->now, err) < 0
             ? -1
             : 0;
    moxd_buf_reset(&ex->out);
    return rc;
}

/* --- mailboxes and messages ---------------------------------------------------------------------- */

static int begin(struct impex_export *ex, const struct store_entry *v, size_t n,
                 struct moxd_err *err)
{
    for (const char *const *d = directories; *d; d++)
        if (moxd_ctl_put_directory(ex->c, moxd_path_join(ex->a, ex->path, *d), err) < 0)
            return -1;
    ex->nletters = 0;
    for (size_t i = 0; i < n; i++)
        each_keyword(ex, v[i].flags, v[i].keywords, learn, NULL);
    return put_keywords(ex, err);
}

/* "cur/TIME.UID.moxd:2,FLAGS" (https://cr.yp.to/proto/maildir.html): names in the order of UIDs, flags in that of ASCII. */
static const char *file_name(struct impex_export *ex, const struct store_msg *msg)
{
    static const struct {
        unsigned flag;
        char letter;
    } letters[] = { { STORE_DRAFT, 'D' },    { STORE_FLAGGED, 'F' }, { STORE_FORWARDED, 'P' },
                    { STORE_ANSWERED, 'R' }, { STORE_SEEN, 'S' },    { STORE_DELETED, 'T' } };
    char flags[MOXD_NELEMS(letters) + IMPEX_LETTERS + 1], *p = flags;
    uint32_t keywords = 0;

    for (size_t i = 0; i < MOXD_NELEMS(letters); i++)
        if (msg->flags & letters[i].flag)
            *p++ = letters[i].letter;
    each_keyword(ex, msg->flags, msg->keywords, name, &keywords);
    for (int i = 0; i < IMPEX_LETTERS; i++)
        if (keywords & UINT32_C(1) << i)
            *p++ = (char)('a' + i);
    *p = '\0';
    return moxd_arena_printf(ex->part, "%s/cur/%lld.U%010u.moxd:2,%s", ex->path, (long long)ex->now,
                             msg->uid, flags);
}

/* Lines end as on Unix: import makes CRLF of it. *cr: the last byte was one, which is held back. */
static void put_lines(struct moxd_buf *out, struct moxd_str in, bool *cr)
{
    for (size_t i = 0; i < in.n; i++) {
        if (*cr && in.p[i] != '\n')
            moxd_buf_addc(out, '\r');
        *cr = in.p[i] == '\r';
        if (!*cr)
            moxd_buf_addc(out, in.p[i]);
    }
}

static int message(struct impex_export *ex, const struct store_msg *msg, struct store_body *b,
                   struct moxd_err *err)
{
    uint64_t off = 0, size = ex->im->store->body_size(b);
    bool cr = false;
    int rc = moxd_ctl_put(ex->c, file_name(ex, msg), err);

    while (rc == 0 && off < size) {
        long n = impex_body_piece(ex, b, &off, 0, err);

        if (n < 0)
            return -1;
        put_lines(&ex->out, moxd_str(ex->piece, (size_t)n), &cr);
        if (cr && off == size)
            moxd_buf_addc(&ex->out, '\r');
        rc = moxd_ctl_put_data(ex->c, moxd_buf_str(&ex->out), err);
        moxd_buf_reset(&ex->out);
    }
    return rc < 0 ? -1 : moxd_ctl_put_end(ex->c, msg->received.ns / MOXD_SEC, err);
}

static int end(struct impex_export *ex, struct moxd_err *err)
{
    (void)ex, (void)err;
    return 0;
}

const struct impex_format impex_format_maildir = { "", reserved, begin, message, end };
