/* One attempt for the recipients of a job. */
#include "queue_account.h"
#include "queue_local.h"
#include "queue_sign.h"

#include <stdlib.h>

/* RFC 5321 4.5.3.2: 10 minutes for the end of the data alone; and what the data takes at a modem's pace. */
#define SEND_TIMEOUT (1800 * MOXD_SEC)

static long read_body(void *arg, uint64_t off, void *p, size_t n, struct moxd_err *err)
{
    const struct queue_job *job = arg;

    if (off >= job->prefix.n)
        return job->q->store->body_read(job->body, off - job->prefix.n, p, n, err);
    struct moxd_str s = moxd_str_sub(job->prefix, off, n);
    memcpy(p, s.p, s.n);
    return (long)s.n;
}

static int open_body(struct queue_job *job)
{
    struct moxd_err err = { 0 };

    if (job->body)
        return 0;
    if (job->q->store->kept_open(job->q->store_self, job->msg.body, &job->body, &err) == 0)
        return 0;
    struct smtpclient_reply reply = queue_reply_err(job, SMTPCLIENT_NEEDS, &err);
    /* Damage does not heal; but the administrator may restore it. */
    reply.permanent = false;
    moxd_error(&job->q->m.log, "reading a queued message", moxd_kvu("message", job->msg.body),
               moxd_kve(&err));
    queue_job_all(job, &reply);
    return -1;
}

/* P-CORE-16: it may be switched on again. */
static bool switched_off(struct queue_job *job)
{
    if (!queue_sender_disabled(job->q, &job->msg))
        return false;
    const struct smtpclient_reply reply =
        queue_reply_ours(SMTPCLIENT_NEEDS, 451, "4.3.0",
                         "sending from the domain of the sender is switched off for now");
    queue_job_all(job, &reply);
    return true;
}

/* The sender, with the from-id of the recipient when it has one. */
static const char *sender(struct queue_job *job, const struct queue_item *item)
{
    return item->fromid ? item->fromid : job->msg.from;
}

/* RFC 5321 4.5.3.1.10: too many in one transaction; those that it has no room for come in the next. */
static bool no_room(const struct smtpclient_reply *r)
{
    return r->stage == SMTPCLIENT_RCPT && r->code == 452 && !r->ours && r->enhanced &&
           strcmp(r->enhanced, "4.5.3") == 0;
}

/* 421 to anything, 45x to all of a transaction: not what it has against a recipient (greylisting, a full mailbox). */
static bool wants_less(const struct smtpclient_reply *r)
{
    bool whole = r->stage == SMTPCLIENT_MAIL || r->stage == SMTPCLIENT_DATA;

    return !r->ours && (r->code == 421 || (whole && r->code / 10 == 45));
}

static bool any_ok(const struct smtpclient_rcpt *rcpts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (rcpts[i].ok)
            return true;
    return false;
}

static void take_verdicts(struct queue_job *job, const struct smtpclient_rcpt *rcpts,
                          const size_t *index, size_t n)
{
    bool some = any_ok(rcpts, n);

    for (size_t i = 0; i < n; i++) {
        struct queue_verdict *v = &job->verdicts[index[i]];
        if (some && no_room(&rcpts[i].reply))
            continue;
        v->ok = rcpts[i].ok;
        v->reply = rcpts[i].reply;
        job->busy |= wants_less(&v->reply);
        if (!v->ok && v->reply.code == 0) { /* broken off */
            v->reply.permanent = false;
            v->reply.code = 451;
            if (!v->reply.enhanced || !v->reply.enhanced[0])
                v->reply.enhanced = "4.4.2";
            v->reply.ours = true;
        }
    }
}

/* RFC 9422: whether the server takes recipients of the domain in this session; it is noted that it got one. */
static bool domain_fits(struct queue_session *s, const char *domain, unsigned max)
{
    if (max == 0)
        return true;
    for (size_t i = 0; i < s->ndomains; i++)
        if (strcmp(s->domains[i], domain) == 0)
            return true;
    if (s->ndomains >= max || s->ndomains == QUEUE_SESSION_DOMAINS)
        return false;
    s->domains[s->ndomains++] = moxd_arena_strdup(s->arena, domain);
    return true;
}

/* Those without a verdict that have the same sender, and may come in this session. */
static size_t collect(struct queue_job *job, struct queue_session *s, struct smtpclient_rcpt *rcpts,
                      size_t *index)
{
    const struct smtpclient_facts *f = job->facts;
    size_t max = f->rcptmax > 0 && f->rcptmax < QUEUE_JOB_RCPTS ? f->rcptmax : QUEUE_JOB_RCPTS;
    const char *from = NULL;
    size_t n = 0;

    for (size_t i = 0; i < job->n && n < max; i++) {
        const struct queue_item *item = &job->items[i];
        if (job->verdicts[i].reply.code != 0 || (from && strcmp(from, sender(job, item)) != 0) ||
            !domain_fits(s, item->domain, f->rcptdomainmax))
            continue;
        from = sender(job, item);
        index[n] = i;
        rcpts[n++] = (struct smtpclient_rcpt){ .to = item->to,
                                               .notify = item->notify,
                                               .orcpt = item->orcpt };
    }
    return n;
}

/* False: the session is of no use any more. */
static bool transaction(struct queue_job *job, struct queue_session *s)
{
    struct smtpclient_rcpt rcpts[QUEUE_JOB_RCPTS];
    size_t index[QUEUE_JOB_RCPTS];
    size_t n = collect(job, s, rcpts, index);

    if (n == 0)
        return false;
    struct smtpclient_transaction t = {
        .from = sender(job, &job->items[index[0]]),
        .rcpts = rcpts,
        .n = n,
        .smtputf8 = job->msg.smtputf8,
        .body8bit = job->msg.body8bit,
        .requiretls = s->plan_requiretls,
        .envid = job->msg.envid,
        .ret = job->msg.ret,
        .size = job->prefix.n + job->q->store->body_size(job->body),
        .read = read_body,
        .arg = job,
        .deadline = moxd_deadline(SEND_TIMEOUT),
    };

    s->transactions++;
    int rc = job->q->client->send(s->s, &t, job->arena);
    if (any_ok(rcpts, n) && !job->q->conf->local) {
        job->q->sent++;
        moxd_metric_inc(job->q->sent_total, NULL, NULL);
    }
    take_verdicts(job, rcpts, index, n);
    return rc == 0;
}

static bool all_decided(const struct queue_job *job)
{
    for (size_t i = 0; i < job->n; i++)
        if (job->verdicts[i].reply.code == 0)
            return false;
    return true;
}

void queue_deliver(struct queue_job *job, struct queue_session *s)
{
    if (open_body(job) < 0 || all_decided(job) || switched_off(job) || queue_sign_held(job) < 0 ||
        queue_local_deliver(job) || queue_open(job, s) < 0)
        return;
    for (;;) {
        bool goes_on = transaction(job, s);
        if (!goes_on)
            queue_session_close(job->q, s);
        if (all_decided(job) ||
            (!(goes_on && queue_session_usable(job->q, s)) && queue_open(job, s) < 0))
            return;
    }
}
