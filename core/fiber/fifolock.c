/* The lock is handed over, not thrown open: who is granted it owns it before it runs, so nobody who
 * comes later can slip in, and a fiber that is cancelled in between still gets MOXD_OK and releases. */
#include "fiber/fiber_priv.h"

struct lock_waiter {
    struct moxd_waiter w;
    bool exclusive;
    bool granted;
};

static bool can_take(const struct moxd_fifolock *l, bool exclusive)
{
    return !l->writer && !(exclusive && l->readers > 0);
}

static void take(struct moxd_fifolock *l, bool exclusive)
{
    if (exclusive)
        l->writer = true;
    else
        l->readers++;
}

/* Admits from the head of the queue whoever fits; a waiter that has given up is passed over. */
static void admit(struct moxd_fifolock *l)
{
    while (l->q.head != NULL) {
        struct lock_waiter *lw = MOXD_CONTAINER(l->q.head, struct lock_waiter, w);

        if (!can_take(l, lw->exclusive))
            return;
        core_waitq_remove(&l->q, &lw->w);
        l->waiting--;
        lw->granted = core_wake(lw->w.f);
        if (lw->granted)
            take(l, lw->exclusive);
    }
}

static int lock(struct moxd_fifolock *l, bool exclusive, int64_t deadline)
{
    struct lock_waiter lw = { .exclusive = exclusive };

    if (l->q.head == NULL && can_take(l, exclusive)) {
        if (moxd_fiber_cancelled())
            return MOXD_CANCELLED;
        take(l, exclusive);
        return MOXD_OK;
    }
    core_waitq_add(&l->q, &lw.w);
    l->waiting++;
    int r = core_wait(deadline);
    if (lw.granted)
        return MOXD_OK;
    if (lw.w.queued) {
        core_waitq_remove(&l->q, &lw.w);
        l->waiting--;
        admit(l); /* it may have stood in the way of others */
    }
    return r;
}

int moxd_fifolock_shared(struct moxd_fifolock *l, int64_t deadline)
{
    return lock(l, false, deadline);
}

int moxd_fifolock_exclusive(struct moxd_fifolock *l, int64_t deadline)
{
    return lock(l, true, deadline);
}

void moxd_fifolock_release(struct moxd_fifolock *l)
{
    moxd_assert(l->writer || l->readers > 0);
    if (l->writer)
        l->writer = false;
    else
        l->readers--;
    admit(l);
}
