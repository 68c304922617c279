/* One connection: with TLS as the plan says, and without when that fails and may be. */
#include "queue_explain.h"

#include <stdlib.h>

/* RFC 5321 4.5.3.2.1: a server has 5 minutes for its greeting. */
#define OPEN_TIMEOUT (300 * MOXD_SEC)

void queue_opening_failed(struct queue_opening *o, const struct smtpclient_reply *reply)
{
    o->reply = *reply;
    /* 421 and 45x before anything was asked for: it wants to be left alone. */
    o->job->busy |= !reply->ours && reply->code >= 400 && reply->code < 460;
    o->later |= !reply->permanent;
}

static struct smtpclient_reply reply_of(struct queue_job *job, const struct moxd_reply *r)
{
    struct smtpclient_reply reply =
        queue_reply_ours(SMTPCLIENT_CONNECT, r->code, moxd_arena_strdup(job->arena, r->enhanced),
                         moxd_arena_strdup(job->arena, r->text));
    return reply;
}

static void notify(struct queue_opening *o, const struct smtpclient_facts *facts,
                   const struct smtpclient_reply *reply, bool fallback)
{
    struct queue_connected ev = {
        .host = &o->host,
        .security = &o->known,
        .facts = facts,
        .reply = reply,
        .account = o->job->msg.account,
        .report = !o->job->msg.no_dsn,
        .fallback = fallback,
    };

    moxd_notify(o->job->q->on_connected, &ev);
}

/* Tells hooks and the log. reply NULL: the session is open. */
static void tell(struct queue_opening *o, const struct smtpclient_facts *facts,
                 const struct smtpclient_reply *reply, bool fallback)
{
    struct queue *q = o->job->q;

    moxd_metric_inc(q->connections, reply ? "failed" : "ok", NULL);
    moxd_debug(&q->m.log, reply ? "no session" : "session", moxd_kvs("host", o->host.host),
               moxd_kvs("ip", facts->remote_ip),
               moxd_kvs("tls", facts->tls_version ? facts->tls_version : ""),
               moxd_kvs("reason", reply ? reply->text : ""), moxd_kvb("fallback", fallback));
    queue_explain_tried(o, facts, reply);
    notify(o, facts, reply, fallback);
}

/* The policies because of which nothing is connected to (RFC 8460 4.3.2: they are reported all the same). */
static bool keep_guilty(struct queue_security *known)
{
    size_t n = 0;

    for (size_t i = 0; i < known->npolicies; i++) {
        const struct queue_tls_policy *p = known->policies[i];
        if (p->failure || (strcmp(p->type, "sts") == 0 && !known->sts_mx_ok))
            known->policies[n++] = p;
    }
    known->npolicies = n;
    return n > 0;
}

bool queue_plan(struct queue_opening *o)
{
    struct queue_job *job = o->job;
    struct queue_demand demand = {
        .requiretls = (enum queue_requiretls)job->items[0].requiretls,
        .null_sender = job->msg.from[0] == '\0',
        .hosts_secure = o->hosts && o->hosts->secure,
    };

    o->known = (struct queue_security){ 0 };
    (void)moxd_fire(job->q->on_security, &o->host, &o->known);
    queue_security_plan(&demand, &o->known, &o->plan);
    if (!o->plan.skip)
        return true;
    struct smtpclient_reply reply = reply_of(job, &o->plan.reply);
    const struct smtpclient_facts nothing = { .tls_error = "" };
    if (keep_guilty(&o->known))
        notify(o, &nothing, &reply, false);
    queue_explain_tried(o, &nothing, &reply);
    queue_opening_failed(o, &reply);
    return false;
}

static void free_arena(void *arena)
{
    moxd_arena_free(arena);
}

/* REQUIRETLS that cannot be kept is final (P-QUEUE-01). */
static void judge_tls(const struct queue_opening *o, struct smtpclient_reply *reply)
{
    if (!o->plan.requiretls ||
        (reply->stage != SMTPCLIENT_STARTTLS && reply->stage != SMTPCLIENT_HANDSHAKE))
        return;
    reply->permanent = true;
    if (reply->ours) {
        reply->code = 550;
        reply->enhanced = "5.7.10";
    }
}

static bool open_with(struct queue_opening *o, struct smtpclient_target *t)
{
    struct queue_job *job = o->job;
    struct queue *q = job->q;
    bool may_fall = o->plan.fallback && t->security.starttls == SMTPCLIENT_TLS_IF_OFFERED;
    struct smtpclient_facts *facts = moxd_arena_alloc(job->arena, sizeof(*facts));
    struct moxd_arena *a = moxd_arena_new(0);
    struct smtpclient_reply reply = { 0 };

    o->connects++;
    t->deadline = moxd_deadline(OPEN_TIMEOUT);
    if (q->client->open(q->client_self, t, a, &o->s->s, facts, &reply) == 0) {
        o->s->arena = a;
        queue_job_facts(job, q->client->facts(o->s->s));
        tell(o, job->facts, NULL, false);
        return true;
    }
    moxd_arena_cleanup(job->arena, free_arena, a);
    o->s->s = NULL;
    queue_job_facts(job, facts);
    judge_tls(o, &reply);
    bool tls = reply.stage == SMTPCLIENT_STARTTLS || reply.stage == SMTPCLIENT_HANDSHAKE;
    may_fall = may_fall && tls && !moxd_fiber_cancelled();
    tell(o, facts, &reply, may_fall);
    queue_opening_failed(o, &reply);
    if (!may_fall)
        return false;
    t->security.starttls = SMTPCLIENT_TLS_NEVER;
    return open_with(o, t);
}

static void kept(struct queue_opening *o)
{
    struct queue_session *s = o->s;

    s->requiretls = (enum queue_requiretls)o->job->items[0].requiretls;
    s->plan_requiretls = o->plan.requiretls;
    s->host = moxd_arena_strdup(s->arena, o->host.host);
    s->transactions = 0;
}

bool queue_connect(struct queue_opening *o, const struct sockaddr_storage *address)
{
    struct queue_job *job = o->job;
    struct sockaddr_storage source;
    struct smtpclient_target t = {
        .host = o->host.host,
        .socks = o->socks,
        .ehlo = moxd_conf_core()->hostname,
        .security = o->plan.security,
        .login = o->login,
        .identity = o->identity,
        .log = &job->q->m.log,
    };

    if (address) {
        t.address = *address;
        if (queue_source(job->q, address, job->items[0].source, &source))
            t.source = &source;
    } else {
        t.address.ss_family = AF_INET; /* for the port */
    }
    moxd_addr_set_port(&t.address, o->port);
    job->host = o->host.host;
    if (!open_with(o, &t))
        return false;
    kept(o);
    return true;
}
