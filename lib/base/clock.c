/* The two clocks, and the offset by which tests step them. */
#include <moxd/clock.h>

#include <stdatomic.h>

/* The one writable global of the library: zero outside of tests. */
static _Atomic int64_t step;

static int64_t now(clockid_t id)
{
    struct timespec ts;
    int r = clock_gettime(id, &ts);
    moxd_assert(r == 0);
    return (int64_t)ts.tv_sec * MOXD_SEC + ts.tv_nsec + atomic_load(&step);
}

int64_t moxd_wall(void)
{
    return now(CLOCK_REALTIME);
}

int64_t moxd_mono(void)
{
    return now(CLOCK_MONOTONIC);
}

int64_t moxd_deadline(int64_t ns)
{
    int64_t at;
    if (ns < 0 || __builtin_add_overflow(moxd_mono(), ns, &at))
        return MOXD_NEVER;
    return at;
}

void moxd_clock_step(int64_t ns)
{
    atomic_fetch_add(&step, ns);
}

void moxd_clock_reset(void)
{
    atomic_store(&step, 0);
}
