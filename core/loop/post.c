/* Calls from other threads: pushed to a list without locks, taken all at once by the loop. Only a
 * push to an empty list wakes the loop, so a batch costs one wake-up. */
#include "loop/loop_priv.h"

#include <ev.h>
#include <stdatomic.h>

static ev_async wakeup;
static _Atomic(struct moxd_post *) posted;

void moxd_loop_post(struct moxd_post *post)
{
    struct moxd_post *old = atomic_load_explicit(&posted, memory_order_relaxed);

    do
        post->next = old;
    while (!atomic_compare_exchange_weak_explicit(&posted, &old, post, memory_order_release,
                                                  memory_order_relaxed));
    if (old == NULL)
        ev_async_send(moxd_loop_ev(), &wakeup);
}

/* The list is newest first: turned round, the posts run in their order. */
static struct moxd_post *take_all(void)
{
    struct moxd_post *p = atomic_exchange_explicit(&posted, NULL, memory_order_acquire);
    struct moxd_post *first = NULL;

    while (p != NULL) {
        struct moxd_post *next = p->next;
        p->next = first;
        first = p;
        p = next;
    }
    return first;
}

static void on_wakeup(struct ev_loop *ev, ev_async *w, int events)
{
    struct moxd_post *p = take_all();

    (void)ev, (void)w, (void)events;
    while (p != NULL) {
        struct moxd_post *next = p->next; /* fn may free the post */
        p->fn(p);
        p = next;
    }
}

void core_posts_init(void)
{
    ev_async_init(&wakeup, on_wakeup);
    ev_async_start(moxd_loop_ev(), &wakeup);
}

bool core_posts_pending(void)
{
    return atomic_load_explicit(&posted, memory_order_relaxed) != NULL;
}

void core_posts_fini(void)
{
    ev_async_stop(moxd_loop_ev(), &wakeup);
    atomic_store(&posted, NULL);
}
