#include "offload/lane.h"

#include "loop/loop_priv.h"

#include <moxd/crash.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    STORE_THREADS = 4, /* measured best for Berkeley DB with the locks of the store */
    FSYNC_THREADS = 4, /* waits for the disk; more let the kernel merge flushes */
    LANE_THREADS_MAX = 64,
};

struct chain {
    struct moxd_job *first, **end;
    unsigned n;
};

struct lane {
    pthread_mutex_t mu;
    pthread_cond_t work;    /* a job is queued, or stop */
    pthread_cond_t drained; /* nothing queued, nobody works */
    struct moxd_job *first, **end;
    unsigned idle, working;
    bool stop;
    unsigned nthreads; /* wanted */
    unsigned started;
    pthread_t thread[LANE_THREADS_MAX];
    struct chain collected;          /* in this turn of the loop */
    struct moxd_offload_stats stats; /* of the loop's thread */
};

static struct lane lanes[MOXD_LANE_COUNT];
static unsigned wanted[MOXD_LANE_COUNT]; /* set before moxd_loop_init; 0: default */
static __thread struct moxd_job *current;

static struct core_job *job_priv(struct moxd_job *job)
{
    _Static_assert(sizeof(struct core_job) <= sizeof(job->core_private), "core_private too small");
    return (struct core_job *)(void *)job->core_private;
}

static unsigned default_threads(enum moxd_lane lane)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);

    if (lane == MOXD_LANE_STORE)
        return STORE_THREADS;
    if (lane == MOXD_LANE_FSYNC)
        return FSYNC_THREADS;
    return cpus < 2 ? 2 : cpus > LANE_THREADS_MAX ? LANE_THREADS_MAX : (unsigned)cpus;
}

static void chain_reset(struct chain *c)
{
    c->first = NULL;
    c->end = &c->first;
    c->n = 0;
}

void core_lanes_init(void)
{
    for (unsigned i = 0; i < MOXD_LANE_COUNT; i++) {
        struct lane *l = &lanes[i];

        *l = (struct lane){ .nthreads = wanted[i] > 0 ? wanted[i] : default_threads(i) };
        l->end = &l->first;
        chain_reset(&l->collected);
        pthread_mutex_init(&l->mu, NULL);
        pthread_cond_init(&l->work, NULL);
        pthread_cond_init(&l->drained, NULL);
    }
}

void moxd_offload_threads(enum moxd_lane lane, unsigned n)
{
    moxd_assert(lane < MOXD_LANE_COUNT && n > 0 && n <= LANE_THREADS_MAX);
    moxd_assert(lanes[lane].started == 0);
    wanted[lane] = lanes[lane].nthreads = n;
}

static struct moxd_job *take(struct lane *l)
{
    struct moxd_job *job = l->first;

    l->first = job->next;
    if (l->first == NULL)
        l->end = &l->first;
    return job;
}

/* After the post the job may be gone. */
static void run(struct moxd_job *job)
{
    current = job;
    core_worker_turn();
    job->fn(job);
    core_worker_turn();
    current = NULL;
    moxd_loop_post(&job_priv(job)->post);
}

/* With the mutex held. */
static void work(struct lane *l)
{
    l->working++;
    while (l->first != NULL) {
        struct moxd_job *job = take(l);

        pthread_mutex_unlock(&l->mu);
        run(job);
        pthread_mutex_lock(&l->mu);
    }
    if (--l->working == 0)
        pthread_cond_broadcast(&l->drained);
}

static void name_thread(const struct lane *l)
{
    static const char *const names[] = { "moxd-store", "moxd-fsync", "moxd-cpu" };

    _Static_assert(MOXD_NELEMS(names) == MOXD_LANE_COUNT, "a name for each lane");
    pthread_setname_np(pthread_self(), names[l - lanes]);
    core_worker_begin(names[l - lanes]);
}

static void *worker(void *arg)
{
    struct lane *l = arg;

    core_signals_block();
    name_thread(l);
    moxd_crash_thread();
    pthread_mutex_lock(&l->mu);
    while (!l->stop) {
        work(l);
        if (l->stop)
            break;
        l->idle++;
        pthread_cond_wait(&l->work, &l->mu);
        l->idle--;
    }
    pthread_mutex_unlock(&l->mu);
    return NULL;
}

