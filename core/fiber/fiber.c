#include "fiber/fiber_priv.h"
#include "fiber/stack.h"

const char *moxd_wait_name(int result)
{
    static const char *const names[] = { "ok",      "timeout",   "cancelled", "closed", "error",
                                         "toolong", "tls-error", "bad-data",  "stopped" };

    if (result >= 0)
        return names[0];
    return -result < (int)MOXD_NELEMS(names) ? names[-result] : "unknown";
}

struct moxd_fid moxd_fiber_self(void)
{
    const struct core_fiber *f = core_self();

    return f != NULL ? f->id : MOXD_NO_FIBER;
}

bool moxd_fiber_alive(struct moxd_fid f)
{
    return core_fiber_find(f) != NULL;
}

int moxd_fiber_join(struct moxd_fid id, int64_t deadline)
{
    struct core_fiber *f = core_fiber_find(id);

    moxd_assert(f == NULL || f != core_self_checked());
    if (f == NULL || f->state == CORE_ENDED)
        return MOXD_OK;
    return moxd_waitq_wait(&f->joiners, deadline);
}

void moxd_fiber_shield(void)
{
    core_self_checked()->shields++;
}

void moxd_fiber_unshield(void)
{
    struct core_fiber *f = core_self_checked();

    moxd_assert(f->shields > 0);
    f->shields--;
}

int64_t moxd_fiber_ceiling(int64_t deadline)
{
    struct core_fiber *f = core_self_checked();
    int64_t previous = f->ceiling;

    f->ceiling = deadline;
    return previous;
}

void **moxd_fiber_hook_trace(void)
{
    struct core_fiber *f = core_self();

    return f != NULL ? &f->hook_trace : NULL;
}

/* Only the ceiling may end the sleep early. */
int moxd_sleep(int64_t ns)
{
    int64_t until = moxd_deadline(ns > 0 ? ns : 0);
    int r = core_wait(until);

    return r == MOXD_TIMEOUT && until <= core_self()->ceiling ? MOXD_OK : r;
}

void moxd_fiber_trim(void)
{
    core_stack_trim(core_self_checked()->ctx.stack, __builtin_frame_address(0));
}

void moxd_poke(struct moxd_fid id)
{
    struct core_fiber *f = core_fiber_find(id);

    if (f != NULL && !(f->pokeable && core_wake(f)))
        f->poked = true;
}

int moxd_park(int64_t deadline)
{
    return core_wait_poke(deadline);
}
