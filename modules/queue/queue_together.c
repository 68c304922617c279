#include "queue_together.h"

enum { WEIGHT_MAX = 300 }; /* records: a transaction of a few milliseconds */

struct queue_part {
    struct queue_part *next;
    int (*fn)(struct store_tx *tx, void *arg, struct moxd_err *err);
    void *arg;
    size_t weight;
    struct moxd_err *err;
    int rc;
    bool done;
};
struct batch {
    struct queue_part *first;
};

static int op_batch(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    const struct batch *b = arg;
    int rc = 0;

    for (const struct queue_part *p = b->first; p != NULL && rc >= 0; p = p->next)
        rc = p->fn(tx, p->arg, err);
    return rc < 0 ? -1 : 0;
}

/* The next ones, as many as make a transaction of a good size. */
static struct queue_part *take(struct queue_together *t)
{
    struct queue_part *first = t->first, *last = first;
    size_t weight = first->weight;

    while (last->next != NULL && weight + last->next->weight <= WEIGHT_MAX) {
        last = last->next;
        weight += last->weight;
    }
    t->first = last->next;
    if (t->first == NULL)
        t->last = NULL;
    last->next = NULL;
    return first;
}

static void run_alone(queue_together_fn *run, struct moxd_instance *store,
                      struct queue_part *p) MOXD_SUSPENDS;
static void run_alone(queue_together_fn *run, struct moxd_instance *store, struct queue_part *p)
{
    struct batch b = { p };
    struct queue_part *next = p->next;

    p->next = NULL;
    p->rc = run(store, NULL, op_batch, &b, p->err);
    p->next = next;
}

/* The parts are on the stacks of their fibers, which wait until they are done. */
static void lead(struct queue_together *t, queue_together_fn *run,
                 struct moxd_instance *store) MOXD_SUSPENDS;
static void lead(struct queue_together *t, queue_together_fn *run, struct moxd_instance *store)
{
    struct batch b = { take(t) };
    struct moxd_err err = { 0 };

    t->busy = true;
    bool together = b.first->next != NULL && run(store, NULL, op_batch, &b, &err) == 0;
    for (struct queue_part *p = b.first; p != NULL && !together; p = p->next)
        run_alone(run, store, p);
    t->busy = false;
    for (struct queue_part *p = b.first, *next; p != NULL; p = next) {
        next = p->next;
        p->done = true;
    }
    moxd_waitq_wake_all(&t->wait);
}

int queue_together(struct queue_together *t, queue_together_fn *run, struct moxd_instance *store,
                   int (*fn)(struct store_tx *tx, void *arg, struct moxd_err *err), void *arg,
                   size_t weight, struct moxd_err *err)
{
    struct queue_part p = { .fn = fn, .arg = arg, .weight = weight, .err = err };

    moxd_fiber_shield();
    int64_t ceiling = moxd_fiber_ceiling(MOXD_NEVER);
    if (t->last != NULL)
        t->last->next = &p;
    else
        t->first = &p;
    t->last = &p;
    while (!p.done)
        if (t->busy)
            (void)moxd_waitq_wait(&t->wait, MOXD_NEVER);
        else
            lead(t, run, store);
    (void)moxd_fiber_ceiling(ceiling);
    moxd_fiber_unshield();
    return p.rc;
}
