/* Submission: bodies that not every server takes are encoded before the message is signed (P-QUEUE-13, RFC 6376
 * 5.3). Later nobody may. */
#include "smtp.h"

#include <moxd/offload.h>
#include <moxmail/sevenbit.h>
#include <moxmail/transfer.h>
#include <stdio.h>

enum {
    PIECE_MAX = MOXD_HEADER_MAX + MOXD_ENCODE_GROWTH * MOXD_SEVENBIT_PIECE, /* at once in memory */
};

struct conversion {
    struct smtp_txn *t;
    struct moxd_arena *a;
    struct moxd_reader r;
    struct moxd_sevenbit *sb;
    struct moxd_buf piece;
    int rc; /* 1: there is more */
    struct moxd_err err;
    /* the new message: */
    struct store_draft *draft;
    struct smtp_header_end end;
    struct moxd_buf header;
    bool in_body;
};

static void plan(void *arg)
{
    struct conversion *c = arg;
    struct moxd_msg *msg;

    c->rc = moxd_msg_parse(c->a, &c->r, &msg, &c->err);
    if (c->rc == 0)
        c->rc = moxd_sevenbit_plan(&c->r, msg, c->a, &c->sb, &c->err);
}

static void next(void *arg)
{
    struct conversion *c = arg;

    moxd_buf_reset(&c->piece);
    c->rc = moxd_sevenbit_next(c->sb, &c->r, &c->piece, &c->err);
    if (c->rc >= 0 && c->piece.overflow)
        c->rc = moxd_err_set(&c->err, MOXD_ERR_INTERNAL, "more than a piece");
}

/* *c->err: cancelled. */
static int on_worker(struct conversion *c, void (*job)(void *)) MOXD_SUSPENDS;
static int on_worker(struct conversion *c, void (*job)(void *))
{
    if (moxd_offload(MOXD_LANE_CPU, job, c) != MOXD_OK)
        return moxd_err_set(&c->err, MOXD_ERR_CANCELLED, "cancelled");
    return c->rc;
}

/* Others see the header that is stored. */
static int keep_header(struct conversion *c, struct moxd_str s)
{
    ptrdiff_t end = c->in_body ? 0 : smtp_header_end_find(&c->end, s.p, s.n);

    if (c->in_body)
        return 0;
    moxd_buf_addstr(&c->header, end < 0 ? s : moxd_str_sub(s, 0, (size_t)end));
    c->in_body = end >= 0;
    if (c->header.overflow)
        return moxd_err_smtp_set(&c->err, MOXD_ERR_LIMIT, 552, "5.3.4",
                                 "the header is larger than %d bytes", (int)SMTP_HEADER_MAX);
    return 0;
}

static int rewrite(struct conversion *c) MOXD_SUSPENDS;
static int rewrite(struct conversion *c)
{
    const struct store_v1 *store = c->t->s->smtp->store;
    int more;

    do {
        more = on_worker(c, next);
        if (more < 0 || keep_header(c, moxd_buf_str(&c->piece)) < 0 ||
            store->draft_write(c->draft, c->piece.p, c->piece.n, &c->err) < 0)
            return -1;
    } while (more > 0);
    return 0;
}

static void replace(struct conversion *c)
{
    struct smtp_txn *t = c->t;
    const struct store_v1 *store = t->s->smtp->store;
    char parts[32];

    store->draft_free(t->message.draft);
    t->message.draft = c->draft;
    t->message.size = store->draft_size(c->draft);
    t->message.header = moxd_arena_str(t->arena, moxd_buf_str(&c->header));
    c->draft = NULL;
    snprintf(parts, sizeof(parts), "%zu", moxd_sevenbit_parts(c->sb));
    smtp_interface.note(&t->message, "encoded-parts", parts);
}

static int convert(struct conversion *c) MOXD_SUSPENDS;
static int convert(struct conversion *c)
{
    if (on_worker(c, plan) < 0)
        return -1;
    c->t->mail.body8bit = moxd_sevenbit_remains(c->sb);
    if (moxd_sevenbit_parts(c->sb) == 0)
        return 0;
    c->draft = c->t->s->smtp->store->draft_new(c->t->s->smtp->store_self);
    if (rewrite(c) < 0)
        return -1;
    replace(c);
    return 0;
}

int smtp_convert(struct smtp_txn *t, struct moxd_err *err)
{
    struct conversion c = { .t = t };

    if (!t->s->facts.submission)
        return 0;
    t->mail.body8bit = t->eightbit;
    if (!t->eightbit && t->longest_line <= MOXD_SEVENBIT_LINE)
        return 0;
    c.a = moxd_arena_new(0);
    c.r = smtp_txn_reader(t);
    moxd_buf_init(&c.piece, PIECE_MAX);
    moxd_buf_init(&c.header, SMTP_HEADER_MAX);
    smtp_header_end_init(&c.end);
    int rc = convert(&c);
    if (rc < 0)
        *err = c.err;
    if (c.draft)
        t->s->smtp->store->draft_free(c.draft);
    moxd_buf_fini(&c.piece);
    moxd_buf_fini(&c.header);
    moxd_arena_free(c.a);
    return rc;
}
