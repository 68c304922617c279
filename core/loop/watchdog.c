/* The watchdog counts its own looks rather than reading a clock: when the whole process was stopped
 * (debugger, SIGSTOP, suspended machine) it was stopped too, and accuses nobody. */
#include "loop/watchdog.h"

#include "loop/loop_priv.h"
#include "loop/report.h"
#include "offload/lane.h"

#include <errno.h>
#include <moxd/crash.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum {
    LOOK_NS = 500 * 1000 * 1000,
    LOOKS_PER_SECOND = CORE_WATCHDOG_LOOKS_PER_SECOND,
    REPORT_LOOKS = 2,
    DIE_LOOKS = 60,
    ASK_SIGNAL = CORE_WATCHDOG_SIGNAL,
};

static struct {
    atomic_ulong turn;    /* odd: the loop runs; even: it polls */
    atomic_uint stuck;    /* looks without a turn */
    atomic_bool answered; /* the loop's thread has reported */
    pthread_t thread, loop;
    pthread_mutex_t mu;
    pthread_cond_t cond;
    bool stop;
    unsigned report, die;
} wd = { .mu = PTHREAD_MUTEX_INITIALIZER, .report = REPORT_LOOKS, .die = DIE_LOOKS };

void moxd_watchdog_limits(unsigned report, unsigned die)
{
    moxd_assert(report > 0 && die > report);
    wd.report = report;
    wd.die = die;
}

void core_watchdog_idle(void)
{
    atomic_fetch_add_explicit(&wd.turn, 1, memory_order_relaxed);
}

void core_watchdog_busy(void)
{
    atomic_fetch_add_explicit(&wd.turn, 1, memory_order_relaxed);
}

static void say(const char *text, unsigned looks, bool backtrace)
{
    struct core_report r = { .n = 0 };

    core_report_adds(&r, "l=error m=\"");
    core_report_adds(&r, text);
    core_report_adds(&r, "\" seconds=");
    core_report_addu(&r, looks / LOOKS_PER_SECOND);
    core_report_write(&r, backtrace);
}

/* On the thread that is asked, which alone knows where it is. */
static void on_ask(int signo)
{
    int saved = errno;

    (void)signo;
    if (moxd_on_loop()) {
        say("loop does not turn", atomic_load(&wd.stuck), true);
        atomic_store(&wd.answered, true);
    } else {
        core_worker_report();
    }
    errno = saved;
}

static void install_ask(void)
{
    struct sigaction sa = { .sa_handler = on_ask, .sa_flags = SA_RESTART | SA_ONSTACK };

    sigemptyset(&sa.sa_mask);
    sigaction(ASK_SIGNAL, &sa, NULL);
}

/* Aborts on the loop's thread, so that the crash report shows it; if it cannot even do that (it
 * sleeps in the kernel), from here. */
static void die(unsigned over)
{
    if (over == 0) {
        say("loop does not turn, aborting", atomic_load(&wd.stuck), false);
        pthread_kill(wd.loop, SIGABRT);
    } else if (over >= 2 * LOOKS_PER_SECOND) {
        abort();
    }
}

static void act(unsigned stuck)
{
    if (stuck == wd.report) {
        atomic_store(&wd.answered, false);
        pthread_kill(wd.loop, ASK_SIGNAL);
    } else if (stuck == wd.report + 1 && !atomic_load(&wd.answered)) {
        say("loop does not turn, its thread does not answer", stuck, false);
    }
    if (stuck >= wd.die)
        die(stuck - wd.die);
}

static void look(unsigned long *last)
{
    unsigned long turn = atomic_load_explicit(&wd.turn, memory_order_relaxed);
    unsigned stuck = atomic_load(&wd.stuck);

    if (turn % 2 == 1 && turn == *last) {
        atomic_store(&wd.stuck, ++stuck);
        act(stuck);
        return;
    }
    if (stuck >= wd.report)
        say("loop turns again", stuck, false);
    atomic_store(&wd.stuck, 0);
    *last = turn;
}

static bool wait_a_look(void)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += LOOK_NS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&wd.mu);
    while (!wd.stop && pthread_cond_timedwait(&wd.cond, &wd.mu, &until) == 0)
        ;
    bool stop = wd.stop;
    pthread_mutex_unlock(&wd.mu);
    return !stop;
}

static void *watch(void *arg)
{
    unsigned long last = 0;

    (void)arg;
    pthread_setname_np(pthread_self(), "moxd-watchdog");
    core_signals_block();
    moxd_crash_thread();
    while (wait_a_look()) {
        look(&last);
        core_workers_look();
    }
    return NULL;
}

void core_watchdog_start(void)
{
    pthread_condattr_t attr;

    core_report_prepare();
    install_ask();
    wd.loop = pthread_self();
    wd.stop = false;
    atomic_store(&wd.turn, 1);
    atomic_store(&wd.stuck, 0);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&wd.cond, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&wd.thread, NULL, watch, NULL) != 0)
        moxd_panic("cannot start the watchdog thread");
}

void core_watchdog_stop(void)
{
    pthread_mutex_lock(&wd.mu);
    wd.stop = true;
    pthread_cond_signal(&wd.cond);
    pthread_mutex_unlock(&wd.mu);
    pthread_join(wd.thread, NULL);
    pthread_cond_destroy(&wd.cond);
}
