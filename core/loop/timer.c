#include "loop/timers.h"

#include <moxd/loop.h>
#include <stdlib.h>

struct moxd_timer {
    struct core_timer t;
    void (*fn)(void *arg);
    void *arg;
};

static void fire(struct core_timer *t)
{
    struct moxd_timer *timer = MOXD_CONTAINER(t, struct moxd_timer, t);

    timer->fn(timer->arg);
}

struct moxd_timer *moxd_timer_new(void (*fn)(void *arg), void *arg)
{
    struct moxd_timer *timer = moxd_xcalloc(1, sizeof(*timer));

    *timer =
        (struct moxd_timer){ .t = { .deadline = MOXD_NEVER, .fire = fire }, .fn = fn, .arg = arg };
    return timer;
}

void moxd_timer_free(struct moxd_timer *t)
{
    if (t == NULL)
        return;
    core_timer_fini(&t->t);
    free(t);
}

void moxd_timer_set(struct moxd_timer *t, int64_t deadline)
{
    moxd_assert(moxd_on_loop());
    core_timer_set(&t->t, deadline);
}
