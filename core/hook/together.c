/* Hooks that run at the same time: their waits overlap, so a chain of lookups takes the time of the
 * slowest. They see the same event; none sees what another did, and none is stopped because another
 * refused: all are waited for, since the event and the chain's answer belong to who fired. */
#include "hook/firing.h"

struct together {
    const void *ev;
    int64_t outer;
    struct moxd_hook_trace *trace;
    const struct core_hook *first; /* who refused, of all that ended so far, the first in order */
    enum moxd_verdict v;
    struct moxd_reply *reply;
};
struct one {
    struct together *all;
    const struct core_hook *hook;
    struct moxd_fid fiber;
};

static void answer(struct together *all, const struct core_hook *hook, enum moxd_verdict v,
                   const struct moxd_reply *reply)
{
    if (v == MOXD_NEXT || (all->v != MOXD_NEXT && all->first < hook))
        return;
    all->first = hook;
    all->v = v;
    if (all->reply)
        *all->reply = *reply;
}

static void run(void *arg)
{
    const struct one *one = arg;
    struct core_firing f;
    struct moxd_reply reply;

    core_firing_begin(&f);
    f.hook = one->hook;
    f.now = moxd_mono();
    f.outer = one->all->outer;
    f.trace = one->all->trace;
    enum moxd_verdict v = core_hook_call(&f, one->all->ev, &reply);
    core_firing_end(&f);
    answer(one->all, one->hook, v, &reply);
}

/* MOXD_OK, or MOXD_CANCELLED at once. */
static int join(const struct one *v, size_t n)
{
    int rc = MOXD_OK;

    for (size_t i = 0; i < n && rc == MOXD_OK; i++)
        rc = moxd_fiber_join(v[i].fiber, MOXD_NEVER);
    return rc;
}

enum moxd_verdict core_hooks_call_together(struct core_firing *f, const void *ev,
                                           struct moxd_reply *out)
{
    struct together all = {
        .ev = ev, .outer = f->outer, .trace = f->trace, .first = f->hook, .reply = out
    };
    struct one v[CORE_TOGETHER_MAX];
    size_t n = f->hook->together;

    moxd_assert(n <= MOXD_NELEMS(v));
    (void)moxd_fiber_ceiling(MOXD_NEVER);
    for (size_t i = 0; i < n; i++) {
        v[i] = (struct one){ .all = &all, .hook = f->hook + i };
        v[i].fiber = moxd_fiber_spawn("hook", run, &v[i]);
    }
    if (join(v, n) != MOXD_OK) {
        for (size_t i = 0; i < n; i++)
            (void)moxd_fiber_cancel(v[i].fiber);
        moxd_fiber_shield();
        (void)join(v, n);
        moxd_fiber_unshield();
    }
    f->now = moxd_mono();
    f->hook = all.first;
    return all.v;
}
