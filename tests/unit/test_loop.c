/* Posts, timers, signals, the decision to poll, reports of crashes and hangs. */
#include "in_fiber.h"

#include <dlfcn.h>
#include <ev.h>
#include <fcntl.h>
#include <moxd/crash.h>
#include <moxd/offload.h>
#include <pthread.h>
#include <stdatomic.h>

enum { POSTS = 2000, THREADS = 4 };

struct counted_post {
    struct moxd_post post;
    int number, *last;
};
static struct moxd_fid boss;
static int posts_seen;

static void on_post(struct moxd_post *post)
{
    struct counted_post *p = MOXD_CONTAINER(post, struct counted_post, post);

    ck_assert(moxd_on_loop());
    ck_assert_int_eq(p->number, *p->last + 1);
    *p->last = p->number;
    free(p);
    if (++posts_seen == POSTS * THREADS)
        moxd_poke(boss);
}

static void *post_many(void *arg)
{
    ck_assert(!moxd_on_loop());
    for (int i = 1; i <= POSTS; i++) {
        struct counted_post *p = malloc(sizeof(*p));
        *p = (struct counted_post){ .post = { .fn = on_post }, .number = i, .last = arg };
        moxd_loop_post(&p->post);
    }
    return NULL;
}

IN_FIBER(posts_arrive_in_order)
{
    pthread_t t[THREADS];
    int last[THREADS] = { 0 };

    boss = moxd_fiber_self();
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&t[i], NULL, post_many, &last[i]), 0);
    ck_assert_int_eq(moxd_park(MOXD_NEVER), MOXD_OK);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(t[i], NULL);
        ck_assert_int_eq(last[i], POSTS);
    }
}

static void poke_boss(void *arg)
{
    ck_assert(moxd_on_loop());
    ++*(int *)arg;
    moxd_poke(boss);
}

IN_FIBER(timers_fire)
{
    int fired = 0;
    struct moxd_timer *t = moxd_timer_new(poke_boss, &fired);

    boss = moxd_fiber_self();
    ck_assert_int_eq(moxd_park(0), MOXD_TIMEOUT);
    moxd_timer_set(t, moxd_deadline(3600 * MOXD_SEC));
    moxd_clock_step(3601 * MOXD_SEC);
    ck_assert_int_eq(moxd_park(MOXD_NEVER), MOXD_OK);
    ck_assert_int_eq(fired, 1);
    /* Off; then later, then earlier than before. */
    moxd_timer_set(t, moxd_deadline(0));
    moxd_timer_set(t, MOXD_NEVER);
    ck_assert_int_eq(moxd_park(moxd_deadline(MOXD_MS)), MOXD_TIMEOUT);
    moxd_timer_set(t, moxd_deadline(3600 * MOXD_SEC));
    moxd_timer_set(t, moxd_deadline(MOXD_MS));
    ck_assert_int_eq(moxd_park(MOXD_NEVER), MOXD_OK);
    ck_assert_int_eq(fired, 2);
    moxd_timer_free(t);
    moxd_timer_free(NULL);
}

struct restless {
    struct moxd_timer *t;
    int fired;
};

static void set_again(void *arg)
{
    struct restless *r = arg;

    if (++r->fired < 100)
        moxd_timer_set(r->t, 0);
    else
        moxd_poke(boss);
}

/* A timer that is always due lets the rest of the loop go on. */
IN_FIBER(timer_in_the_past)
{
    struct restless r = { .fired = 0 };

    boss = moxd_fiber_self();
    r.t = moxd_timer_new(set_again, &r);
    moxd_timer_set(r.t, 0);
    moxd_yield();
    moxd_yield();
    ck_assert_int_lt(r.fired, 100);
    ck_assert_int_eq(moxd_park(MOXD_NEVER), MOXD_OK);
    moxd_timer_free(r.t);
}

/* The heap against a sorted list: many timers set, moved and freed at random, fired in order. */
enum { TIMERS = 200 };
static int64_t due[TIMERS];
static int64_t last_due;
static int fired_count;

static void check_order(void *arg)
{
    int64_t *mine = arg;

    ck_assert(*mine >= last_due);
    last_due = *mine;
    *mine = MOXD_NEVER;
    fired_count++;
}

