/* What came of an attempt: told to the sender first, then recorded, then told to hooks. A crash in between tells the
 * sender twice, never not at all. */
#include "queue_explain.h"
#include "queue_extra.h"
#include "queue_offers.h"

#include <stdlib.h>

static const char *const outcome_names[] = {
    [QUEUE_DELIVERED] = "delivered", [QUEUE_RELAYED] = "relayed",
    [QUEUE_DELAYED] = "delayed",     [QUEUE_RETRY] = "retry",
    [QUEUE_FAILED] = "failed",       [QUEUE_SUPPRESSED] = "suppressed",
    [QUEUE_CANCELLED] = "cancelled", [QUEUE_EXPANDED] = "expanded",
};

const char *queue_outcome_name(enum queue_outcome outcome)
{
    return outcome_names[outcome];
}

/* --- what it means ----------------------------------------------------------------------------- */

/* RFC 3461 4.1: without NOTIFY failures and delays are told. */
static bool wants(const struct queue_item *item, const char *what)
{
    struct moxd_str rest = moxd_cstr(item->notify ? item->notify : "FAILURE,DELAY");

    while (rest.n > 0)
        if (moxd_str_caseeqs(moxd_str_cut(&rest, ','), what))
            return true;
    return false;
}

static bool delayed(const struct queue *q, const struct queue_message *msg,
                    const struct queue_item *item, int64_t now)
{
    return q->conf->delay_notice > 0 && !item->delay_told &&
           now - queue_since(msg) >= q->conf->delay_notice;
}

static struct queue_schedule schedule_of(const struct queue *q)
{
    return (struct queue_schedule){ q->intervals, q->conf->retry.n, q->conf->give_up };
}

static void decide(struct queue_job *job, size_t i, struct queue_outcome_of *o)
{
    struct queue *q = job->q;
    struct queue_schedule s = schedule_of(q);
    const struct queue_item *item = &job->items[i];
    const struct queue_verdict *v = &job->verdicts[i];
    int64_t now = moxd_wall();

    *o = (struct queue_outcome_of){ .i = i };
    if (v->ok) {
        bool unreported = wants(item, "SUCCESS") && !(job->facts && job->facts->dsn);
        o->outcome = unreported && !v->in_mailbox ? QUEUE_RELAYED : QUEUE_DELIVERED;
        o->tell = unreported;
        o->action = v->in_mailbox ? MOXD_DSN_DELIVERED : MOXD_DSN_RELAYED;
        return;
    }
    if (!v->reply.permanent)
        o->next =
            queue_schedule_next(&s, queue_since(&job->msg), now, item->attempts + 1, job->msg.body);
    if (o->next != 0) {
        bool late = delayed(q, &job->msg, item, now);
        o->outcome = late ? QUEUE_DELAYED : QUEUE_RETRY;
        o->tell = late && wants(item, "DELAY");
        o->action = MOXD_DSN_DELAYED;
        return;
    }
    o->outcome =
        v->outcome == QUEUE_SUPPRESSED || v->outcome == QUEUE_CANCELLED ? v->outcome : QUEUE_FAILED;
    o->tell = wants(item, "FAILURE") && !job->silent;
    o->action = MOXD_DSN_FAILED;
}

/* --- telling the sender ------------------------------------------------------------------------ */

static struct queue_told told_of(const struct queue_job *job, const struct queue_outcome_of *o)
{
    const struct queue_verdict *v = &job->verdicts[o->i];

    return (struct queue_told){
        .item = &job->items[o->i],
        .action = o->action,
        .reply = &v->reply,
        .why = o->outcome == QUEUE_CANCELLED ? "The administrator cancelled it." : NULL,
        .host = v->reply.ours ? NULL : job->host,
        .attempted = job->start,
        .retry_until =
            o->action == MOXD_DSN_DELAYED ? queue_since(&job->msg) + job->q->conf->give_up : 0,
    };
}

/* A failure that cannot be told for now keeps the recipient in the queue. */
static void postpone(struct queue_job *job, struct queue_outcome_of *v, size_t n,
                     enum moxd_dsn_action action, const struct moxd_err *err)
{
    enum { AGAIN = 15 * 60 };
    bool passes = err->kind == MOXD_ERR_TEMP || err->kind == MOXD_ERR_FULL ||
                  err->kind == MOXD_ERR_IO || err->kind == MOXD_ERR_TIMEOUT ||
                  err->kind == MOXD_ERR_CANCELLED;

