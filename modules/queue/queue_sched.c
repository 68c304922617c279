/* What is due goes to its destination. */
#include "queue.h"

#include "queue_result.h"

enum {
    BATCH = 500,        /* recipients that are read at once */
    READ_BATCH = 20000, /* at the start: the lock of the store's records is not held longer */
};

void queue_schedule(struct queue *q, uint64_t id, int64_t next)
{
    bool earlier = q->heap.n == 0 || next < q->heap.v[0].next;

    queue_heap_push(&q->heap, (struct queue_entry){ next, id });
    if (earlier)
        moxd_poke(q->scheduler);
}

/* --- at the start ------------------------------------------------------------------------------ */

struct reading {
    struct queue *q;
    struct queue_entry *v;
    size_t n;
    uint64_t from;
};

static int read_one(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct reading *r = arg;
    struct queue_due due;

    moxd_metric_inc(r->q->waiting, NULL, NULL);
    if (queue_decode_due(val, &due) == 0 && !due.hold)
        r->v[r->n++] = (struct queue_entry){ due.next, due.id };
    r->from = queue_key_id(key) + 1;
    return r->n == READ_BATCH;
}

static int op_read(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct reading *r = arg;
    struct queue_key from = queue_key(r->from);

    r->n = 0;
    return r->q->store->tx_from(tx, "queue.item", MOXD_STR(""), queue_key_str(&from), read_one, r,
                                err);
}

static int read_all(struct queue *q, struct moxd_err *err)
{
    struct reading r = { .q = q, .v = moxd_xcalloc(READ_BATCH, sizeof(*r.v)), .from = 1 };
    int rc;

    do {
        rc = q->store->view(q->store_self, NULL, op_read, &r, err);
        for (size_t i = 0; rc >= 0 && i < r.n; i++)
            queue_heap_push(&q->heap, r.v[i]);
    } while (rc > 0);
    moxd_freep(&r.v);
    return rc;
}

/* --- dispatching ------------------------------------------------------------------------------- */

struct dispatch {
    struct queue *q;
    struct moxd_arena *arena;
    uint64_t ids[BATCH];
    size_t n;
    struct queue_item *items;   /* of those that are there */
    struct queue_message *msgs; /* msgs[i] of items[i] */
    size_t nitems;
};

static int op_dispatch(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct dispatch *d = arg;
    const struct store_v1 *store = d->q->store;

    d->nitems = 0;
    for (size_t i = 0; i < d->n; i++) {
        struct queue_item *item = &d->items[d->nitems];
        struct queue_message *msg = &d->msgs[d->nitems];
        int rc = queue_get_item(store, tx, d->ids[i], d->arena, item, err);
        if (rc > 0 && d->nitems > 0 && msg[-1].body == item->body)
            *msg = msg[-1];
        else if (rc > 0)
            rc = queue_get_message(store, tx, item->body, d->arena, msg, err);
        if (rc < 0)
            return -1;
        d->nitems += rc > 0;
    }
    return 0;
}

static void collect(struct queue *q, struct dispatch *d)
{
    int64_t now = moxd_wall();
    struct queue_entry e;

    d->n = 0;
    while (d->n < BATCH && q->heap.n > 0 && q->heap.v[0].next <= now &&
           queue_heap_pop(&q->heap, &e))
        if (queue_idset_add(&q->active, e.id))
            d->ids[d->n++] = e.id;
}

/* Those that are not due any more, or on hold, rest: whoever changed that scheduled them. */
static void distribute(struct queue *q, struct dispatch *d)
{
    int64_t now = moxd_wall();

    for (size_t i = 0; i < d->nitems; i++) {
        const struct queue_item *item = &d->items[i];
        if (item->hold || item->next > now) {
            queue_idset_remove(&q->active, item->id);
            if (!item->hold)
                queue_schedule(q, item->id, item->next);
        } else {
            queue_dest_give(q, item, &d->msgs[i]);
        }
    }
}

static void forget_missing(struct queue *q, const struct dispatch *d)
{
    size_t k = 0;

    for (size_t i = 0; i < d->n; i++) {
        if (k < d->nitems && d->items[k].id == d->ids[i])
            k++;
        else
            queue_idset_remove(&q->active, d->ids[i]);
    }
}

/* When they cannot be read, they are tried again a little later. */
static void failed(struct queue *q, const struct dispatch *d, const struct moxd_err *err)
{
    enum { AGAIN = 10 };

    moxd_error(&q->m.log, "reading the queue", moxd_kve(err));
    for (size_t i = 0; i < d->n; i++) {
        queue_idset_remove(&q->active, d->ids[i]);
        queue_schedule(q, d->ids[i], moxd_wall() + AGAIN * MOXD_SEC);
    }
}

static void dispatch(struct queue *q, struct dispatch *d)
{
    struct moxd_err err = { 0 };

    collect(q, d);
    if (d->n == 0)
        return;
    d->arena = moxd_arena_new(0);
    d->items = moxd_arena_calloc(d->arena, d->n + 1, sizeof(*d->items));
    d->msgs = moxd_arena_calloc(d->arena, d->n + 1, sizeof(*d->msgs));
    if (q->store->view(q->store_self, NULL, op_dispatch, d, &err) < 0) {
        failed(q, d, &err);
    } else {
        forget_missing(q, d);
        distribute(q, d);
    }
    moxd_arena_free(d->arena);
}

/* The next time that something is due, as a deadline. */
static int64_t next_deadline(const struct queue *q)
{
    if (q->heap.n == 0)
        return MOXD_NEVER;
    int64_t wait = q->heap.v[0].next - moxd_wall();
    return moxd_deadline(wait > 0 ? wait : 0);
}

static void scheduler(void *arg)
{
    struct queue *q = arg;
    struct dispatch *d = moxd_xcalloc(1, sizeof(*d));
    struct moxd_err err = { 0 };

    int64_t start = moxd_mono();

    d->q = q;
    if (read_all(q, &err) < 0)
        moxd_error(&q->m.log, "reading the queue", moxd_kve(&err));
    moxd_info(&q->m.log, "queue read", moxd_kvu("recipients", q->heap.n),
              moxd_kvd("took", moxd_mono() - start));
    while (!moxd_fiber_cancelled() && !q->draining) {
        dispatch(q, d);
        if (moxd_park(next_deadline(q)) == MOXD_CANCELLED)
            break;
    }
    moxd_freep(&d);
}

int queue_sched_start(struct queue *q, struct moxd_err *err)
{
    (void)err;
    q->scheduler = moxd_module_spawn(&q->m, "queue-scheduler", scheduler, q);
    (void)moxd_module_spawn(&q->m, "queue-retired", queue_retired_sweeper, q);
    return 0;
}
