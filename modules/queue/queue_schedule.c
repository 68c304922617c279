#include "queue_schedule.h"

/* Up to 1/16 more or less, so that what was queued together does not come together for ever. */
static int64_t jitter(int64_t interval, unsigned attempts, uint64_t message)
{
    uint64_t mixed = (message + attempts) * UINT64_C(0x9e3779b97f4a7c15);
    int64_t part = (int64_t)(mixed >> 48) - 0x8000; /* -2^15 to 2^15 */

    return interval / 16 * part / 0x8000;
}

int64_t queue_schedule_next(const struct queue_schedule *s, int64_t since, int64_t now,
                            unsigned attempts, uint64_t message)
{
    size_t i = attempts > 0 ? attempts - 1 : 0;
    int64_t interval = s->intervals[i < s->n ? i : s->n - 1];
    int64_t end = since + s->give_up;

    if (now >= end)
        return 0;
    int64_t next = now + interval + jitter(interval, attempts, message);
    return next < end ? next : end;
}
