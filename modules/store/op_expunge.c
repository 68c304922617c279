/* Expunging messages; erasing them later, when nobody reads them any more. */
#include "ops.h"

int store_op_expunge(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_op_expunge *op = arg;
    struct store_uidset out = { 0 };
    struct store_box box;
    int rc;

    if (store_box_load(tx, op->mailbox, &box, err) < 0)
        return -1;
    struct store_portion *it = store_portion_new(tx, &box, op->uids);
    while (box.r.deleted > 0 && (rc = store_portion_next(tx, it, err)) != 0) {
        for (size_t i = 0; rc > 0 && i < it->n; i++) {
            if ((it->rec[i].flags & STORE_DELETED) == 0)
                continue;
            if (store_msg_expunge(tx, &box, it->uid[i], &it->rec[i], err) < 0)
                return -1;
            store_uidset_add(&out, op->arena, it->uid[i]);
        }
        if (rc < 0)
            return -1;
    }
    op->out = store_uidset_uids(&out);
    op->modseq = tx->modseq != 0 ? tx->modseq : tx->meta.modseq;
    return out.n == 0 ? 0 : store_box_save(tx, &box, err);
}

int store_op_erase(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_op_erase *op = arg;

    for (size_t i = 0; i < op->n; i++) {
        struct store_key mark = store_key_u64(STORE_T_ERASE, op->ids[i]);
        struct store_key data = store_key_u64(STORE_T_DATA, op->ids[i]);
        struct store_key notes = store_key_u64(STORE_T_NOTE, op->ids[i]);
        if (store_del(tx, &mark, err) < 0 || store_del(tx, &data, err) < 0 ||
            store_clear(tx, &notes, err) < 0)
            return -1;
    }
    return 0;
}

struct erasable {
    struct store_tx *tx;
    struct store_op_erasable *op;
    struct moxd_err *err;
};

static int erasable(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct erasable *e = arg;
    struct store_op_erasable *op = e->op;
    struct store_erase r;

    if (key.n != 9 || store_erase_decode(val, &r) < 0)
        return store_corrupt(e->tx, "record of an expunged message", e->err);
    uint64_t *id = moxd_arena_push(op->arena, &op->ids, &op->n, &op->cap, sizeof(*id));
    *id = moxd_get_be64(key.p + 1);
    enum store_where *where =
        moxd_arena_push(op->arena, &op->where, &op->where_n, &op->where_cap, sizeof(*where));
    *where = r.where;
    return 0;
}

int store_op_erasable(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_op_erasable *op = arg;
    struct erasable e = { tx, op, err };
    struct store_key all = store_key_table(STORE_T_ERASE);

    op->ids = NULL;
    op->where = NULL;
    op->n = op->cap = op->where_n = op->where_cap = 0;
    return store_scan(tx, &all, store_key_str(&all), erasable, &e, err) < 0 ? -1 : 0;
}
