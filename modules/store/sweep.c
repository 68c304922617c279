/* Files that a crash left: bodies whose transaction never was. Only ids that were in the making at the
 * last commit, or later ones, can be such (ids.h). */
#include "store.h"

struct sweep {
    struct store_tx *tx;
    uint64_t next;
    struct moxd_err *err;
};

static int known(struct store_tx *tx, uint64_t id, struct moxd_err *err)
{
    struct store_key place = store_key_u64(STORE_T_ID, id);
    struct store_key erase = store_key_u64(STORE_T_ERASE, id);
    struct moxd_str val;
    int rc = store_get(tx, &place, &val, err);

    return rc != 0 ? rc : store_get(tx, &erase, &val, err);
}

static int sweep_file(void *arg, uint64_t id)
{
    struct sweep *w = arg;
    int rc = known(w->tx, id, w->err);

    if (id >= w->next && id < STORE_COUNTER_MAX)
        w->next = id + 1;
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    return store_file_remove(w->tx->bt->env, w->tx->bt->id, id, w->err);
}

static int op_sweep(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct sweep w = { .tx = tx, .next = tx->meta.next_id, .err = err };

    if (store_file_each(tx->bt->env, tx->bt->id, tx->meta.low_id, sweep_file, &w, err) < 0)
        return -1;
    *(uint64_t *)arg = w.next;
    return 0;
}

int store_sweep(struct store_btree *bt, struct moxd_err *err)
{
    uint64_t next;

    if (store_tx_read(bt, op_sweep, &next, err) < 0)
        return -1;
    store_ids_raise(&bt->ids, next);
    return 0;
}
