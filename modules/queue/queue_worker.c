/* A worker: one connection to a destination, used for one message after the other. */
#include "queue_job.h"

enum { RECORDING_MAX = 200 };    /* results that are on their way to the disk */
#define KEEP_OPEN (2 * MOXD_SEC) /* a connection, for a message that may come */

void queue_session_close(struct queue *q, struct queue_session *s)
{
    if (s->s)
        q->client->close(s->s);
    moxd_arena_free(s->arena);
    *s = (struct queue_session){ 0 };
}

/* One that is left alone costs no connection. */
static void wait_pause(struct queue_dest *d, struct queue_session *s)
{
    struct queue *q = d->q;
    int64_t until = d->pause_until;

    queue_session_close(q, s);
    q->workers--;
    while (d->pause_until == until && moxd_mono() < until && !q->draining)
        if (moxd_sleep(until - moxd_mono()) == MOXD_CANCELLED)
            break;
    q->workers++;
    if (d->pause_until == until)
        d->pause_until = 0;
}

/* Whether there is more to do. Who waits with an open connection keeps nobody else from having one. */
static bool wait_more(struct queue_dest *d, const struct queue_session *s)
{
    struct queue *q = d->q;

    if (d->n > 0)
        return true;
    if (!s->s || q->draining || q->idle >= (unsigned)q->conf->connections)
        return false;
    d->idle++;
    q->idle++;
    q->workers--;
    queue_dest_feed(q);
    (void)moxd_waitq_wait(&d->more, moxd_deadline(KEEP_OPEN));
    q->workers++;
    q->idle--;
    d->idle--;
    return d->n > 0;
}

/* What happened is recorded, also when the server stops meanwhile. A delivery that was broken off by that is none. */
static void record(struct queue_job *job)
{
    bool stopped = moxd_fiber_cancelled();

    for (size_t i = 0; i < job->n; i++)
        job->verdicts[i].aborted = stopped && !job->verdicts[i].ok && job->verdicts[i].reply.ours;
    moxd_fiber_shield();
    queue_results(job);
    moxd_fiber_unshield();
}

/* What else waits for a destination that cannot be reached at all need not find that out by itself. */
static void share(const struct queue_job *job)
{
    struct queue_dest *d = job->dest;
    size_t n = d->n;

    while (n > 0 && d->n > 0 && !moxd_fiber_cancelled()) {
        struct queue_job *other = queue_job_take(d);
        if (!other)
            continue;
        n -= other->n < n ? other->n : n;
        other->host = job->host;
        other->facts = job->facts;
        other->no_host = true;
        queue_job_all(other, &job->verdicts[0].reply);
        record(other);
        queue_job_free(other);
    }
}

static bool unreachable(const struct queue_job *job)
{
    const struct queue_verdict *v = &job->verdicts[0];

    return job->no_host && !v->ok && !v->aborted && !v->reply.permanent &&
           v->reply.stage == SMTPCLIENT_CONNECT && job->items[0].requiretls != QUEUE_TLS_REQUIRED;
}

/* The next message need not wait until what became of this one is on disk. */
static void recorder(void *arg)
{
    struct queue_job *job = arg;
    struct queue *q = job->q;

    record(job);
    queue_job_free(job);
    q->recording--;
}

static bool all_ok(const struct queue_job *job)
{
    for (size_t i = 0; i < job->n; i++)
        if (!job->verdicts[i].ok)
            return false;
    return true;
}

static void work(struct queue_job *job, struct queue_session *s)
{
    struct queue *q = job->q;

    queue_deliver(job, s);
    if (all_ok(job) && q->recording < RECORDING_MAX) {
        queue_dest_success(job->dest);
        job->dest = NULL; /* which may be gone before */
        q->recording++;
        (void)moxd_module_spawn(&q->m, "queue-record", recorder, job);
        return;
    }
    record(job);
    if (unreachable(job))
        share(job);
    queue_job_free(job);
}

void queue_worker(void *arg)
{
    struct queue_dest *d = arg;
    struct queue *q = d->q;
    struct queue_session s = { 0 };

    d->starting--;
    while (!moxd_fiber_cancelled() && !q->draining && wait_more(d, &s)) {
        if (d->pause_until != 0) {
            if (d->workers > 1)
                break;
            wait_pause(d, &s);
            continue;
        }
        struct queue_job *job = queue_job_take(d);
        if (job)
            work(job, &s);
    }
    queue_session_close(q, &s);
    queue_dest_ended(d);
}
