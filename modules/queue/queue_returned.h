/* Notifications that other servers send about mail of ours (QUEUE-16, WAPI-06). */
#ifndef QUEUE_RETURNED_H
#define QUEUE_RETURNED_H

#include <moxmail/dsn.h>

#include "queue_job.h"

/* What a notification says of the recipient that it came for: the one with this address, else the only one; NULL: it
 * is not clear which. Pure. */
const struct moxd_dsn_status *queue_returned_status(const struct moxd_dsn_report *report,
                                                    const char *to);
/* What that means, as if the other server had said so to us (P-QUEUE-09). Strings in the arena. Pure. */
struct queue_verdict queue_returned_verdict(const struct moxd_dsn_status *status,
                                            struct moxd_arena *a);

moxd_on_deliver_fn queue_returned_on_deliver;

#endif
