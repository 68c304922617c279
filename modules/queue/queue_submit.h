#ifndef QUEUE_SUBMIT_H
#define QUEUE_SUBMIT_H

#include "queue.h"

enum moxd_verdict queue_on_route(struct moxd_instance *m, const struct smtp_rcpt *ev,
                                 struct smtp_route *route);

#endif
