/* Signatures (dkim/1) of what the queue itself lets go: notifications, and what was held. */
#ifndef QUEUE_SIGN_H
#define QUEUE_SIGN_H

#include "queue_job.h"

/* The DKIM-Signature fields of a message, by the domain of its From, or the next one above that is ours and signs; they
 * go before its header. header: all of it, with its blank line, as the draft begins with it. *fields is empty when no
 * domain signs, or there is no dkim/1. -1 as dkim_v1.sign. */
int queue_sign(struct queue *q, struct moxd_str header, struct store_draft *draft,
               struct moxd_arena *a, struct moxd_str *fields,
               struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Mail of users that was held (FUTURERELEASE) is signed when it is sent, with the keys of that day: signed at its
 * submission it might have expired, and the key be gone. Sets job->prefix. -1: all have a verdict, to be tried
 * again. The body is open. */
int queue_sign_held(struct queue_job *job) MOXD_CHECKED MOXD_SUSPENDS;

#endif
