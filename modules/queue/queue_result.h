/* Inside of what records results. */
#ifndef QUEUE_RESULT_H
#define QUEUE_RESULT_H

#include "queue_dsn.h"
#include "queue_job.h"
#include "queue_schedule.h"

struct queue_outcome_of {
    size_t i; /* index in the job */
    enum queue_outcome outcome;
    int64_t next; /* wall ns; 0: it leaves the queue */
    bool tell;    /* the sender is told, this: */
    enum moxd_dsn_action action;
    bool gone; /* it was removed meanwhile */
};
/* "delivered", "failed", ... */
const char *queue_outcome_name(enum queue_outcome outcome);

/* queue_retired.c: remembers, in a transaction, what leaves the queue (QUEUE-10). */
int queue_retire(struct queue *q, struct store_tx *tx, const struct queue_message *msg,
                 const struct queue_item *item, enum queue_outcome outcome, int64_t keep,
                 struct moxd_err *err);
/* In a transaction: it is remembered no longer; `until` is the time to which it was. */
int queue_forget(const struct store_v1 *store, struct store_tx *tx, int64_t until, uint64_t id,
                 struct moxd_err *err);
/* How long that is done for an account (NULL: the server), in ns; 0: not at all. */
int64_t queue_keep_retired(struct queue *q, const char *account);
/* Forgets those whose time has come: a fiber. */
void queue_retired_sweeper(void *arg) MOXD_SUSPENDS;

/* queue_suppress.c: what the result means for the suppression list of the account (QUEUE-18). */
int queue_suppress_record(struct queue *q, struct store_tx *tx, const struct queue_message *msg,
                          const struct queue_item *item, const struct queue_verdict *v,
                          struct moxd_err *err);
/* ... what a notification that came later means: failed, or delivered. */
int queue_suppress_reported(struct queue *q, struct store_tx *tx, const struct queue_message *msg,
                            const struct queue_item *item, const struct queue_verdict *v,
                            struct moxd_err *err);

#endif
