#include "ratelimit.h"

/* A wall clock may have been set back: then nothing turns until it is there again. */
static void turn(struct ratelimit_window *w, int64_t period, int64_t t)
{
    if (t - w->start < period)
        return;
    w->before = t - w->start < 2 * period ? w->now : 0;
    w->start += (t - w->start) / period * period;
    w->now = 0;
}

void ratelimit_window_add(struct ratelimit_window *w, int64_t period, int64_t t, uint32_t n)
{
    if (w->start == 0)
        w->start = t;
    turn(w, period, t);
    w->now = w->now < UINT32_MAX - n ? w->now + n : UINT32_MAX;
}

uint32_t ratelimit_window_count(const struct ratelimit_window *w, int64_t period, int64_t t)
{
    struct ratelimit_window at = *w;
    uint64_t left, n;

    turn(&at, period, t);
    left = (uint64_t)(t > at.start ? period - (t - at.start) : period) / (uint64_t)MOXD_MS;
    n = at.now + at.before * left / ((uint64_t)period / (uint64_t)MOXD_MS);
    return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}
