#include "queue_job.h"
#include "queue_suppress.h"

#include <stdlib.h>

struct taking {
    struct queue_job *job;
    uint64_t ids[QUEUE_JOB_RCPTS];
    int64_t next[QUEUE_JOB_RCPTS]; /* of those that are left for later; 0: forgotten */
    size_t n;
};

/* QUEUE-18: no attempt is made for addresses that the account does not send to any more. */
static int suppress(struct store_tx *tx, struct queue_job *job, struct moxd_err *err)
{
    struct queue_suppressed s;

    for (size_t i = 0; i < job->n && job->msg.account; i++) {
        int rc = job->items[i].attempts > 0
                     ? 0
                     : queue_suppress_get(job->q->store, tx, job->msg.account, job->items[i].to,
                                          job->arena, &s, err);
        if (rc < 0)
            return -1;
        job->verdicts[i] = (struct queue_verdict){ 0 };
        if (rc > 0 && s.active) {
            job->verdicts[i].outcome = QUEUE_SUPPRESSED;
            job->verdicts[i].reply =
                queue_reply_ours(SMTPCLIENT_CONNECT, 550, "5.1.1",
                                 "the address is on the suppression list of the account");
        }
    }
    return 0;
}

static int op_take(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct taking *t = arg;
    struct queue_job *job = t->job;
    const struct store_v1 *store = job->q->store;
    int64_t now = moxd_wall();

    job->n = 0;
    if (job->body)
        store->body_close(job->body);
    job->body = NULL;
    for (size_t i = 0; i < t->n; i++) {
        struct queue_item *item = &job->items[job->n];
        int rc = queue_get_item(store, tx, t->ids[i], job->arena, item, err);
        if (rc < 0)
            return -1;
        /* What they ask for decides which connection will do: one kind at a time. */
        if (rc > 0 && !item->hold && item->next <= now &&
            item->requiretls == job->items[0].requiretls)
            job->n++;
        else if (rc > 0 && !item->hold)
            t->next[i] = item->next;
    }
    if (job->n == 0)
        return 0;
    int rc = queue_get_message(store, tx, job->items[0].body, job->arena, &job->msg, err);
    if (rc == 0)
        return moxd_err_set(err, MOXD_ERR_CORRUPT, "a recipient in the queue has no message");
    if (rc < 0 || suppress(tx, job, err) < 0)
        return -1;
    /* One that cannot be opened is opened again, to say why. */
    (void)!store->tx_kept_open(tx, job->msg.body, &job->body, NULL);
    return 0;
}

/* Those that do not belong to it after all. */
static void let_go(struct taking *t)
{
    struct queue_job *job = t->job;

    for (size_t i = 0, k = 0; i < t->n; i++) {
        if (k < job->n && job->items[k].id == t->ids[i]) {
            k++;
            continue;
        }
        queue_idset_remove(&job->q->active, t->ids[i]);
        if (t->next[i] != 0)
            queue_schedule(job->q, t->ids[i], t->next[i]);
    }
}

static void try_later(struct taking *t, const struct moxd_err *err)
{
    enum { LATER = 60 };
    struct queue *q = t->job->q;

    moxd_error(&q->m.log, "reading the queue", moxd_kve(err));
    for (size_t i = 0; i < t->n; i++) {
        queue_idset_remove(&q->active, t->ids[i]);
        queue_schedule(q, t->ids[i], moxd_wall() + LATER * MOXD_SEC);
    }
}

static struct queue_job *job_new(struct queue *q, struct queue_dest *d, size_t n)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct queue_job *job = moxd_arena_alloc(a, sizeof(*job));

    job->q = q;
    job->dest = d;
    job->transport = d ? d->transport : NULL;
    job->arena = a;
    job->items = moxd_arena_calloc(a, n, sizeof(*job->items));
    job->verdicts = moxd_arena_calloc(a, n, sizeof(*job->verdicts));
    return job;
}

/* What is due is on disk. Should what was changed since not be yet, it was still to be delivered before: so there is no
 * reason to wait for the disk. */
struct queue_job *queue_job_take(struct queue_dest *d)
{
    struct taking t = { 0 };
    struct moxd_err err = { 0 };

    t.n = queue_dest_take(d, t.ids, QUEUE_JOB_RCPTS);
    if (t.n == 0)
        return NULL;
    t.job = job_new(d->q, d, t.n);
    if (queue_together(&d->q->taken, d->q->store->peek, d->q->store_self, op_take, &t, t.n, &err) <
        0) {
        t.job->n = 0;
        try_later(&t, &err);
    } else {
        let_go(&t);
    }
    if (t.job->n > 0) {
        t.job->start = moxd_wall();
        t.job->last_chance = t.job->start >= queue_since(&t.job->msg) + d->q->conf->give_up;
        return t.job;
    }
    queue_job_free(t.job);
    return NULL;
}

struct queue_job *queue_job_alone(struct queue *q, const struct queue_message *msg,
                                  const struct queue_item *item)
{
    struct queue_job *job = job_new(q, NULL, 1);

    job->msg = *msg;
    job->items[0] = *item;
    job->n = 1;
    job->alone = true;
    job->start = moxd_wall();
    return job;
}

void queue_job_free(struct queue_job *job)
{
    for (size_t i = 0; i < job->n && !job->alone; i++)
        queue_idset_remove(&job->q->active, job->items[i].id);
    if (job->body)
        job->q->store->body_close(job->body);
    moxd_arena_free(job->arena);
}

void queue_job_all(struct queue_job *job, const struct smtpclient_reply *reply)
{
    for (size_t i = 0; i < job->n; i++)
        if (job->verdicts[i].reply.code == 0)
            job->verdicts[i].reply = *reply;
}

static const char *copy(struct queue_job *job, const char *s)
{
    return s ? moxd_arena_strdup(job->arena, s) : NULL;
}

void queue_job_facts(struct queue_job *job, const struct smtpclient_facts *facts)
{
    struct smtpclient_facts *f = moxd_arena_dup(job->arena, facts, sizeof(*facts));

    f->tls_version = copy(job, facts->tls_version);
    f->tls_cipher = copy(job, facts->tls_cipher);
    f->tls_error = copy(job, facts->tls_error);
    job->facts = f;
}

struct smtpclient_reply queue_reply_ours(enum smtpclient_stage stage, int code,
                                         const char *enhanced, const char *text)
{
    return (struct smtpclient_reply){ .stage = stage,
                                      .code = code,
                                      .enhanced = enhanced,
                                      .text = text,
                                      .permanent = code >= 500,
                                      .ours = true };
}

struct smtpclient_reply queue_reply_err(struct queue_job *job, enum smtpclient_stage stage,
                                        const struct moxd_err *err)
{
    return queue_reply_ours(stage, moxd_err_smtp_code(err),
                            moxd_arena_strdup(job->arena, moxd_err_enhanced(err)),
                            moxd_arena_strdup(job->arena, err->priv[0] ? err->priv : err->pub));
}
