/* Notifications that other servers send about mail of ours (QUEUE-16, WAPI-06). */
#ifndef QUEUE_RETURNED_H
#define QUEUE_RETURNED_H

#include <moxmail/dsn.h>

#include "queue_fromid.h"
#include "queue_job.h"
#include "queue_sentid.h"

/* A message that may be one. */
struct queue_returned {
    struct queue *q;
    const struct smtp_message *message;
    const char *account;
    struct moxd_arena *a;
    bool own; /* it came to a sender that has one recipient: */
    char fromid[QUEUE_FROMID_LEN];
    uint64_t ids[QUEUE_SENTIDS_MAX]; /* of recipients that it may be about */
    int nids;
    uint64_t id; /* the one that is looked at */
    struct moxd_dsn_report *report;
    const struct moxd_dsn_status *status;
    struct queue_verdict verdict;
    struct queue_retired r; /* as it is now; of what is in the queue without what retiring adds */
    bool retired, recorded;
    int rc; /* of reading */
    struct moxd_err err;
};

/* queue_returned_find.c */
/* Whether it looks like one, for the account. Pure. */
bool queue_returned_may_be(const struct smtp_message *msg, const char *account);
/* Reads it, and which recipients it may be about (x->ids). False: none, or that is not known. */
bool queue_returned_look(struct queue_returned *x) MOXD_SUSPENDS;
/* Adds a reference to the message that it is about, where there is none (P-SMTP-18). */
moxd_on_message_fn queue_returned_on_message;

/* What a notification says of a recipient: of the one with this address; else, when it can be about no other (`only`),
 * of the only one in it. NULL: it is not clear which. Pure. */
const struct moxd_dsn_status *queue_returned_status(const struct moxd_dsn_report *report,
                                                    const char *to, bool only);
/* What that means, as if the other server had said so to us (P-QUEUE-09). Strings in the arena. Pure. */
struct queue_verdict queue_returned_verdict(const struct moxd_dsn_status *status,
                                            struct moxd_arena *a);

moxd_on_deliver_fn queue_returned_on_deliver;

#endif
