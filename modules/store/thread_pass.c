/* Bringing an account up (THR-09), in portions: what each of them does in its transactions. */
#include "thread.h"

#include "message.h"

/* What stands behind a place begins with version and flags. */
static bool is_pending(struct moxd_str place)
{
    return place.n >= STORE_PLACE_SIZE + 2 &&
           (place.p[STORE_PLACE_SIZE + 1] & STORE_THREAD_PENDING) != 0;
}

/* --- FILL -------------------------------------------------------------------------------------- */

struct finding {
    struct store_tx *tx;
    struct store_op_fill *op;
    struct moxd_err *err;
};

static int find_one(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct finding *f = arg;
    struct store_op_fill *op = f->op;

    if (key.n != 9 || val.n < STORE_PLACE_SIZE)
        return store_corrupt(f->tx, "place of a message", f->err);
    uint64_t id = moxd_get_be64(key.p + 1);
    if (op->n == STORE_FILL_PORTION) {
        op->next = id;
        return 1;
    }
    if (!is_pending(val)) /* else it was added meanwhile */
        op->ids[op->n++] = id;
    return 0;
}

int store_op_fill_find(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_op_fill *op = arg;
    struct finding f = { tx, op, err };
    struct store_key all = store_key_table(STORE_T_ID);
    struct store_key from = store_key_u64(STORE_T_ID, tx->meta.thread_from);

    op->n = 0;
    op->next = 0;
    op->from = tx->meta.thread_from;
    return store_scan(tx, &from, store_key_str(&all), find_one, &f, err) < 0 ? -1 : 0;
}

static int fill_one(struct store_tx *tx, uint64_t id, const struct store_head *head,
                    struct moxd_err *err)
{
    struct store_thread_rec old = { 0 }, now;
    struct store_rec rec;
    uint32_t mailbox, uid;
    int rc = store_msg_by_id(tx, id, &mailbox, &uid, &rec, err);

    if (rc <= 0) /* expunged meanwhile */
        return rc;
    if (store_thread_get(tx, id, &old, err) < 0 ||
        store_thread_remove(tx, id, rec.received, err) < 0 ||
        store_thread_add(tx, id, rec.received, head, true, &now, err) < 0)
        return -1;
    now.flags |= old.flags & (STORE_THREAD_MUTED | STORE_THREAD_COLLAPSED);
    return store_thread_put(tx, id, &now, err);
}

int store_op_fill(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_op_fill *op = arg;

    /* Somebody else was here, or added something behind: looked at anew. */
    op->wrote = tx->meta.thread_pass == STORE_THREADS_FILL && tx->meta.thread_from == op->from;
    if (!op->wrote)
        return 0;
    for (size_t i = 0; i < op->n; i++)
        if (fill_one(tx, op->ids[i], &op->heads[i], err) < 0)
            return -1;
    tx->meta.thread_from = op->next;
    if (op->next == 0)
        tx->meta.thread_pass = STORE_THREADS_LINK;
    return 0;
}

/* --- LINK -------------------------------------------------------------------------------------- */

struct pending {
    struct store_tx *tx;
    uint64_t ids[STORE_LINK_PORTION];
    size_t n, looked;
    uint64_t next;           /* 0: that was all */
    struct moxd_err *err;
};

static int find_pending(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct pending *p = arg;

    if (key.n != 9 || val.n < STORE_PLACE_SIZE)
        return store_corrupt(p->tx, "place of a message", p->err);
    uint64_t id = moxd_get_be64(key.p + 1);
    if (p->n == STORE_LINK_PORTION || p->looked++ == STORE_LINK_LOOK) {
        p->next = id;
        return 1;
    }
    if (is_pending(val))
        p->ids[p->n++] = id;
    return 0;
}

int store_op_link(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_op_link *op = arg;
    struct store_key all = store_key_table(STORE_T_ID);
    struct store_key from = store_key_u64(STORE_T_ID, tx->meta.thread_from);
    struct pending p = { .tx = tx, .err = err };

    op->n = 0;
    if (tx->meta.thread_pass == STORE_THREADS_FILL || !store_threads_unfinished(&tx->meta))
        return 0;
    if (store_scan(tx, &from, store_key_str(&all), find_pending, &p, err) < 0)
        return -1;
    for (size_t i = 0; i < p.n; i++)
        if (store_thread_link(tx, p.ids[i], err) < 0)
            return -1;
    op->n = p.n;
    tx->meta.thread_from = p.next;
    if (p.next == 0)
        tx->meta.thread_pass = STORE_THREADS_DONE;
    return 0;
}

int store_op_threads_reset(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    (void)arg, (void)err;
    tx->meta.thread_pass = STORE_THREADS_FILL;
    tx->meta.thread_from = 0;
    return 0;
}
