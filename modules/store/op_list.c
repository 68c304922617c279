/* Lists of mailboxes and subscriptions. */
#include "ops.h"

#include <stdlib.h>

struct listing {
    struct store_tx *tx;
    struct moxd_arena *arena;
    uint32_t *ids;
    size_t n, cap;
    struct moxd_err *err;
};

static int mailbox_id(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct listing *l = arg;

    (void)key;
    if (val.n != 4)
        return store_corrupt(l->tx, "mailbox name", l->err);
    uint32_t *id = moxd_arena_push(l->tx->arena, &l->ids, &l->n, &l->cap, sizeof(*id));
    *id = moxd_get_be32(val.p);
    return 0;
}

static int show(struct store_tx *tx, struct store_box *box, struct moxd_arena *a,
                struct store_mailbox *out, struct moxd_err *err)
{
    bool on = false; /* a viewer's subscriptions are not here */
    if (tx->viewer == 0 && store_subscribed(tx, box->r.name, &on, err) < 0)
        return -1;
    return store_box_show(tx, box, on, a, out, err);
}

/* By the index of names, so that they come sorted. */
int store_op_mailboxes(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_op_mailboxes *op = arg;
    struct listing l = { .tx = tx, .err = err };
    struct store_key all = store_key_table(STORE_T_NAME);
    struct store_box box;

    op->v = NULL;
    op->n = op->cap = 0;
    if (store_scan(tx, &all, store_key_str(&all), mailbox_id, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++) {
        struct store_mailbox *m = moxd_arena_push(op->arena, &op->v, &op->n, &op->cap, sizeof(*m));
        if (store_box_load(tx, l.ids[i], &box, err) < 0 || show(tx, &box, op->arena, m, err) < 0)
            return -1;
    }
    return 0;
}

int store_op_mailbox(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_op_mailbox *op = arg;
    struct store_box box;
    int rc = op->id != 0 ? store_box_load(tx, op->id, &box, err)
                         : store_box_by_name(tx, op->name, &box, err);

    return rc < 0 ? -1 : show(tx, &box, op->arena, op->out, err);
}

static int subscription(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct store_op_subscriptions *op = arg;
    const char **name = moxd_arena_push(op->arena, &op->v, &op->n, &op->cap, sizeof(*name));

    (void)val;
    *name = moxd_arena_cstr(op->arena, moxd_str_from(key, 1));
    return 0;
}

int store_op_subscriptions(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_op_subscriptions *op = arg;
    struct store_key all = store_key_table(STORE_T_SUBSCRIPTION);

    op->v = NULL;
    op->n = op->cap = 0;
    return store_scan(tx, &all, store_key_str(&all), subscription, op, err) < 0 ? -1 : 0;
}
