/* Mail of the queue for mailboxes here: notifications for our users, and what they had held. */
#ifndef QUEUE_LOCAL_H
#define QUEUE_LOCAL_H

#include "queue_job.h"

struct queue_local { /* in the arena */
    const char *account, *mailbox;
    const char *address;    /* for Delivered-To */
    const char *trace, *as; /* for the step that says so: id, and as what; or NULL */
};
/* Who has the address here, as written in RCPT TO. 1; 0: the domain is not ours, or it is a list; -1: it is ours and
 * does not take mail. */
int queue_local_find(struct queue *q, const char *address, struct moxd_arena *a,
                     struct queue_local *out, struct moxd_err *err) MOXD_CHECKED;
/* The draft into the mailbox, with Return-Path and Delivered-To before it (RFC 5321 4.4, RFC 9228). Durable on return.
 * As store_v1.add; NOTFOUND: no such account. */
int queue_local_add(struct queue *q, const char *from, const struct queue_local *to,
                    struct store_draft *draft, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Appends all of a kept body to a draft. */
int queue_local_copy(struct queue *q, struct store_body *body, struct store_draft *draft,
                     struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

/* Recipients of ours, who are in the queue because their mail was held: into their mailboxes, or those of the members of
 * a list. True: all have a verdict; false: the destination is none of ours. The body is open. */
bool queue_local_deliver(struct queue_job *job) MOXD_SUSPENDS;

#endif
