/* One transaction for what several fibers want at the same time: while one is on its way, others gather for the next. */
#ifndef QUEUE_TOGETHER_H
#define QUEUE_TOGETHER_H

#include <moxd/store.h>

struct queue_part;

/* Zero-initialized is empty. */
struct queue_together {
    struct queue_part *first, *last; /* that wait for a transaction */
    bool busy;                       /* one runs */
    struct moxd_waitq wait;
};

/* How the store runs it: store_v1.transact or store_v1.peek. */
typedef int queue_together_fn(struct moxd_instance *self, struct store_account *acc,
                              int (*fn)(struct store_tx *tx, void *arg, struct moxd_err *err),
                              void *arg, struct moxd_err *err) MOXD_SUSPENDS;

/* Runs fn in a transaction of the server, perhaps with others; `weight`: the records that it is about. Returns when
 * that is done, as `run` does. Is not broken off when the fiber is cancelled. What fn of another one says is no
 * concern of this one: then each has a transaction of its own. fn may so run more than once. */
int queue_together(struct queue_together *t, queue_together_fn *run, struct moxd_instance *store,
                   int (*fn)(struct store_tx *tx, void *arg, struct moxd_err *err), void *arg,
                   size_t weight, struct moxd_err *err) MOXD_SUSPENDS;

#endif
