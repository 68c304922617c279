/* Copying and moving messages to another mailbox of the account. */
#include "ops.h"
#include "parsed.h"
#include "recipients.h"
#include "thread.h"
#include "viewer.h"

/* --- finding what is to be copied -------------------------------------------------------------- */

static int source(void *arg, uint32_t uid, const struct store_rec *rec)
{
    struct store_op_copy *op = arg;
    struct store_op_source *s =
        moxd_arena_push(op->arena, &op->src, &op->nsrc, &op->src_cap, sizeof(*s));

    *s = (struct store_op_source){ .uid = uid, .id = rec->id, .where = rec->where };
    return 0;
}

int store_op_copy_find(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_op_copy *op = arg;
    struct store_box box;

    op->src = NULL;
    op->nsrc = op->src_cap = 0;
    if (store_box_load(tx, op->dst, &box, err) < 0 ||
        store_box_load(tx, op->mailbox, &box, err) < 0)
        return -1;
    return store_msg_scan(tx, op->mailbox, op->uids, source, op, err) < 0 ? -1 : 0;
}

/* --- copying ----------------------------------------------------------------------------------- */

/* A body in the database is shared: only that is noted. A file has another name already; what is in front
 * of it is short. */
static int copy_data(struct store_tx *tx, const struct store_rec *rec, uint64_t new_id,
                     struct moxd_err *err)
{
    struct store_key shared = store_key_shared(store_rec_body(rec), new_id);
    struct store_key from = store_key_u64(STORE_T_DATA, rec->id);
    struct store_key to = store_key_u64(STORE_T_DATA, new_id);
    struct moxd_str val;

    if (rec->where == STORE_IN_DB)
        return store_put(tx, &shared, MOXD_STR(""), err);
    if (rec->prefix == 0)
        return 0;
    int rc = store_get(tx, &from, &val, err);
    if (rc <= 0)
        return rc < 0 ? -1 : store_corrupt(tx, "body of a message is missing", err);
    return store_put(tx, &to, val, err);
}

struct copying {
    struct store_op_copy *op;
    struct store_box src, dst;
    bool same; /* one mailbox: dst only is used and written */
};

static int load_both(struct store_tx *tx, struct copying *c, struct moxd_err *err)
{
    c->op->v = NULL;
    c->op->n = c->op->cap = 0;
    c->same = c->op->mailbox == c->op->dst;
    if (store_box_load(tx, c->op->dst, &c->dst, err) < 0)
        return -1;
    return store_box_load(tx, c->op->mailbox, &c->src, err);
}

static void note(struct store_op_copy *op, uint32_t src, uint32_t dst)
{
    struct store_copied *p = moxd_arena_push(op->arena, &op->v, &op->n, &op->cap, sizeof(*p));
    *p = (struct store_copied){ src, dst };
}

/* From one mailbox for sent messages to another: it was noted before. */
static int came_in(struct store_tx *tx, const struct store_box *src, const struct store_box *dst,
                   uint32_t uid, int64_t received, struct moxd_err *err)
{
    if (src->r.special_use & STORE_USE_SENT)
        return 0;
    return store_recipients_note_stored(tx, dst, uid, received, err);
}

static int copy_one(struct store_tx *tx, struct copying *c, const struct store_op_source *s,
                    struct moxd_err *err)
{
    struct store_rec rec;
    struct moxd_str thread;
    uint32_t uid = c->dst.r.uidnext;
    int rc = store_msg_get(tx, c->op->mailbox, s->uid, &rec, err);

    if (rc <= 0) /* expunged since it was found */
        return rc;
    moxd_assert(rec.id == s->id);
    if (store_quota_check(&tx->meta, c->op->quota, rec.size, err) < 0 ||
        copy_data(tx, &rec, s->new_id, err) < 0 ||
        store_thread_copy(tx, s->id, s->new_id, rec.received, &thread, err) < 0 ||
        store_msg_translate(tx, &c->src, &c->dst, &rec, err) < 0)
        return -1;
    struct store_copy_origin of = { rec.id, rec.reject };
    struct store_origin origin = { "copy", &of };
    rec.copy_of = store_rec_emailid(&rec);
    rec.body = rec.where == STORE_IN_DB ? store_rec_body(&rec) : 0;
    rec.id = s->new_id;
    rec.saved = moxd_wall();
    store_msg_leave(&rec, &c->src, &c->dst);
    if (store_parsed_copy(tx, (struct store_place){ c->op->mailbox, s->uid },
                          (struct store_place){ c->op->dst, uid }, err) < 0 ||
        store_msg_insert(tx, &c->dst, &rec, thread, origin, &uid, err) < 0 ||
        came_in(tx, &c->src, &c->dst, uid, rec.received, err) < 0 ||
        store_seen_copy(tx, c->same ? &c->dst : &c->src, s->uid, &c->dst, uid, err) < 0)
        return -1;
    note(c->op, s->uid, uid);
    return 0;
}

int store_op_copy(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct copying c = { .op = arg };

    if (load_both(tx, &c, err) < 0)
        return -1;
    for (size_t i = 0; i < c.op->nsrc; i++)
        if (copy_one(tx, &c, &c.op->src[i], err) < 0)
            return -1;
    c.op->modseq = tx->modseq;
    return c.op->n == 0 ? 0 : store_box_save(tx, &c.dst, err);
}

/* --- moving ------------------------------------------------------------------------------------ */

/* Into the same mailbox too (RFC 6851 3.3): the messages get new UIDs at its end, which portions do not
 * visit. */
int store_op_move(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct copying c = { .op = arg };
    uint32_t uid;
    int rc;

    if (load_both(tx, &c, err) < 0)
        return -1;
    struct store_box *src = c.same ? &c.dst : &c.src;
    struct store_portion *it = store_portion_new(tx, src, c.op->uids);
    while ((rc = store_portion_next(tx, it, err)) > 0)
        for (size_t i = 0; i < it->n; i++) {
            if (store_msg_move(tx, src, &c.dst, it->uid[i], &it->rec[i], &uid, err) < 0 ||
                came_in(tx, src, &c.dst, uid, it->rec[i].received, err) < 0)
                return -1;
            note(c.op, it->uid[i], uid);
        }
    c.op->modseq = tx->modseq != 0 ? tx->modseq : tx->meta.modseq;
    if (rc < 0 || c.op->n == 0)
        return rc;
    if (!c.same && store_box_save(tx, &c.src, err) < 0)
        return -1;
    return store_box_save(tx, &c.dst, err);
}
