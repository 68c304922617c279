#include "fiber/fiber_priv.h"

void core_waitq_add(struct moxd_waitq *q, struct moxd_waiter *w)
{
    *w = (struct moxd_waiter){ .prev = q->tail, .f = core_self_checked(), .queued = true };
    if (q->tail != NULL)
        q->tail->next = w;
    else
        q->head = w;
    q->tail = w;
}

void core_waitq_remove(struct moxd_waitq *q, struct moxd_waiter *w)
{
    if (!w->queued)
        return;
    w->queued = false;
    *(w->prev != NULL ? &w->prev->next : &q->head) = w->next;
    *(w->next != NULL ? &w->next->prev : &q->tail) = w->prev;
}

int moxd_waitq_wait(struct moxd_waitq *q, int64_t deadline)
{
    struct moxd_waiter w;

    core_waitq_add(q, &w);
    int r = core_wait(deadline);
    core_waitq_remove(q, &w);
    return r;
}

/* A waiter whose deadline has passed, but which has not run yet, does not use up the wake. */
bool moxd_waitq_wake(struct moxd_waitq *q)
{
    struct moxd_waiter *w;

    while ((w = q->head) != NULL) {
        core_waitq_remove(q, w);
        if (core_wake(w->f))
            return true;
    }
    return false;
}

void moxd_waitq_wake_all(struct moxd_waitq *q)
{
    while (moxd_waitq_wake(q))
        ;
}