IN_FIBER(timers_fire_in_order)
{
    struct moxd_timer *t[TIMERS];
    unsigned rnd = 7;
    int wanted = 0;

    for (int i = 0; i < TIMERS; i++)
        t[i] = moxd_timer_new(check_order, &due[i]);
    int64_t base = moxd_deadline(3600 * MOXD_SEC);
    for (int k = 0; k < 10 * TIMERS; k++) {
        rnd = rnd * 1103515245 + 12345;
        int i = (int)(rnd >> 16) % TIMERS;
        due[i] = rnd % 7 == 0 ? MOXD_NEVER : base + (int64_t)(rnd >> 8) * MOXD_MS;
        moxd_timer_set(t[i], due[i]);
    }
    for (int i = 0; i < TIMERS; i += 10) {
        moxd_timer_free(t[i]);
        t[i] = NULL;
    }
    for (int i = 0; i < TIMERS; i++)
        wanted += t[i] != NULL && due[i] != MOXD_NEVER;
    moxd_clock_step(INT64_C(1) << 56);
    ck_assert_int_eq(moxd_park(0), MOXD_TIMEOUT);
    ck_assert_int_eq(fired_count, wanted);
    for (int i = 0; i < TIMERS; i++)
        moxd_timer_free(t[i]);
}

static void on_usr1(void *arg)
{
    ck_assert(moxd_fiber_self().gen != 0);
    moxd_yield();
    ++*(int *)arg;
    moxd_poke(boss);
}

IN_FIBER(signals_run_in_fibers)
{
    int n = 0;

    boss = moxd_fiber_self();
    moxd_on_signal(SIGUSR1, on_usr1, &n);
    for (int i = 1; i <= 3; i++) {
        raise(SIGUSR1);
        ck_assert_int_eq(moxd_park(MOXD_NEVER), MOXD_OK);
        ck_assert_int_eq(n, i);
    }
}

/* Only libmoxcore links libev (m4/moxd_libevent.m4): its functions are looked up. */
static void prepare_watcher(const char *function, ev_prepare *w)
{
    void (*fn)(struct ev_loop * ev, ev_prepare * w);

    *(void **)&fn = dlsym(RTLD_DEFAULT, function);
    ck_assert_ptr_nonnull(fn);
    fn(moxd_loop_ev(), w);
}

static int prepared;

static void wake_before_poll(struct ev_loop *ev, ev_prepare *w, int events)
{
    (void)ev, (void)w, (void)events;
    prepared++;
    moxd_poke(boss);
}

/* Woken by a watcher that runs right before the poll: the poll must not block (else this hangs). */
IN_FIBER(wake_right_before_the_poll)
{
    ev_prepare w;

    boss = moxd_fiber_self();
    ev_prepare_init(&w, wake_before_poll);
    prepare_watcher("ev_prepare_start", &w);
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(moxd_park(MOXD_NEVER), MOXD_OK);
    prepare_watcher("ev_prepare_stop", &w);
    ck_assert_int_ge(prepared, 10);
}

static void set_timer_before_poll(struct ev_loop *ev, ev_prepare *w, int events)
{
    (void)ev, (void)events;
    moxd_timer_set(w->data, moxd_deadline(MOXD_MS));
}

/* The same for a timer that is set there. */
IN_FIBER(timer_right_before_the_poll)
{
    int fired = 0;
    ev_prepare w;

    boss = moxd_fiber_self();
    ev_prepare_init(&w, set_timer_before_poll);
    w.data = moxd_timer_new(poke_boss, &fired);
    prepare_watcher("ev_prepare_start", &w);
    ck_assert_int_eq(moxd_park(MOXD_NEVER), MOXD_OK);
    prepare_watcher("ev_prepare_stop", &w);
    moxd_timer_free(w.data);
    ck_assert_int_eq(fired, 1);
}

/* Reports. The child's crash log is a pipe. */

static char report[8192];
static int log_fd;

static size_t describe(char *out, size_t cap)
{
    static const char text[] = "hook=on_test module=tested";

    if (cap < sizeof(text) - 1)
        return 0;
    memcpy(out, text, sizeof(text) - 1);
    return sizeof(text) - 1;
}

