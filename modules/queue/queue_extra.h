#ifndef QUEUE_EXTRA_H
#define QUEUE_EXTRA_H

#include "queue_api.h"
#include "queue_codec.h"

enum {
    QUEUE_EXTRA_MAX = 8192
}; /* bytes of a message's: its records have room for it beside the history */

/* In the arena; nothing for n == 0. LIMIT. */
int queue_extra_encode(const struct queue_extra *v, size_t n, struct moxd_arena *a,
                       struct moxd_str *out, struct moxd_err *err) MOXD_CHECKED;
/* How many; what is damaged ends it. In the arena. */
size_t queue_extra_decode(struct moxd_str s, struct moxd_arena *a, const struct queue_extra **out);

#endif
