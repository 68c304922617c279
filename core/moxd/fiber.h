/* Fibers: straight-line code on one event loop.
 *
 * A fiber runs until it calls a function marked MOXD_SUSPENDS; then others run. All fibers and all
 * module code (but offloaded functions and transact hooks) run on the loop's thread, so nothing
 * between two suspensions needs a lock. After a suspension, look things up again.
 *
 * Every wait has a deadline (monotonic ns, moxd_deadline(); MOXD_NEVER for none) and returns one of
 * the results below. Cancellation is sticky: once a fiber is cancelled, every further wait returns
 * MOXD_CANCELLED at once, so code unwinds by returning; MOXD_CLEANUP frees. Stacks are 256 KiB of
 * virtual memory with a guard page: no big frames, no deep recursion, deep library code is
 * offloaded (moxd/offload.h). */
#ifndef MOXD_FIBER_H
#define MOXD_FIBER_H

#include <moxd/base.h>
#include <moxd/clock.h>

/* Results of every wait. Streams add more (moxd/stream.h). */
enum moxd_wait {
    MOXD_OK = 0,
    MOXD_TIMEOUT = -1,   /* the deadline passed */
    MOXD_CANCELLED = -2, /* this fiber was cancelled */
    MOXD_CLOSED = -3,    /* the other side is gone: end of stream, queue closed */
};
const char *moxd_wait_name(int result); /* "ok", "timeout", "cancelled", "closed", ... */

/* Names a fiber for ever: a finished fiber's id is never valid again. */
struct moxd_fid {
    uint32_t slot;
    uint32_t gen; /* 0: no fiber */
};
#define MOXD_NO_FIBER ((struct moxd_fid){ 0, 0 })

/* Starts a fiber; it first runs in the next round of the loop. `name` must outlive it (a literal).
 * Loop thread only. Never fails (aborts when address space is out; callers limit their number). */
struct moxd_fid moxd_fiber_spawn(const char *name, void (*fn)(void *arg), void *arg);
struct moxd_fid moxd_fiber_self(void); /* MOXD_NO_FIBER outside of a fiber */
bool moxd_fiber_alive(struct moxd_fid f);
/* Cancels; false when it is gone already. Its current and all later waits return MOXD_CANCELLED. */
bool moxd_fiber_cancel(struct moxd_fid f);
bool moxd_fiber_cancelled(void); /* whether the running fiber is cancelled */
/* Waits until it has finished (MOXD_OK, also when it is gone already). */
int moxd_fiber_join(struct moxd_fid id, int64_t deadline) MOXD_SUSPENDS;
/* While > 0, cancellation of the running fiber is held back: for clean-up that must wait. */
void moxd_fiber_shield(void);
void moxd_fiber_unshield(void);
/* Puts a ceiling on the deadline of every wait of the running fiber until it is restored; returns
 * the previous ceiling. For hook timeouts. A wait that ends by it returns MOXD_TIMEOUT. */
int64_t moxd_fiber_ceiling(int64_t deadline);
/* Core's: where the running fiber keeps its innermost struct moxd_hook_trace (moxd/hook_trace.h); NULL outside of
 * fibers. */
void **moxd_fiber_hook_trace(void);
/* Lets the others run once. MOXD_OK or MOXD_CANCELLED. */
int moxd_yield(void) MOXD_SUSPENDS;
int moxd_sleep(int64_t ns) MOXD_SUSPENDS;
/* Gives untouched-again stack pages back to the system; for fibers that are about to be idle long. */
void moxd_fiber_trim(void);

/* Between these two the running fiber must not suspend: moxd_assert in the switch, every build. */
void moxd_nosuspend_begin(void);
void moxd_nosuspend_end(void);

/* Wakes a fiber that is parked in moxd_park or moxd_stream_wait; else remembered once, so that its
 * next such wait returns at once. Loop thread only. Everything else ignores pokes. */
void moxd_poke(struct moxd_fid id);
/* Waits for a poke: MOXD_OK, MOXD_TIMEOUT, MOXD_CANCELLED. */
int moxd_park(int64_t deadline) MOXD_SUSPENDS;

/* FIFO queue of waiting fibers. Zero-initialized is empty. Always wait in a loop on a condition. */
struct moxd_waiter;
struct moxd_waitq {
    struct moxd_waiter *head, *tail;
};
int moxd_waitq_wait(struct moxd_waitq *q, int64_t deadline) MOXD_SUSPENDS;
bool moxd_waitq_wake(struct moxd_waitq *q);     /* the first; false when none waits */
void moxd_waitq_wake_all(struct moxd_waitq *q);

/* A fair lock on the loop: FIFO, shared or exclusive; a waiting writer stops later readers.
 * Zero-initialized is free. Not recursive. */
struct moxd_fifolock {
    struct moxd_waitq q;
    unsigned readers, waiting;
    bool writer;
};
int moxd_fifolock_shared(struct moxd_fifolock *l, int64_t deadline) MOXD_SUSPENDS;
int moxd_fifolock_exclusive(struct moxd_fifolock *l, int64_t deadline) MOXD_SUSPENDS;
void moxd_fifolock_release(struct moxd_fifolock *l); /* whichever kind is held */

/* Waits until fd is readable/writable: > 0 bit set of MOXD_FD_READ/WRITE, or a result < 0. */
enum { MOXD_FD_READ = 1, MOXD_FD_WRITE = 2 };
int moxd_wait_fd(int fd, int events, int64_t deadline) MOXD_SUSPENDS;

/* Counters for metrics and tests. */
struct moxd_fiber_stats {
    unsigned live, ready;
    uint64_t spawned, switches;
};
void moxd_fiber_stats(struct moxd_fiber_stats *st);

#endif
