/* Deadlines of fibers and timers: a heap by time. Moving a deadline later, which every read of every
 * session does, is one store: the entry stays where it is and sinks when its old time comes. */
#ifndef MOXD_CORE_TIMERS_H
#define MOXD_CORE_TIMERS_H

#include <moxd/clock.h>

struct core_timer {
    int64_t deadline; /* wanted; MOXD_NEVER: off */
    int64_t at;       /* key in the heap: not later than deadline */
    size_t pos;       /* in the heap from 1; 0: not in it */
    void (*fire)(struct core_timer *t);
};

/* t->fire must be set; the rest may be zero. */
void core_timer_set(struct core_timer *t, int64_t deadline);
static inline void core_timer_off(struct core_timer *t)
{
    t->deadline = MOXD_NEVER;
}
void core_timer_fini(struct core_timer *t); /* before its memory goes */
/* The earliest time at which something may be due; MOXD_NEVER. */
int64_t core_timers_next(void);
/* Calls fire of what is due. What fire sets to a time that has passed waits for the next call. */
void core_timers_expire(int64_t now);
void core_timers_fini(void);

#endif