    moxd_warn(&job->q->m.log, "the sender could not be told", moxd_kvs("from", job->msg.from),
              moxd_kvb("again", passes), moxd_kve(err));
    for (size_t i = 0; i < n && passes; i++)
        if (v[i].tell && v[i].action == action && action == MOXD_DSN_FAILED) {
            v[i].outcome = QUEUE_RETRY;
            v[i].next = moxd_wall() + AGAIN * MOXD_SEC;
        }
}

static void tell(struct queue_job *job, struct queue_outcome_of *v, size_t n,
                 enum moxd_dsn_action action)
{
    struct queue_told *told = moxd_arena_calloc(job->arena, n, sizeof(*told));
    struct moxd_err err = { 0 };
    size_t ntold = 0;

    for (size_t i = 0; i < n; i++)
        if (v[i].tell && v[i].action == action)
            told[ntold++] = told_of(job, &v[i]);
    if (ntold > 0 && queue_dsn_send(job->q, &job->msg, job->body, told, ntold, &err) < 0)
        postpone(job, v, n, action, &err);
}

/* --- the transaction --------------------------------------------------------------------------- */

struct recording {
    struct queue_job *job;
    struct queue_outcome_of *v;
    size_t n;
    int64_t keep; /* ns that what leaves is remembered */
};

static struct queue_attempt attempt_of(const struct queue_job *job, const struct queue_verdict *v)
{
    const struct smtpclient_facts *f = job->facts;
    const char *tls = f && f->tls_version ? moxd_arena_printf(job->arena, "%s %s", f->tls_version,
                                                              f->tls_cipher ? f->tls_cipher : "")
                                          : NULL;
    return (struct queue_attempt){
        .start = job->start,
        .duration = moxd_wall() - job->start,
        .transport = job->transport ? job->transport->head.label : NULL,
        .host = job->host,
        .remote = f && f->remote_ip[0] ? f->remote_ip : NULL,
        .local = f && f->local_ip[0] ? f->local_ip : NULL,
        .tls = tls,
        .verified = f && (f->pkix_ok || f->dane_ok),
        .stage = v->reply.stage,
        .code = (uint32_t)v->reply.code,
        .enhanced = v->reply.enhanced,
        .text = v->reply.text,
        .ours = v->reply.ours,
        .ok = v->ok,
        .permanent = v->reply.permanent,
    };
}

/* Whether it was the other side that said no: it may know us the next time (greylisting). Else another address is to
 * be tried. */
static bool answered(const struct queue_job *job, const struct queue_verdict *v)
{
    return !job->no_host && !v->reply.ours;
}

/* Into the record as it is now: the administrator may have changed it meanwhile. */
static void update(const struct queue_job *job, const struct queue_verdict *v,
                   const struct queue_outcome_of *o, struct queue_item *item)
{
    struct queue_attempt at = attempt_of(job, v);

    item->attempts++;
    item->attempted = job->start;
    item->next = o->next;
    item->delay_told |= o->outcome == QUEUE_DELAYED;
    item->remote = at.remote;
    item->source = answered(job, v) ? at.local : NULL;
    item->history = queue_history_add(item->history, &at, job->arena);
}

static int record_one(struct store_tx *tx, struct recording *r, struct queue_outcome_of *o,
                      struct moxd_err *err)
{
    struct queue_job *job = r->job;
    const struct store_v1 *store = job->q->store;
    struct queue_item item;
    int rc = queue_get_item(store, tx, job->items[o->i].id, job->arena, &item, err);

    o->gone = rc == 0;
    if (rc <= 0)
        return rc;
    update(job, &job->verdicts[o->i], o, &item);
    if (o->next != 0)
        return queue_put_item(store, tx, &item, err);
    return queue_suppress_record(job->q, tx, &job->msg, &item, &job->verdicts[o->i], err) < 0 ||
                   queue_retire(job->q, tx, &job->msg, &item, o->outcome, r->keep, err) < 0
               ? -1
               : queue_remove_item(store, tx, &item, job->msg.n, err);
}

static int op_record(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct recording *r = arg;

    for (size_t i = 0; i < r->n; i++)
        if (record_one(tx, r, &r->v[i], err) < 0)
            return -1;
    return queue_offers_record(r->job, tx, err);
}

/* --- afterwards -------------------------------------------------------------------------------- */

