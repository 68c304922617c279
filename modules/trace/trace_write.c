/* Writing what waits, and forgetting what is old: a fiber of its own, in small transactions of the server's database, so
 * that nobody else waits for long. What a crash takes is what was told in the last seconds. */
#include "trace.h"

#define WRITE_AFTER                                                                                \
    (2 * MOXD_SEC) /* what is told in between is written together, with one flush of the log */
#define PRUNE_EVERY (60 * MOXD_SEC)
#define AFTER_FAILURE (30 * MOXD_SEC)
enum { PRUNE_BATCH = 200 };

struct batch {
    struct trace *t;
    struct trace_part v[TRACE_BATCH];
    size_t n;
    struct trace_total total; /* result */
};

static int op_write(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct batch *b = arg;

    for (size_t i = 0; i < b->n; i++) {
        struct moxd_err damaged = { 0 };
        if (trace_write_part(b->t->store, tx, &b->v[i], &damaged) == 0)
            continue;
        if (damaged.kind == MOXD_ERR_CORRUPT)
            continue;
        if (err)
            *err = damaged;
        return -1;
    }
    return trace_get_total(b->t->store, tx, &b->total, err);
}

static void tell(struct trace *t, const struct trace_total *total)
{
    moxd_metric_set(t->size, NULL, NULL, (double)total->bytes);
    moxd_metric_set(t->messages, NULL, NULL, (double)total->count);
}

static int write_batch(struct batch *b, struct moxd_err *err) MOXD_SUSPENDS;
static int write_batch(struct batch *b, struct moxd_err *err)
{
    struct trace *t = b->t;
    int rc = t->store->transact(t->store_self, NULL, op_write, b, err);

    if (rc == 0)
        tell(t, &b->total);
    for (size_t i = 0; i < b->n; i++)
        moxd_buf_fini(&b->v[i].steps);
    return rc;
}

int trace_flush(struct trace *t, bool all, struct moxd_err *err)
{
    struct batch *b = moxd_xcalloc(1, sizeof(*b));
    int rc = 0;

    b->t = t;
    if (moxd_fifolock_exclusive(&t->writing, MOXD_NEVER) != MOXD_OK) {
        moxd_freep(&b);
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    }
    while (rc == 0 && (b->n = trace_pending_take(t, all, b->v, TRACE_BATCH)) > 0)
        rc = write_batch(b, err);
    moxd_fifolock_release(&t->writing);
    moxd_freep(&b);
    return rc;
}

/* --- forgetting -------------------------------------------------------------------------------- */

struct pruning {
    struct trace *t;
    size_t removed;
    struct trace_total total;
};

static int op_prune(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct pruning *p = arg;
    const struct trace_conf *conf = p->t->conf;

    return trace_prune(p->t->store, tx, moxd_wall() - conf->keep, (uint64_t)conf->max_size,
                       PRUNE_BATCH, &p->removed, err) < 0
               ? -1
               : trace_get_total(p->t->store, tx, &p->total, err);
}

static int prune(struct trace *t, struct moxd_err *err) MOXD_SUSPENDS;
static int prune(struct trace *t, struct moxd_err *err)
{
    struct pruning p = { .t = t };

    size_t n = 0;

    do {
        p.removed = 0;
        if (t->store->transact(t->store_self, NULL, op_prune, &p, err) < 0)
            return -1;
        tell(t, &p.total);
        n += p.removed;
    } while (p.removed == PRUNE_BATCH && !moxd_fiber_cancelled());
    if (n > 0)
        moxd_debug(&t->m.log, "traces forgotten", moxd_kvu("messages", n),
                   moxd_kvu("left", p.total.count));
    return 0;
}

static bool due(struct trace *t, int64_t pruned)
{
    double size = moxd_metric_get(t->size, NULL, NULL);

    return pruned == 0 || size > (double)t->conf->max_size || moxd_mono() - pruned > PRUNE_EVERY;
}

void trace_writer(void *arg)
{
    struct trace *t = arg;
    int64_t pruned = 0;

    while (!moxd_fiber_cancelled()) {
        struct moxd_err err = { 0 };
        int rc = trace_flush(t, false, &err);
        if (rc == 0 && due(t, pruned)) {
            rc = prune(t, &err);
            pruned = moxd_mono();
        }
        if (rc < 0 && !moxd_fiber_cancelled())
            moxd_warn(&t->m.log, "writing traces", moxd_kve(&err));
        if (t->npending == 0)
            (void)moxd_park(moxd_deadline(PRUNE_EVERY));
        (void)moxd_sleep(rc < 0 ? AFTER_FAILURE : WRITE_AFTER);
    }
}
