#ifndef QUEUE_SUPPRESS_H
#define QUEUE_SUPPRESS_H

#include "queue.h"

struct queue_suppressed {
    const char *account, *address;
    int64_t since;     /* wall ns */
    uint32_t failures; /* in a row */
    bool active;       /* false: only counted so far */
    bool manual;
    const char *reason;
    /* The last failure was told in a notification, after the message had been taken: that one is taken proves nothing
     * then. How many were, since: */
    bool reported;
    uint32_t taken;
};
/* Whether such a reply says at once that the address is no good. Pure. */
bool queue_suppress_at_once(int code, const char *enhanced);
/* 1, 0, -1. */
int queue_suppress_get(const struct store_v1 *store, struct store_tx *tx, const char *account,
                       const char *address, struct moxd_arena *a, struct queue_suppressed *out,
                       struct moxd_err *err);
int queue_suppress_put(const struct store_v1 *store, struct store_tx *tx,
                       const struct queue_suppressed *s, struct moxd_arena *a,
                       struct moxd_err *err);
int queue_suppress_del(const struct store_v1 *store, struct store_tx *tx, const char *account,
                       const char *address, struct moxd_arena *a, struct moxd_err *err);
int queue_suppress_decode(struct moxd_str val, struct moxd_arena *a, struct queue_suppressed *out);

#endif
