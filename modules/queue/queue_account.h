/* What the configuration of domains and accounts means for mail that is queued already. */
#ifndef QUEUE_ACCOUNT_H
#define QUEUE_ACCOUNT_H

#include "queue_filter.h"

/* Drops what waits and forgets what left, without a word to anybody: its sender is gone. */
moxd_on_account_remove_fn queue_on_account_remove;

/* Whether the domain that the message comes from is switched off for now (P-CORE-16). */
bool queue_sender_disabled(struct queue *q, const struct queue_message *msg);

#endif
