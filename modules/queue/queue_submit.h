#ifndef QUEUE_SUBMIT_H
#define QUEUE_SUBMIT_H

#include "queue.h"

enum moxd_verdict queue_on_route(struct moxd_instance *m, const struct smtp_rcpt *ev,
                                 struct smtp_route *route);

/* What users want held, for recipients here: after local delivery has said that they exist. */
enum moxd_verdict queue_on_route_held(struct moxd_instance *m, const struct smtp_rcpt *ev,
                                      struct smtp_route *route);

#endif
