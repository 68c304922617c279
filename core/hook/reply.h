/* Replies of refusing hooks, inside of the bus. */
#ifndef MOXD_CORE_REPLY_H
#define MOXD_CORE_REPLY_H

#include <moxd/hook.h>

/* Makes the reply complete and fitting for DEFER (4xx), DENY (5xx) or DROP (either): a code of the
 * wrong class is replaced, an enhanced code that belongs to another class too, control characters
 * become spaces. */
void core_reply_fill(struct moxd_reply *r, enum moxd_verdict v);

#endif
