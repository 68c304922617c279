/* The fiber struct and the scheduler. Loop thread only. */
#ifndef MOXD_CORE_FIBER_PRIV_H
#define MOXD_CORE_FIBER_PRIV_H

#include "fiber/context.h"
#include "loop/timers.h"

#include <moxd/fiber.h>
#include <stdatomic.h>

enum core_fiber_state { CORE_RUNNING, CORE_READY, CORE_WAITING, CORE_ENDED };

struct core_fiber {
    struct core_ctx ctx;
    struct core_fiber *next; /* in the ready queue */
    struct moxd_fid id;
    const char *name;
    void (*fn)(void *arg);
    void *arg;
    enum core_fiber_state state;
    int result;    /* of the wait that has ended */
    bool pokeable; /* waits in a way that a poke ends */
    bool poked;    /* a poke that found it not so waiting */
    bool cancelled;
    unsigned shields;
    int64_t ceiling;
    struct core_timer timer; /* of the wait */
    atomic_bool *abandon;    /* waits for an offloaded job: tells it that nobody cares any more */
    struct moxd_waitq joiners;
    void *hook_trace; /* who watches the hooks that it runs; or NULL */
};

void core_sched_init(void);
void core_sched_fini(void);
/* Runs the fibers that are ready now, once each. */
void core_sched_run(void);
unsigned core_sched_ready(void);
unsigned core_sched_live(void);
void core_sched_cancel_all(void);

/* Ids (slots.c). */
struct moxd_fid core_slot_take(struct core_fiber *f);
void core_slot_free(struct moxd_fid id);
/* The next living fiber from *i on, which starts at 0; false past the last. */
bool core_slot_next(uint32_t *i, struct core_fiber **f);
void core_slots_fini(void);

/* The running fiber, NULL outside of fibers; or the same, asserted. */
struct core_fiber *core_self(void);
struct core_fiber *core_self_checked(void);
/* NULL when it is gone. */
struct core_fiber *core_fiber_find(struct moxd_fid id);

/* Suspends the running fiber until one of: core_wake (MOXD_OK), its deadline or ceiling
 * (MOXD_TIMEOUT), cancellation (MOXD_CANCELLED, also at once). Whatever comes first counts, the rest
 * has no effect: a wake that returned true is never lost. A deadline that has passed still lets
 * the loop poll once, so that input which is there wins. */
int core_wait(int64_t deadline) MOXD_SUSPENDS;
/* The same, ended by a poke too, which is MOXD_OK. */
int core_wait_poke(int64_t deadline) MOXD_SUSPENDS;
/* Suspends until core_wake and nothing else. *abandon is set when the fiber is cancelled or passes
 * its ceiling. */
void core_wait_job(atomic_bool *abandon) MOXD_SUSPENDS;
/* Ends a wait of the fiber; false when it is not waiting (any more). */
bool core_wake(struct core_fiber *f);

/* A place in a moxd_waitq, on the stack of the fiber that waits. */
struct moxd_waiter {
    struct moxd_waiter *next, *prev;
    struct core_fiber *f;
    bool queued;
};
void core_waitq_add(struct moxd_waitq *q, struct moxd_waiter *w); /* the running fiber */
void core_waitq_remove(struct moxd_waitq *q, struct moxd_waiter *w);

#endif
