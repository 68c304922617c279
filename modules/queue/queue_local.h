/* Mail of the queue for mailboxes here: notifications for our users, and what they had held. */
#ifndef QUEUE_LOCAL_H
#define QUEUE_LOCAL_H

#include "queue_job.h"

/* Whether it is an address of a mailbox here, as written in RCPT TO: 1; 0: the domain is not ours, or it is a list; -1: it
 * is ours and does not take mail. */
int queue_local_find(struct queue *q, const char *address, struct moxd_arena *a,
                     struct moxd_err *err) MOXD_CHECKED;
/* Through smtp/1: into the mailbox, or those of the members of a list, as all mail for them. */
int queue_local_give(struct queue *q, const struct smtp_given *given,
                     struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Appends all of a kept body to a draft. */
int queue_local_copy(struct queue *q, struct store_body *body, struct store_draft *draft,
                     struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

/* Recipients of ours: mail of the server itself, what is forwarded from here to here, and what was held. True: all have a verdict; false: the destination is none of ours. The body is open. */
bool queue_local_deliver(struct queue_job *job) MOXD_SUSPENDS;

#endif
