/* moxctl export mbox */
#include "impex.h"

#include <moxd/clock.h>
#include <moxmail/mbox.h>

static const char *const none[] = { NULL };

static int begin(struct impex_export *ex, const struct store_entry *v, size_t n,
                 struct moxd_err *err)
{
    (void)v, (void)n;
    return moxd_ctl_put(ex->c, ex->path, err);
}

static unsigned flags_of(unsigned flags)
{
    static const struct {
        unsigned flag, mbox;
    } both[] = {
        { STORE_SEEN, MOXD_MBOX_SEEN },       { STORE_ANSWERED, MOXD_MBOX_ANSWERED },
        { STORE_FLAGGED, MOXD_MBOX_FLAGGED }, { STORE_DELETED, MOXD_MBOX_DELETED },
        { STORE_DRAFT, MOXD_MBOX_DRAFT },
    };
    unsigned out = 0;

    for (size_t i = 0; i < MOXD_NELEMS(both); i++)
        if (flags & both[i].flag)
            out |= both[i].mbox;
    return out;
}

/* Its own, and those for flags that mbox has no letter for. */
static void take_keywords(struct moxd_mbox_head *h, const struct store_msg *msg,
                          struct moxd_arena *a)
{
    size_t n = 0;
    const char **v = moxd_arena_calloc(a, msg->keywords.n + STORE_KEYWORDS_MAX, sizeof(*v));

    for (const struct impex_flag_name *f = impex_flag_names; f->flag; f++)
        if (msg->flags & f->flag)
            v[n++] = f->keyword;
    for (size_t i = 0; i < msg->keywords.n; i++)
        v[n++] = msg->keywords.v[i];
    h->keywords = v;
    h->nkeywords = n;
}

/* The address of a Return-Path field at the start of a message, which delivery puts there (RFC 5321 4.4). */
static struct moxd_str sender(struct moxd_str start)
{
    static const char name[] = "Return-Path: <";
    size_t n = sizeof(name) - 1;
    ptrdiff_t end;

    if (start.n < n || !moxd_str_caseeqs(moxd_str_sub(start, 0, n), name))
        return moxd_str("", 0);
    end = moxd_str_chr(moxd_str_from(start, n), '>');
    return moxd_str_sub(start, n, end < 0 ? 0 : (size_t)end);
}

static int put(struct impex_export *ex, struct moxd_err *err)
{
    int rc = moxd_ctl_put_data(ex->c, moxd_buf_str(&ex->out), err);

    moxd_buf_reset(&ex->out);
    return rc;
}

static int message(struct impex_export *ex, const struct store_msg *msg, struct store_body *b,
                   struct moxd_err *err)
{
    struct moxd_mbox_head head = { .time = msg->received.ns / MOXD_SEC,
                                   .flags = flags_of(msg->flags) };
    struct moxd_mbox_writer w;
    uint64_t off = 0, size = ex->im->store->body_size(b);
    size_t left = 0;

    take_keywords(&head, msg, ex->part);
    do {
        bool first = off == 0;
        long n = impex_body_piece(ex, b, &off, left, err);

        if (n < 0)
            return -1;
        struct moxd_str in = moxd_str(ex->piece, (size_t)n);
        if (first) {
            head.sender = sender(in);
            moxd_mbox_begin(&w, &head, &ex->out);
        }
        moxd_mbox_write(&w, &in, off == size, &ex->out);
        memmove(ex->piece, in.p, in.n);
        left = in.n;
        if (put(ex, err) < 0)
            return -1;
    } while (off < size);
    moxd_mbox_end(&w, &ex->out);
    return put(ex, err);
}

static int end(struct impex_export *ex, struct moxd_err *err)
{
    return moxd_ctl_put_end(ex->c, ex->now, err);
}

const struct impex_format impex_format_mbox = { ".mbox", none, begin, message, end };
