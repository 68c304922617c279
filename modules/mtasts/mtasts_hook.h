/* The hook of the queue. */
#ifndef MTASTS_HOOK_H
#define MTASTS_HOOK_H

#include "mtasts.h"

#include <moxd/queue.h>

enum moxd_verdict mtasts_on_security(struct moxd_instance *m, const struct queue_host *ev,
                                     struct queue_security *out) MOXD_SUSPENDS;

#endif
