/* Rules by which new recipients are put on hold (QUEUE-12). */
#ifndef QUEUE_HOLD_H
#define QUEUE_HOLD_H

#include "queue.h"

struct queue_rule {
    uint64_t id;
    const char *account, *from, *to; /* as in struct queue_filter; all NULL: everything */
};
/* Reads them, at the start. */
int queue_rules_load(struct queue *q, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Durable on return; the id of the new one. */
int queue_rule_add(struct queue *q, const struct queue_rule *rule, uint64_t *id,
                   struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
int queue_rule_remove(struct queue *q, uint64_t id,
                      struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
bool queue_rules_hold(const struct queue *q, const struct queue_message *msg,
                      const struct queue_item *item);

#endif
