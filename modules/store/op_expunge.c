/* Expunging messages. */
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
    while ((op->any || box.r.deleted > 0) && (rc = store_portion_next(tx, it, err)) != 0) {
        for (size_t i = 0; rc > 0 && i < it->n; i++) {
            if (!op->any && (it->rec[i].flags & STORE_DELETED) == 0)
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
