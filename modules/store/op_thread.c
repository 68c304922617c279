/* Threads as others see and change them. */
#include "ops.h"
#include "thread.h"

#include <stdlib.h>

/* --- reading ----------------------------------------------------------------------------------- */

static void show(const struct store_thread_rec *r, uint64_t id, struct moxd_arena *a,
                 struct store_thread *out)
{
    *out = (struct store_thread){
        .id = id, .thread = r->thread, .state = r->flags & STORE_THREAD_STATES,
        .message_id = moxd_arena_cstr(a, moxd_str(r->msgid, r->msgid_n)),
    };
    if (r->thread == 0 || r->n == 0)
        return;
    out->ancestors = moxd_arena_dup(a, r->v, r->n * sizeof(*r->v));
    out->nancestors = r->n;
}

int store_op_threads(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_op_threads *op = arg;
    uint32_t mailbox, uid;

    op->v = moxd_arena_calloc(op->arena, op->n, sizeof(*op->v));
    for (size_t i = 0; i < op->n; i++) {
        struct store_thread_rec r = { 0 };
        int rc = store_thread_live(tx, op->ids[i], &r, err);
        if (rc == 0) /* perhaps one that has no record yet */
            rc = store_msg_find(tx, op->ids[i], &mailbox, &uid, err);
        if (rc < 0)
            return -1;
        if (rc > 0)
            show(&r, op->ids[i], op->arena, &op->v[i]);
    }
    return 0;
}

int store_op_thread_messages(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_op_ids *op = arg;
    struct store_thread_rec r;
    int rc = store_thread_live(tx, op->message, &r, err);

    op->v = NULL;
    op->n = 0;
    if (rc <= 0 || r.thread == 0)
        return rc < 0 ? -1 : 0;
    if (store_thread_members(tx, &r, &op->v, &op->n, err) < 0)
        return -1;
    op->v = moxd_arena_dup(op->arena, op->v, op->n * sizeof(*op->v));
    return 0;
}

static int find_same(struct store_tx *tx, struct store_op_ids *op, struct moxd_str id,
                     struct moxd_err *err)
{
    struct store_same_msgid same;
    struct store_thread_rec r;

    if (store_thread_same_msgid(tx, store_hash(id), &same, err) < 0)
        return -1;
    for (size_t i = 0; i < same.n; i++) {
        int rc = store_thread_live(tx, same.v[i].id, &r, err);
        if (rc < 0)
            return -1;
        if (rc > 0 && moxd_str_eq(moxd_str(r.msgid, r.msgid_n), id))
            op->v[op->n++] = same.v[i].id;
    }
    return 0;
}

int store_op_by_message_id(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_op_ids *op = arg;
    struct moxd_buf id = MOXD_BUF_INIT(MOXD_MSGID_MAX);

    op->v = moxd_arena_calloc(op->arena, STORE_SAME_MSGID_MAX, sizeof(*op->v));
    op->n = 0;
    moxd_msgid_normalise(&id, moxd_msgid_of(op->message_id));
    int rc = id.n == 0 ? 0 : find_same(tx, op, moxd_buf_str(&id), err);
    moxd_buf_fini(&id);
    return rc;
}

/* --- changing ---------------------------------------------------------------------------------- */

/* A message and all below it, found in the order of ids: parents mostly come first. */
struct below {
    struct store_tx *tx;
    uint64_t top;
    uint64_t *ids;           /* ascending */
    size_t n;
    struct moxd_err *err;
};

static int by_id(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static bool is_below(const struct below *b, const struct store_thread_rec *r)
{
    for (unsigned i = 0; i < r->n; i++)
        if (r->v[i] == b->top ||
            (b->n > 0 && bsearch(&r->v[i], b->ids, b->n, sizeof(*b->ids), by_id) != NULL))
            return true;
    return false;
}

static int set_one(struct store_tx *tx, uint64_t id, struct store_thread_rec *r,
                   const struct store_op_thread_set *op, struct moxd_err *err)
{
    unsigned flags = (r->flags & ~op->mask) | (op->state & op->mask);
    uint32_t mailbox, uid;

    if (flags == r->flags)
        return 0;
    r->flags = flags;
    if (store_thread_put(tx, id, r, err) < 0)
        return -1;
    int rc = store_msg_find(tx, id, &mailbox, &uid, err);
    if (rc <= 0)
        return rc < 0 ? -1 : store_corrupt(tx, "thread of a message that is not there", err);
    struct store_change *c = store_tx_change(tx, STORE_CHANGE_THREAD);
    c->mailbox = mailbox;
    c->uid = uid;
    c->id = id;
    c->modseq = store_tx_modseq(tx);
    c->flags = flags & STORE_THREAD_STATES;
    return 0;
}

/* Those that are to be changed, with the top one. */
static int gather(struct below *b, const struct store_thread_rec *top)
{
    struct store_thread_rec r;
    uint64_t *ids;
    size_t n;

    if (store_thread_members(b->tx, top, &ids, &n, b->err) < 0)
        return -1;
    b->ids = moxd_arena_calloc(b->tx->arena, n, sizeof(*b->ids));
    for (size_t i = 0; i < n; i++) {
        int rc = store_thread_get(b->tx, ids[i], &r, b->err);
        if (rc <= 0)
            return rc < 0 ? -1 : store_corrupt(b->tx, "member of a thread", b->err);
        if (ids[i] == b->top || is_below(b, &r))
            b->ids[b->n++] = ids[i];
    }
    return 0;
}

static int set_below(struct store_tx *tx, uint64_t id, struct store_op_thread_set *op,
                     struct moxd_err *err)
{
    struct below b = { .tx = tx, .top = id, .err = err };
    struct store_thread_rec r;
    int rc = store_thread_live(tx, id, &r, err);

    if (rc <= 0)
        return rc;
    if (r.thread == 0)
        return set_one(tx, id, &r, op, err);
    if (gather(&b, &r) < 0)
        return -1;
    for (size_t i = 0; i < b.n; i++)
        if (store_thread_get(tx, b.ids[i], &r, err) < 0 || set_one(tx, b.ids[i], &r, op, err) < 0)
            return -1;
    return 0;
}

int store_op_thread_set(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_op_thread_set *op = arg;

    for (size_t i = 0; i < op->n; i++)
        if (set_below(tx, op->ids[i], op, err) < 0)
            return -1;
    return 0;
}