/* Runs fn as the main fiber of a child with crash reports; returns its status, fills `report`. */
static int report_of(void (*fn)(void *))
{
    int fd[2], status;
    size_t n = 0;
    ssize_t k;

    ck_assert_int_eq(pipe(fd), 0);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(STDERR_FILENO);
        log_fd = fd[1];
        moxd_crash_install(fd[1]);
        moxd_crash_describe(describe);
        moxd_loop_main(fn, NULL);
        _exit(0);
    }
    close(fd[1]);
    while ((k = read(fd[0], report + n, sizeof(report) - 1 - n)) > 0)
        n += (size_t)k;
    close(fd[0]);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return status;
}

static void fail_an_assertion(void *arg)
{
    moxd_assert(arg != NULL);
}

START_TEST(assertion_is_reported)
{
    int status = report_of(fail_an_assertion);

    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    ck_assert_ptr_nonnull(strstr(report, "m=\"crash\""));
    ck_assert_ptr_nonnull(strstr(report, "signal=SIGABRT"));
    ck_assert_ptr_nonnull(strstr(report, "fiber=\"main\""));
    ck_assert_ptr_nonnull(strstr(report, "hook=on_test module=tested"));
    ck_assert_ptr_nonnull(strchr(report, '[')); /* addresses of the backtrace */
}
END_TEST

static volatile int depth = 1 << 20; /* far more than a stack holds */

static int recurse(int n)
{
    volatile char here[512];

    here[0] = (char)n;
    return n < depth ? recurse(n + 1) + here[0] : 0;
}

static void overflow(void *arg)
{
    (void)arg;
    depth = recurse(0);
}

START_TEST(stack_overflow_is_reported)
{
    if (UNIT_ASAN || UNIT_TSAN)
        return; /* the sanitizer reports it */
    int status = report_of(overflow);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    ck_assert_ptr_nonnull(strstr(report, "signal=SIGSEGV"));
    ck_assert_ptr_nonnull(strstr(report, "reason=\"stack overflow\""));
    ck_assert_ptr_nonnull(strstr(report, "fiber=\"main\""));
}
END_TEST

/* Holds the loop until the watchdog has written what it saw; then lets it go on. */
static void hang_until_reported(void *arg)
{
    int fd[2];
    char c = ' ';

    (void)arg;
    ck_assert_int_eq(pipe2(fd, O_NONBLOCK), 0);
    moxd_crash_install(fd[1]);
    while (c != '\n') {
        if (read(fd[0], &c, 1) == 1)
            ck_assert_int_eq(write(log_fd, &c, 1), 1);
    }
    moxd_crash_install(log_fd);
}

START_TEST(hang_is_reported)
{
    int status = report_of(hang_until_reported);

    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ck_assert_ptr_nonnull(strstr(report, "loop does not turn"));
    ck_assert_ptr_nonnull(strstr(report, "fiber=\"main\""));
    ck_assert_ptr_nonnull(strstr(report, "hook=on_test"));
}
END_TEST

static void job_hangs_until_reported(void *arg)
{
    (void)arg;
    ck_assert_int_eq(moxd_offload(MOXD_LANE_FSYNC, hang_until_reported, NULL), MOXD_OK);
}

/* The loop turns meanwhile. */
START_TEST(long_jobs_are_reported)
{
    moxd_watchdog_jobs(1);
    int status = report_of(job_hangs_until_reported);

    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ck_assert_ptr_nonnull(strstr(report, "a job on a worker does not end"));
    ck_assert_ptr_nonnull(strstr(report, "lane=moxd-fsync"));
    ck_assert_ptr_null(strstr(report, "loop does not turn"));
}
END_TEST

static atomic_bool never;

static void hang_for_ever(void *arg)
{
    (void)arg;
    while (!atomic_load(&never))
        ;
}

START_TEST(long_hang_aborts)
{
    moxd_watchdog_limits(1, 2);
    int status = report_of(hang_for_ever);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    ck_assert_ptr_nonnull(strstr(report, "loop does not turn, aborting"));
    ck_assert_ptr_nonnull(strstr(report, "signal=SIGABRT"));
    ck_assert_ptr_nonnull(strstr(report, "fiber=\"main\""));
}
END_TEST

UNIT_MAIN("loop", posts_arrive_in_order, timers_fire, timer_in_the_past, timers_fire_in_order,
          signals_run_in_fibers, wake_right_before_the_poll, timer_right_before_the_poll,
          assertion_is_reported, stack_overflow_is_reported, hang_is_reported,
          long_jobs_are_reported, long_hang_aborts)
