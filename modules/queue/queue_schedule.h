/* When a recipient is tried next, and when it is given up. Pure. */
#ifndef QUEUE_SCHEDULE_H
#define QUEUE_SCHEDULE_H

#include <moxd/base.h>

struct queue_schedule {
    const int64_t *intervals; /* ns; the last one is used again and again */
    size_t n;
    int64_t give_up; /* ns after it was queued, or released */
};
/* The time of the attempt after the attempts-th (from 1) that was at `now`, with some jitter, the same for all
 * recipients of a message; 0: there is none. Times are wall ns. There is one at the very end. */
int64_t queue_schedule_next(const struct queue_schedule *s, int64_t since, int64_t now,
                            unsigned attempts, uint64_t message);

#endif
