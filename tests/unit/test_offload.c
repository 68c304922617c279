#include "in_fiber.h"

#include <errno.h>
#include <moxd/offload.h>
#include <pthread.h>
#include <stdatomic.h>

enum { FIBERS = 50, ROUNDS = 200 };

static struct moxd_fid boss;

struct sum {
    long in, out;
    bool on_loop, abandoned;
    pthread_t thread;
};

static void add_up(void *arg)
{
    struct sum *s = arg;

    s->on_loop = moxd_on_loop();
    s->abandoned = moxd_offload_abandoned();
    s->thread = pthread_self();
    for (long i = 1; i <= s->in; i++)
        s->out += i;
    errno = EXDEV;
}

IN_FIBER(runs_on_a_worker)
{
    struct sum s = { .in = 10 };

    errno = EMFILE;
    ck_assert_int_eq(moxd_offload(MOXD_LANE_CPU, add_up, &s), MOXD_OK);
    ck_assert_int_eq(errno, EMFILE);
    ck_assert_int_eq(s.out, 55);
    ck_assert(!s.on_loop && !s.abandoned);
    ck_assert(!pthread_equal(s.thread, pthread_self()));
    ck_assert(!moxd_offload_abandoned());
}

static void offload_many(void *arg)
{
    for (long i = 0; i < ROUNDS; i++) {
        struct sum s = { .in = i };
        ck_assert_int_eq(moxd_offload((enum moxd_lane)(i % MOXD_LANE_COUNT), add_up, &s), MOXD_OK);
        ck_assert_int_eq(s.out, i * (i + 1) / 2);
        ++*(int *)arg;
    }
}

IN_FIBER(many_fibers_offload)
{
    struct moxd_fid f[FIBERS];
    int done = 0;

    for (int i = 0; i < FIBERS; i++)
        f[i] = moxd_fiber_spawn("offloader", offload_many, &done);
    for (int i = 0; i < FIBERS; i++)
        moxd_fiber_join(f[i], MOXD_NEVER);
    ck_assert_int_eq(done, FIBERS * ROUNDS);
}

struct gate {
    pthread_mutex_t mu;
    pthread_cond_t cond;
    bool started, open;
    atomic_bool finished;
    int result;
};
#define GATE_INIT                                                                                  \
    {                                                                                              \
        .mu = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER, .result = 1             \
    }

static void wait_at_gate(void *arg)
{
    struct gate *g = arg;

    pthread_mutex_lock(&g->mu);
    g->started = true;
    pthread_cond_broadcast(&g->cond);
    while (!g->open)
        pthread_cond_wait(&g->cond, &g->mu);
    pthread_mutex_unlock(&g->mu);
    atomic_store(&g->finished, true);
}

static void open_gate(struct gate *g)
{
    pthread_mutex_lock(&g->mu);
    g->open = true;
    pthread_cond_broadcast(&g->cond);
    pthread_mutex_unlock(&g->mu);
}

static void offload_gate(void *arg)
{
    struct gate *g = arg;

    g->result = moxd_offload(MOXD_LANE_FSYNC, wait_at_gate, g);
    ck_assert(atomic_load(&g->finished));
}

static void settle(void)
{
    for (int i = 0; i < 5; i++)
        moxd_yield();
}

/* A cancelled fiber comes back only when fn has finished: fn may use its stack. */
IN_FIBER(cancel_waits_for_the_job)
{
    struct gate g = GATE_INIT;
    struct moxd_fid f = moxd_fiber_spawn("gate", offload_gate, &g);

    settle();
    moxd_fiber_cancel(f);
    settle();
    ck_assert(moxd_fiber_alive(f));
    open_gate(&g);
    moxd_fiber_join(f, MOXD_NEVER);
    ck_assert_int_eq(g.result, MOXD_CANCELLED);
}

static void until_abandoned(void *arg)
{
    atomic_store((atomic_bool *)arg, true);
    while (!moxd_offload_abandoned())
        ;
}

static void offload_until_abandoned(void *arg)
{
    atomic_bool started = false;

    *(int *)arg = moxd_offload(MOXD_LANE_CPU, until_abandoned, &started);
    ck_assert(atomic_load(&started));
}

IN_FIBER(job_sees_cancellation)
{
    int result = 1;
    struct moxd_fid f = moxd_fiber_spawn("abandoned", offload_until_abandoned, &result);

    settle();
    moxd_fiber_cancel(f);
    moxd_fiber_join(f, MOXD_NEVER);
    ck_assert_int_eq(result, MOXD_CANCELLED);
}

/* A fiber that is cancelled already still runs fn, which sees it from the start. */
IN_FIBER(cancelled_fiber_offloads)
{
    int result = 1;
    struct moxd_fid f = moxd_fiber_spawn("abandoned", offload_until_abandoned, &result);

    moxd_fiber_cancel(f);
    moxd_fiber_join(f, MOXD_NEVER);
    ck_assert_int_eq(result, MOXD_CANCELLED);
}

IN_FIBER(job_sees_the_ceiling)
{
    atomic_bool started = false;
    int64_t old = moxd_fiber_ceiling(moxd_deadline(MOXD_MS));

    ck_assert_int_eq(moxd_offload(MOXD_LANE_CPU, until_abandoned, &started), MOXD_OK);
    moxd_fiber_ceiling(old);
}

