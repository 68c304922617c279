/* Telling the sender what became of recipients. */
#ifndef QUEUE_DSN_H
#define QUEUE_DSN_H

#include <moxmail/dsn.h>

#include "queue.h"

struct queue_told {
    const struct queue_item *item;
    enum moxd_dsn_action action;          /* FAILED, DELAYED, DELIVERED or RELAYED */
    const struct smtpclient_reply *reply; /* NULL: none, and then: */
    const char *why;                      /* a sentence ("The administrator cancelled it."); NULL */
    const char *host;                     /* that replied; NULL */
    int64_t attempted, retry_until;       /* wall ns; 0 */
};
/* A notification about recipients of one message, all with the same action, to its sender: into the mailbox of an
 * account here, with Delivered-To, or into the queue. Durable on return. Nothing, and 0, for the null path and
 * when nobody is to be told of this message. body: the message, open; NULL: it cannot be read. TEMP, FULL: to be
 * tried again; other errors: it cannot be delivered to anybody. */
int queue_dsn_send(struct queue *q, const struct queue_message *msg, struct store_body *body,
                   const struct queue_told *v, size_t n, struct moxd_err *err) MOXD_SUSPENDS;

/* The same for a message that is not in the queue, of which the header is known. */
int queue_dsn_about(struct queue *q, const struct queue_message *msg, struct moxd_str header,
                    const struct queue_told *v, size_t n, struct moxd_err *err) MOXD_SUSPENDS;
/* queue_dsn_success.c, on_delivered: what users sent to mailboxes here, when they asked to be told (RFC 3461 5.2.4). */
void queue_dsn_on_delivered(struct moxd_instance *m, const struct smtp_message *ev);

#endif