static void log_result(const struct queue_job *job, const struct queue_outcome_of *o)
{
    const struct queue_item *item = &job->items[o->i];
    const struct smtpclient_reply *r = &job->verdicts[o->i].reply;

    moxd_info(&job->q->m.log, queue_outcome_name(o->outcome), moxd_kvu("id", item->id),
              moxd_kvs("from", job->msg.from), moxd_kvs("to", item->to),
              moxd_kvs("host", job->host ? job->host : ""),
              moxd_kvs("ip", job->facts ? job->facts->remote_ip : ""),
              moxd_kvs("tls", job->facts && job->facts->tls_version ? job->facts->tls_version : ""),
              moxd_kvi("code", r->code), moxd_kvs("enhanced", r->enhanced ? r->enhanced : ""),
              moxd_kvs("reply", r->text ? r->text : ""), moxd_kvu("attempt", item->attempts + 1u),
              moxd_kvd("took", moxd_wall() - job->start),
              moxd_kvs("trace", job->msg.trace ? job->msg.trace : ""));
}

static void announce(struct queue_job *job, const struct queue_outcome_of *o)
{
    const struct queue_item *item = &job->items[o->i];
    struct queue_result ev = {
        .id = item->id,
        .account = job->msg.account,
        .from = job->msg.from,
        .to = item->to,
        .message_id = job->msg.message_id,
        .fromid = item->fromid,
        .subject = job->msg.subject,
        .outcome = o->outcome,
        .reply = &job->verdicts[o->i].reply,
        .attempts = item->attempts + 1,
        .host = job->host,
        .queued = item->queued,
        .next = o->next,
        .local_ip = job->facts ? job->facts->local_ip : "",
    };

    ev.nextra = queue_extra_decode(job->msg.extra, job->arena, &ev.extra);

    log_result(job, o);
    queue_explain_attempt(job, o);
    moxd_metric_inc(job->q->results, queue_outcome_name(o->outcome), NULL);
    moxd_notify(job->q->on_result, &ev);
}

/* While the disk is full what was delivered stays so: it is recorded when that is possible again, and delivered again
 * only after a restart. Meanwhile the worker takes nothing else. */
static int write_down(struct recording *r, struct moxd_err *err) MOXD_SUSPENDS;
static int write_down(struct recording *r, struct moxd_err *err)
{
    enum { AGAIN = 2 };
    struct queue *q = r->job->q;
    bool told = false;

    while (queue_together(&q->recorded, q->store->transact, q->store_self, op_record, r, r->n,
                          err) < 0) {
        if (r->job->alone || q->draining || err->kind != MOXD_ERR_FULL)
            return -1;
        if (!told)
            moxd_error(&q->m.log, "what came of a delivery waits for space on the disk",
                       moxd_kvu("id", r->job->items[0].id), moxd_kve(err));
        told = true;
        moxd_err_clear(err);
        (void)moxd_sleep(AGAIN * MOXD_SEC);
    }
    return 0;
}

/* What could not be recorded is tried again: better twice than never. */
static void not_recorded(struct queue_job *job, const struct moxd_err *err)
{
    enum { AGAIN = 60 };

    moxd_error(&job->q->m.log, "recording what came of a delivery", moxd_kve(err));
    for (size_t i = 0; i < job->n; i++)
        queue_schedule(job->q, job->items[i].id, moxd_wall() + AGAIN * MOXD_SEC);
}

static void adjust(struct queue_job *job)
{
    for (size_t i = 0; i < job->n; i++)
        if (job->verdicts[i].ok && job->dest) {
            queue_dest_success(job->dest);
            return;
        }
    if (job->busy && job->dest)
        queue_dest_trouble(job->dest);
}

void queue_results(struct queue_job *job)
{
    struct queue *q = job->q;
    struct recording r = { job, moxd_arena_calloc(job->arena, job->n, sizeof(*r.v)), 0,
                           queue_keep_retired(q, job->msg.account) };
    struct moxd_err err = { 0 };

    for (size_t i = 0; i < job->n; i++)
        if (!job->verdicts[i].aborted)
            decide(job, i, &r.v[r.n++]);
    if (r.n == 0)
        return;
    for (enum moxd_dsn_action a = MOXD_DSN_FAILED; a <= MOXD_DSN_RELAYED; a++)
        tell(job, r.v, r.n, a);
    if (write_down(&r, &err) < 0) {
        not_recorded(job, &err);
        return;
    }
    adjust(job);
    for (size_t i = 0; i < r.n; i++) {
        if (r.v[i].gone)
            continue;
        announce(job, &r.v[i]);
        if (r.v[i].next != 0)
            queue_schedule(q, job->items[r.v[i].i].id, r.v[i].next);
        else
            moxd_metric_add(q->waiting, NULL, NULL, -1);
    }
}
