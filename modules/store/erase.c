/* Erasing what is left of expunged messages: first the files, then the records that remember them, so
 * that a crash in between is made good at the next opening of the account. */
#include "store.h"

#include <stdlib.h>

/* Takes from the end of the queue. */
static void take(struct store_account *acc, struct store_op_erase *op)
{
    op->n = acc->nerase < STORE_ERASE_RECORDS ? acc->nerase : STORE_ERASE_RECORDS;
    acc->nerase -= op->n;
    memcpy(op->v, acc->erase + acc->nerase, op->n * sizeof(*op->v));
}

struct removing {
    struct store_account *acc;
    const struct store_op_erase *op;
};

static int remove_files(void *arg, struct moxd_err *err)
{
    struct removing *r = arg;

    for (size_t i = 0; i < r->op->nids; i++)
        if (store_file_remove(r->acc->s->env, r->acc->id, r->op->ids[i], err) < 0)
            return -1;
    return 0;
}

static int erase_files(struct store_account *acc, struct store_op_erase *op, struct moxd_err *err)
{
    struct removing r = { acc, op };
    bool files = false;

    for (size_t i = 0; i < op->n; i++)
        files |= op->v[i].files;
    if (!files)
        return 0;
    if (store_read(acc, store_op_erase_files, op, err) < 0)
        return -1;
    return store_offload(MOXD_LANE_FSYNC, remove_files, &r, err);
}

/* Afterwards it rests for as long as it took: nobody waits for it, and others have work to do. */
static int erase_portion(struct store_account *acc, struct store_op_erase *op, struct moxd_err *err)
{
    int64_t start = moxd_mono();

    take(acc, op);
    if (erase_files(acc, op, err) < 0 || store_write_soon(acc, store_op_erase, op, err) < 0)
        return -1;
    if (!acc->s->stopping)
        (void)moxd_sleep(moxd_mono() - start);
    return 0;
}

static void erase_main(void *arg)
{
    struct store_account *acc = arg;
    struct store *s = acc->s;
    struct store_op_erase *op = moxd_xcalloc(1, sizeof(*op));
    struct moxd_err err = { 0 };

    while (acc->nerase > 0 && !s->stopping && !acc->removed) {
        if (erase_portion(acc, op, &err) < 0) {
            if (!acc->removed)
                moxd_warn(&s->m.log, "erasing expunged messages", moxd_kvs("account", acc->name),
                          moxd_kve(&err));
            break; /* what is left is tried again when the account is next opened */
        }
    }
    acc->nerase = 0;
    acc->erasing = false;
    free(op);
    store_account_close(acc);
    store_spawn_ended(s);
}

void store_erase_later(struct store_account *acc, const struct store_erasable *v, size_t n)
{
    if (n == 0 || acc->removed || acc->s->stopping)
        return;
    if (acc->erase_cap < acc->nerase + n) {
        acc->erase_cap = 2 * (acc->nerase + n);
        acc->erase = moxd_xreallocarray(acc->erase, acc->erase_cap, sizeof(*acc->erase));
    }
    memcpy(acc->erase + acc->nerase, v, n * sizeof(*v));
    acc->nerase += n;
    if (acc->erasing)
        return;
    acc->erasing = true;
    (void)store_account_ref(acc);
    store_spawn(acc->s, "store-erase", erase_main, acc);
}