/* Threads start with the first job: programs that offload nothing have none. */
static void start(struct lane *l)
{
    for (; l->started < l->nthreads; l->started++) {
        if (pthread_create(&l->thread[l->started], NULL, worker, l) == 0)
            continue;
        if (l->started == 0)
            moxd_panic("cannot start a worker thread");
        l->nthreads = l->started;
    }
}

static void submit(struct lane *l, struct chain *c)
{
    if (l->started == 0)
        start(l);
    l->stats.batches++;
    pthread_mutex_lock(&l->mu);
    *l->end = c->first;
    l->end = c->end;
    unsigned wake = c->n < l->idle ? c->n : l->idle;
    pthread_mutex_unlock(&l->mu);
    if (wake > 1 && wake == l->started)
        pthread_cond_broadcast(&l->work);
    else
        while (wake-- > 0)
            pthread_cond_signal(&l->work);
    chain_reset(c);
}

void core_lanes_flush(void)
{
    for (unsigned i = 0; i < MOXD_LANE_COUNT; i++) {
        if (lanes[i].collected.n > 0)
            submit(&lanes[i], &lanes[i].collected);
    }
}

static void on_done(struct moxd_post *post)
{
    struct core_job *priv = MOXD_CONTAINER(post, struct core_job, post);
    struct moxd_job *job = MOXD_CONTAINER((void *)priv, struct moxd_job, core_private);

    priv->stats->busy--;
    if (job->done != NULL)
        job->done(job);
}

void core_lane_add(enum moxd_lane lane, struct moxd_job *job, atomic_bool *abandon)
{
    moxd_assert(lane < MOXD_LANE_COUNT && moxd_on_loop());
    struct lane *l = &lanes[lane];
    struct chain *c = &l->collected;
    *job_priv(job) = (struct core_job){
        .post = { .fn = on_done },
        .abandon = abandon,
        .stats = &l->stats,
    };
    l->stats.jobs++;
    l->stats.busy++;
    job->next = NULL;
    *c->end = job;
    c->end = &job->next;
    c->n++;
}

void moxd_offload_job(enum moxd_lane lane, struct moxd_job *job)
{
    core_lane_add(lane, job, NULL);
}

bool moxd_offload_abandoned(void)
{
    const atomic_bool *abandon = current != NULL ? job_priv(current)->abandon : NULL;

    return abandon != NULL && atomic_load_explicit(abandon, memory_order_relaxed);
}

unsigned core_lanes_busy(void)
{
    unsigned n = 0;

    for (unsigned i = 0; i < MOXD_LANE_COUNT; i++)
        n += lanes[i].stats.busy;
    return n;
}

void moxd_offload_stats(enum moxd_lane lane, struct moxd_offload_stats *st)
{
    moxd_assert(lane < MOXD_LANE_COUNT && moxd_on_loop());
    *st = lanes[lane].stats;
    st->threads = lanes[lane].started;
}

void core_lanes_wait(void)
{
    core_lanes_flush();
    for (unsigned i = 0; i < MOXD_LANE_COUNT; i++) {
        struct lane *l = &lanes[i];

        pthread_mutex_lock(&l->mu);
        while (l->started > 0 && (l->first != NULL || l->working > 0))
            pthread_cond_wait(&l->drained, &l->mu);
        pthread_mutex_unlock(&l->mu);
    }
}

static void stop(struct lane *l)
{
    pthread_mutex_lock(&l->mu);
    l->stop = true;
    pthread_cond_broadcast(&l->work);
    pthread_mutex_unlock(&l->mu);
    for (unsigned i = 0; i < l->started; i++)
        pthread_join(l->thread[i], NULL);
    l->started = 0;
    pthread_cond_destroy(&l->work);
    pthread_cond_destroy(&l->drained);
    pthread_mutex_destroy(&l->mu);
}

void core_lanes_fini(void)
{
    core_lanes_wait();
    for (unsigned i = 0; i < MOXD_LANE_COUNT; i++)
        stop(&lanes[i]);
    core_workers_reset();
}
