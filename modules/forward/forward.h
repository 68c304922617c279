/* Inside of the forward module. */
#ifndef FORWARD_H
#define FORWARD_H

#include <moxd/arc.h>
#include <moxd/module.h>
#include <moxd/queue.h>
#include <moxd/smtp.h>

enum { FORWARD_TO_MAX = 10 /* addresses that an address is forwarded to: a list is an alias */ };

/* domains.conf: address "x" { forward { } } */
struct forward_conf {
    struct moxd_conf_head head;
    struct moxd_strings to;
    bool keep_copy, unauthenticated;
};
extern const struct moxd_block forward_block;

struct forward {
    struct moxd_instance m;
    const struct smtp_v1 *smtp;
    const struct queue_v1 *queue;
    const struct arc_v1 *arc; /* or NULL: nothing is sealed */
    struct moxd_instance *queue_self, *arc_self;
    struct moxd_metric_handle *forwarded;
};

/* forward_may.c: why the copy stays here, a word for the log and metrics; NULL: it may be forwarded. */
const char *forward_may(const struct forward *f, const struct smtp_copy *ev, bool unauthenticated);

enum moxd_verdict forward_on_deliver(struct moxd_instance *m, const struct smtp_copy *ev,
                                     struct smtp_handing *handing) MOXD_SUSPENDS;

#endif
