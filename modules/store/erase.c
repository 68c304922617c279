/* Erasing what is left of expunged messages: first the files, then the records that remember them, so
 * that a crash in between is made good at the next opening of the account. */
#include "store.h"

#include <stdlib.h>

enum { ERASE_PORTION = 200 };

struct portion {
    struct store_account *acc;
    uint64_t ids[ERASE_PORTION];
    size_t n;
};

static int remove_files(void *arg, struct moxd_err *err)
{
    struct portion *p = arg;

    for (size_t i = 0; i < p->n; i++)
        if (store_file_remove(p->acc->s->env, p->acc->id, p->ids[i], err) < 0)
            return -1;
    return 0;
}

/* Takes from the end of the queue. */
static void take(struct portion *p)
{
    struct store_account *acc = p->acc;

    p->n = acc->nerase < ERASE_PORTION ? acc->nerase : ERASE_PORTION;
    acc->nerase -= p->n;
    memcpy(p->ids, acc->erase + acc->nerase, p->n * sizeof(*p->ids));
}

static int erase_portion(struct portion *p, struct moxd_err *err)
{
    struct store_op_erase op = { p->ids, p->n };

    if (store_offload(MOXD_LANE_FSYNC, remove_files, p, err) < 0)
        return -1;
    return store_write_soon(p->acc, store_op_erase, &op, err);
}

static void erase_main(void *arg)
{
    struct store_account *acc = arg;
    struct store *s = acc->s;
    struct portion p = { .acc = acc };
    struct moxd_err err = { 0 };

    while (acc->nerase > 0 && !s->stopping && !acc->removed) {
        take(&p);
        if (erase_portion(&p, &err) < 0) {
            if (!acc->removed)
                moxd_warn(&s->m.log, "erasing expunged messages", moxd_kvs("account", acc->name),
                          moxd_kve(&err));
            break; /* what is left is tried again when the account is next opened */
        }
    }
    acc->nerase = 0;
    acc->erasing = false;
    store_account_close(acc);
    store_spawn_ended(s);
}

void store_erase_later(struct store_account *acc, const uint64_t *ids, size_t n)
{
    if (n == 0 || acc->removed || acc->s->stopping)
        return;
    if (acc->erase_cap < acc->nerase + n) {
        acc->erase_cap = 2 * (acc->nerase + n);
        acc->erase = moxd_xreallocarray(acc->erase, acc->erase_cap, sizeof(*acc->erase));
    }
    memcpy(acc->erase + acc->nerase, ids, n * sizeof(*ids));
    acc->nerase += n;
    if (acc->erasing)
        return;
    acc->erasing = true;
    (void)store_account_ref(acc);
    store_spawn(acc->s, "store-erase", erase_main, acc);
}
