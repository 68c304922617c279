#include "across.h"

enum {
    BATCH = 500,            /* messages in one transaction */
    BATCH_BYTES = 64 << 20, /* of them, in a draft, which is on disk then */
    BLOCK = 64 * 1024,
};

bool imap_copies_within(const struct imap_session *s, const struct imap_place *dst)
{
    const struct store_v1 *store = s->im->store;
    unsigned all = STORE_FLAGS_ALL | STORE_FLAG_KEYWORDS;

    return store->account_id(s->sel->acc) == store->account_id(dst->acc) &&
           imap_flags_of_rights(dst->rights) == all;
}

struct copying {
    struct imap_session *s;
    const struct imap_place *dst;
    unsigned flags; /* that may be set there */
    struct store_copied *v;
    size_t n, cap;
    struct moxd_arena *a; /* of a batch */
    struct store_draft *draft;
    struct store_add *adds;
    uint64_t *starts;
    uint32_t *uids;
    size_t nadds;
};

/* --- a message ------------------------------------------------------------------------------------- */

static int copy_body(struct copying *c, struct store_body *body, char *buf, struct moxd_err *err)
{
    const struct store_v1 *store = c->s->im->store;
    uint64_t at = 0;
    long n;

    while ((n = store->body_read(body, at, buf, BLOCK, err)) > 0) {
        if (store->draft_write(c->draft, buf, (size_t)n, err) < 0)
            return -1;
        at += (uint64_t)n;
    }
    return n < 0 ? -1 : 0;
}

/* 1: it is gone. */
static int take(struct copying *c, const struct store_msg *info, char *buf, struct moxd_err *err)
{
    const struct store_v1 *store = c->s->im->store;
    struct moxd_err why = { 0 };
    struct store_body *body;
    int r;

    if (store->body_open(c->s->sel->acc, info->id, &body, &why) < 0) {
        if (why.kind == MOXD_ERR_NOTFOUND)
            return 1;
        if (err)
            *err = why;
        return -1;
    }
    c->starts[c->nadds] = store->draft_size(c->draft);
    r = copy_body(c, body, buf, err);
    store->body_close(body);
    c->uids[c->nadds] = info->uid;
    c->adds[c->nadds++] = (struct store_add){ .acc = c->dst->acc,
                                              .mailbox = c->dst->mb.id,
                                              .origin = "imap",
                                              .flags = info->flags & c->flags,
                                              .received = info->received };
    if (c->flags & STORE_FLAG_KEYWORDS)
        c->adds[c->nadds - 1].keywords = info->keywords;
    return r;
}

/* --- a batch --------------------------------------------------------------------------------------- */

static int add_batch(struct copying *c, struct moxd_err *err)
{
    const struct store_v1 *store = c->s->im->store;
    struct store_draft **parts = moxd_arena_calloc(c->a, c->nadds, sizeof(struct store_draft *));
    uint64_t end = store->draft_size(c->draft);
    int r;

    for (size_t i = c->nadds; i-- > 0; end = c->starts[i])
        parts[i] = store->draft_part(c->draft, c->starts[i], end - c->starts[i]);
    r = store->add_many(c->s->im->store_self, parts, c->adds, c->nadds, err);
    for (size_t i = 0; i < c->nadds; i++)
        store->draft_free(parts[i]);
    for (size_t i = 0; r == 0 && i < c->nadds; i++)
        *(struct store_copied *)moxd_arena_push(c->s->a, &c->v, &c->n, &c->cap, sizeof(*c->v)) =
            (struct store_copied){ c->uids[i], c->adds[i].uid };
    return r;
}

/* The first of n messages, as many as fit: *done. */
static int copy_batch(struct copying *c, const struct store_msg *v, size_t n, size_t *done,
                      struct moxd_err *err)
{
    const struct store_v1 *store = c->s->im->store;
    char *buf = moxd_arena_alloc(c->a, BLOCK);
    int r = 0;

    n = n < BATCH ? n : BATCH;
    c->adds = moxd_arena_calloc(c->a, n, sizeof(*c->adds));
    c->starts = moxd_arena_calloc(c->a, n, sizeof(*c->starts));
    c->uids = moxd_arena_calloc(c->a, n, sizeof(*c->uids));
    c->nadds = *done = 0;
    c->draft = store->draft_new(c->s->im->store_self);
    while (r >= 0 && *done < n && store->draft_size(c->draft) < BATCH_BYTES)
        r = take(c, &v[(*done)++], buf, err);
    if (r >= 0)
        r = c->nadds > 0 ? add_batch(c, err) : 0;
    store->draft_free(c->draft);
    return r;
}

/* --- all ------------------------------------------------------------------------------------------- */

int imap_remove_messages(struct imap_session *s, struct store_account *acc, uint32_t mailbox,
                         const struct store_uids *uids, struct moxd_err *err)
{
    struct store_flag_change fc = { .mode = STORE_FLAGS_ADD, .flags = STORE_DELETED };
    struct store_uids gone;
    struct store_entry *v;
    size_t n;

    if (s->im->store->set_flags(acc, mailbox, uids, &fc, s->a, &v, &n, NULL, err) < 0)
        return -1;
    return s->im->store->expunge(acc, mailbox, uids, s->a, &gone, NULL, err);
}

static struct store_uids uids_of(struct imap_session *s, const struct store_copied *v, size_t n,
                                 bool src)
{
    struct store_uid_range *r = moxd_arena_calloc(s->a, n + 1, sizeof(*r));

    for (size_t i = 0; i < n; i++) {
        uint32_t uid = src ? v[i].src_uid : v[i].dst_uid;

        r[i] = (struct store_uid_range){ uid, uid };
    }
    return (struct store_uids){ r, n };
}

struct store_uids imap_copied_from(struct imap_session *s, const struct store_copied *v, size_t n)
{
    return uids_of(s, v, n, true);
}

/* RFC 9051 6.4.7: a COPY that fails leaves the target as it was. */
static void undo(const struct copying *c)
{
    struct imap_session *s = c->s;
    struct store_uids uids = uids_of(s, c->v, c->n, false);
    struct moxd_err err = { 0 };

    if (c->n > 0 && imap_remove_messages(s, c->dst->acc, c->dst->mb.id, &uids, &err) < 0)
        moxd_error(&s->log, "part of a failed copy is left behind", moxd_kve(&err));
}

int imap_copy_across(struct imap_session *s, const struct store_uids *uids,
                     const struct imap_place *dst, struct store_copied **out, size_t *n,
                     struct moxd_err *err)
{
    struct copying c = { .s = s, .dst = dst, .flags = imap_flags_of_rights(dst->rights) };
    struct store_msg *v;
    size_t nv, done;
    int r;

    r = s->im->store->messages(s->sel->acc, s->sel->mailbox, uids, s->a, &v, &nv, err);
    c.a = moxd_arena_new(0);
    for (size_t i = 0; r == 0 && i < nv; i += done) {
        r = copy_batch(&c, v + i, nv - i, &done, err);
        moxd_arena_reset(c.a);
    }
    moxd_arena_free(c.a);
    if (r < 0)
        undo(&c);
    *out = c.v;
    *n = c.n;
    return r;
}
