#include "loop/loop_priv.h"

#include "event_anchor.h"
#include "fiber/fiber_priv.h"
#include "loop/timers.h"
#include "loop/watchdog.h"
#include "offload/lane.h"

#include <ev.h>
#include <moxd/crash.h>
#include <signal.h>

static struct {
    struct ev_loop *ev;
    ev_timer timer; /* for the earliest deadline */
    ev_idle nowait; /* active: the coming poll must not block */
    int64_t armed;  /* deadline that `timer` stands for */
    bool in_ev;     /* inside ev_run */
    bool stop;
} lp;

static __thread bool on_loop;

struct ev_loop *moxd_loop_ev(void)
{
    return lp.ev;
}

bool moxd_on_loop(void)
{
    return on_loop;
}

static void on_timer(struct ev_loop *ev, ev_timer *w, int events)
{
    (void)ev, (void)w, (void)events; /* it only ends the poll; the heap knows what is due */
    lp.armed = MOXD_NEVER;
}

static void on_nowait(struct ev_loop *ev, ev_idle *w, int events)
{
    (void)ev, (void)w, (void)events;
}

static void before_poll(struct ev_loop *ev)
{
    (void)ev;
    core_watchdog_idle();
}

static void after_poll(struct ev_loop *ev)
{
    (void)ev;
    core_watchdog_busy();
}

void moxd_loop_init(void)
{
    const char *intruder = moxd_event_intruder();

    moxd_assert(lp.ev == NULL);
    if (intruder != NULL)
        moxd_panic("libunbound would get the event functions of %s: it needs libevent's", intruder);
    signal(SIGPIPE, SIG_IGN);
    moxd_crash_thread();
    lp.ev = ev_loop_new(EVFLAG_AUTO | EVFLAG_NOENV);
    if (lp.ev == NULL)
        moxd_panic("no event loop: the system offers neither epoll nor poll");
    on_loop = true;
    lp.armed = MOXD_NEVER;
    lp.stop = false;
    ev_timer_init(&lp.timer, on_timer, 0., 0.);
    ev_idle_init(&lp.nowait, on_nowait);
    ev_set_loop_release_cb(lp.ev, before_poll, after_poll);
    core_posts_init();
    core_sched_init();
    core_lanes_init();
}

void core_loop_kick(void)
{
    if (lp.in_ev)
        ev_idle_start(lp.ev, &lp.nowait);
}

static void arm(void)
{
    int64_t next = core_timers_next();

    if (next == lp.armed)
        return;
    ev_timer_stop(lp.ev, &lp.timer);
    lp.armed = next;
    if (next == MOXD_NEVER)
        return;
    int64_t left = next - moxd_mono();
    ev_now_update(lp.ev);
    ev_timer_set(&lp.timer, left > 0 ? (double)left / (double)MOXD_SEC : 0., 0.);
    ev_timer_start(lp.ev, &lp.timer);
}

void core_loop_earlier(void)
{
    if (lp.in_ev)
        arm();
}

/* Nothing that is ready, or due, waits for a poll that blocks. The clock is read again for `due`,
 * since tests step it. */
static bool must_not_block(void)
{
    return lp.stop || core_sched_ready() > 0 || core_sched_live() + core_lanes_busy() == 0 ||
           core_timers_next() <= moxd_mono();
}

static void turn(void)
{
    core_sched_run();
    core_lanes_flush();
    arm();
    lp.in_ev = true;
    ev_run(lp.ev, must_not_block() ? EVRUN_NOWAIT : EVRUN_ONCE);
    lp.in_ev = false;
    ev_idle_stop(lp.ev, &lp.nowait);
    core_timers_expire(moxd_mono());
}

static bool finished(void)
{
    return lp.stop || (core_sched_live() == 0 && core_lanes_busy() == 0 && !core_posts_pending());
}

void moxd_loop_run(void)
{
    moxd_assert(on_loop && !lp.in_ev && core_self() == NULL);
    core_watchdog_start();
    while (!finished())
        turn();
    core_watchdog_stop();
    core_lanes_wait();
    lp.stop = false;
}

void moxd_loop_stop(void)
{
    moxd_assert(on_loop);
    lp.stop = true;
}

void moxd_loop_fini(void)
{
    moxd_assert(on_loop);
    core_lanes_fini();
    core_signals_fini();
    core_posts_fini();
    core_sched_fini();
    core_timers_fini();
    ev_timer_stop(lp.ev, &lp.timer);
    ev_loop_destroy(lp.ev);
    lp.ev = NULL;
    on_loop = false;
}

struct main_call {
    void (*fn)(void *arg);
    void *arg;
};

static void main_fiber(void *arg)
{
    struct main_call *call = arg;

    call->fn(call->arg);
    core_sched_cancel_all();
}

void moxd_loop_main(void (*main_fn)(void *), void *arg)
{
    struct main_call call = { main_fn, arg };

    moxd_loop_init();
    moxd_fiber_spawn("main", main_fiber, &call);
    moxd_loop_run();
    moxd_loop_fini();
}
