/* Inside of the vacation module. */
#ifndef VACATION_H
#define VACATION_H

#include <moxd/accounts.h>
#include <moxd/dkim.h>
#include <moxd/module.h>
#include <moxd/queue.h>
#include <moxd/smtp.h>
#include <moxd/store.h>

enum {
    VACATION_TEXT_MAX =
        16 * 1024, /* bytes of an answer: anybody can have it sent to somebody else */
    VACATION_ADDRESSED_MAX = 300, /* addresses in To and the like that are looked at */
};

/* domains.conf: address "x" { vacation { } } */
struct vacation_conf {
    struct moxd_conf_head head;
    const char *text, *subject, *from, *until;
    int64_t days; /* ns */
};
extern const struct moxd_block vacation_block;
/* Whether the answer is to be given at that time (wall ns). */
bool vacation_active(const struct vacation_conf *conf, int64_t now);

struct vacation {
    struct moxd_instance m;
    const struct accounts_v1 *accounts;
    struct moxd_instance *accounts_self;
    const struct smtp_v1 *smtp;
    const struct store_v1 *store;
    struct moxd_instance *store_self;
    const struct queue_v1 *queue;
    struct moxd_instance *queue_self;
    const struct dkim_v1 *dkim; /* or NULL */
    struct moxd_instance *dkim_self;
    struct moxd_metric_handle *results;
};

/* What is configured, copied before anything waits; in the transaction arena. */
struct vacation_answer {
    const char *text, *subject; /* subject NULL: "Auto: " and that of the message */
    const char *to;             /* who gets it */
    int64_t days;               /* ns */
};

/* vacation_may.c: why there is no answer, a word for metrics; NULL: there is one. */
const char *vacation_may(const struct vacation *v, const struct smtp_copy *ev);
/* vacation_told.c: 1 when the sender was not told the same within the time, and is remembered now; 0; -1. */
int vacation_remember(struct vacation *v, const char *account, const struct vacation_answer *an,
                      struct moxd_err *err) MOXD_SUSPENDS;
/* vacation_reply.c: the answer into the queue. */
int vacation_reply(struct vacation *v, const struct smtp_copy *ev, const struct vacation_answer *an,
                   struct moxd_err *err) MOXD_SUSPENDS;

enum moxd_verdict vacation_on_deliver(struct moxd_instance *m, const struct smtp_copy *ev,
                                      struct smtp_handing *handing) MOXD_SUSPENDS;

#endif