/* One lane is full of jobs that stand still: the others work. */
IN_FIBER(lanes_do_not_starve_each_other)
{
    struct gate g[20];
    struct moxd_fid f[20];
    struct sum s = { .in = 4 };

    for (int i = 0; i < 20; i++) {
        g[i] = (struct gate)GATE_INIT;
        f[i] = moxd_fiber_spawn("gate", offload_gate, &g[i]);
    }
    settle();
    ck_assert_int_eq(moxd_offload(MOXD_LANE_STORE, add_up, &s), MOXD_OK);
    ck_assert_int_eq(moxd_offload(MOXD_LANE_CPU, add_up, &s), MOXD_OK);
    ck_assert_int_eq(s.out, 20);
    for (int i = 0; i < 20; i++)
        open_gate(&g[i]);
    for (int i = 0; i < 20; i++)
        moxd_fiber_join(f[i], MOXD_NEVER);
}

struct plain_job {
    struct moxd_job job;
    bool ran, *all;
};

static void run_plain(struct moxd_job *job)
{
    struct plain_job *p = MOXD_CONTAINER(job, struct plain_job, job);

    ck_assert(!moxd_on_loop());
    p->ran = true;
}

static void plain_done(struct moxd_job *job)
{
    struct plain_job *p = MOXD_CONTAINER(job, struct plain_job, job);

    ck_assert(moxd_on_loop() && p->ran);
    *p->all = true;
    free(p);
    moxd_poke(boss);
}

static struct plain_job *plain_job(bool *done)
{
    struct plain_job *p = calloc(1, sizeof(*p));

    p->job.fn = run_plain;
    p->job.done = plain_done;
    p->all = done;
    return p;
}

IN_FIBER(jobs_without_fibers)
{
    bool done = false;

    boss = moxd_fiber_self();
    moxd_offload_job(MOXD_LANE_FSYNC, &plain_job(&done)->job);
    ck_assert_int_eq(moxd_park(MOXD_NEVER), MOXD_OK);
    ck_assert(done);
}

static bool late_done;

static void leave_a_job(void *arg)
{
    (void)arg;
    moxd_offload_job(MOXD_LANE_CPU, &plain_job(&late_done)->job);
}

/* The loop runs on until the last job is back, without any fiber. */
START_TEST(loop_waits_for_jobs)
{
    moxd_loop_main(leave_a_job, NULL);
    ck_assert(late_done);
}
END_TEST

static void stop_with_job(void *arg)
{
    leave_a_job(arg);
    moxd_loop_stop();
}

/* A stopped loop runs nothing more, but no job is cut off. */
START_TEST(stop_lets_jobs_finish)
{
    moxd_loop_init();
    moxd_fiber_spawn("stop", stop_with_job, NULL);
    moxd_loop_run();
    moxd_loop_run();
    ck_assert(late_done);
    moxd_loop_fini();
}
END_TEST

static void offload_once(void *arg)
{
    struct sum s = { .in = 3 };

    ck_assert_int_eq(moxd_offload(MOXD_LANE_CPU, add_up, &s), MOXD_OK);
    ++*(int *)arg;
}

/* What is submitted in one turn of the loop is one batch. */
IN_FIBER(jobs_of_a_turn_are_a_batch)
{
    struct moxd_offload_stats st;
    struct moxd_fid f[FIBERS];
    int done = 0;

    for (int i = 0; i < FIBERS; i++)
        f[i] = moxd_fiber_spawn("once", offload_once, &done);
    moxd_yield(); /* they run, */
    moxd_yield(); /* and what they want is submitted at the end of that turn */
    moxd_offload_stats(MOXD_LANE_CPU, &st);
    ck_assert_uint_eq(st.jobs, FIBERS);
    ck_assert_uint_eq(st.batches, 1);
    for (int i = 0; i < FIBERS; i++)
        moxd_fiber_join(f[i], MOXD_NEVER);
    moxd_offload_stats(MOXD_LANE_CPU, &st);
    ck_assert_uint_eq(st.busy, 0);
    ck_assert_uint_ge(st.threads, 2);
    ck_assert_int_eq(done, FIBERS);
    moxd_offload_stats(MOXD_LANE_STORE, &st);
    ck_assert_uint_eq(st.threads, 0);
}

static void count_threads(void *arg)
{
    pthread_t *t = arg;

    *t = pthread_self();
}

static void check_single_thread(void *arg)
{
    pthread_t first, t;

    (void)arg;
    ck_assert_int_eq(moxd_offload(MOXD_LANE_STORE, count_threads, &first), MOXD_OK);
    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(moxd_offload(MOXD_LANE_STORE, count_threads, &t), MOXD_OK);
        ck_assert(pthread_equal(first, t));
    }
}

START_TEST(threads_can_be_set)
{
    moxd_offload_threads(MOXD_LANE_STORE, 1);
    moxd_loop_main(check_single_thread, NULL);
}
END_TEST

UNIT_MAIN("offload", runs_on_a_worker, many_fibers_offload, cancel_waits_for_the_job,
          job_sees_cancellation, cancelled_fiber_offloads, job_sees_the_ceiling,
          lanes_do_not_starve_each_other, jobs_without_fibers, loop_waits_for_jobs,
          jobs_of_a_turn_are_a_batch, stop_lets_jobs_finish, threads_can_be_set)
