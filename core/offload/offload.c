#include "fiber/fiber_priv.h"
#include "offload/lane.h"

/* On the stack of the fiber that waits: it lives until the job is back. */
struct call {
    struct moxd_job job;
    void (*fn)(void *arg);
    void *arg;
    struct core_fiber *f;
    atomic_bool abandon;
};

static void run_call(struct moxd_job *job)
{
    struct call *c = MOXD_CONTAINER(job, struct call, job);

    c->fn(c->arg);
}

static void call_done(struct moxd_job *job)
{
    core_wake(MOXD_CONTAINER(job, struct call, job)->f);
}

int moxd_offload(enum moxd_lane lane, void (*fn)(void *arg), void *arg)
{
    struct call c = {
        .job = { .fn = run_call, .done = call_done },
        .fn = fn,
        .arg = arg,
        .f = core_self_checked(),
    };

    atomic_init(&c.abandon, moxd_fiber_cancelled());
    core_lane_add(lane, &c.job, &c.abandon);
    core_wait_job(&c.abandon);
    return moxd_fiber_cancelled() ? MOXD_CANCELLED : MOXD_OK;
}
