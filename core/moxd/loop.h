/* The event loop: one per process for now, run by moxd, by moxctl and by test programs. */
#ifndef MOXD_LOOP_H
#define MOXD_LOOP_H

#include <moxd/err.h>
#include <moxd/fiber.h>

struct ev_loop;

/* Sets up the loop, fibers and worker lanes of this process (once). Ignores SIGPIPE, installs an
 * alternate signal stack for crash reports. Aborts when libunbound got libev's event functions. */
void moxd_loop_init(void);
/* Runs until moxd_loop_stop or until the last fiber ended. Waits for offloaded jobs. */
void moxd_loop_run(void);
void moxd_loop_stop(void);
/* Stops workers and frees; every fiber must have ended (asserted in sanitizer builds). */
void moxd_loop_fini(void);
struct ev_loop *moxd_loop_ev(void); /* for code that drives a library on the loop */
bool moxd_on_loop(void);            /* whether this is the loop's thread */
/* For tests: init, run main_fn(arg) as a fiber until it returns, fini. */
void moxd_loop_main(void (*main_fn)(void *), void *arg);

/* Runs fn(post) on the loop soon; from any thread. Storage is the caller's until fn was called.
 * fn runs on the loop's stack: it may wake and spawn fibers, never wait. */
struct moxd_post {
    struct moxd_post *next;
    void (*fn)(struct moxd_post *post);
};
void moxd_loop_post(struct moxd_post *post);

/* A timer whose callback runs on the loop's stack (wake or spawn fibers, never wait). */
struct moxd_timer;
struct moxd_timer *moxd_timer_new(void (*fn)(void *arg), void *arg);
void moxd_timer_free(struct moxd_timer *t);
void moxd_timer_set(struct moxd_timer *t, int64_t deadline); /* MOXD_NEVER: off */

/* Calls fn in a fiber of its own for each delivery of the signal (coalesced). */
void moxd_on_signal(int signo, void (*fn)(void *arg), void *arg);

#endif
