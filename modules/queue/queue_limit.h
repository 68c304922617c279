/* What an account may send in 24 hours (ACCT-10 to 12). */
#ifndef QUEUE_LIMIT_H
#define QUEUE_LIMIT_H

#include "queue.h"

struct queue_limits {
    uint64_t messages, first_time; /* 0: no limit */
};
/* Of the account; nothing for the server's own mail. On the loop. */
struct queue_limits queue_limits_of(struct queue *q, const char *account);
/* In the transaction that adds: counts n recipients. LIMIT, 451 4.7.28, naming the directive. */
int queue_limit_count(const struct store_v1 *store, struct store_tx *tx, const char *account,
                      const struct queue_limits *limits, const struct queue_item *items, size_t n,
                      struct moxd_err *err);

#endif
