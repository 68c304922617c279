/* A session for a job: hosts by preference, their addresses, until one answers. */
#include "queue_open.h"

#include <stdlib.h>

enum { TRANSACTIONS_MAX = 100 }; /* over one connection */

/* --- addresses --------------------------------------------------------------------------------- */

static bool is_address(const struct sockaddr_storage *ss, const char *text)
{
    char ip[64];

    return text && strcmp(moxd_addr_ip((const struct sockaddr *)ss, ip), text) == 0;
}

static int family_of(const char *ip)
{
    return !ip ? AF_UNSPEC : strchr(ip, ':') ? AF_INET6 : AF_INET;
}

/* Where it comes in the order: after a connection failure another address, best of the other family; after a reply
 * the family that there was. */
static int rank(const struct queue_item *item, const struct sockaddr_storage *ss)
{
    int last = family_of(item->remote);

    if (last == AF_UNSPEC)
        return 0;
    if (item->source)
        return is_address(ss, item->remote) ? 0 : ss->ss_family == last ? 1 : 2;
    return is_address(ss, item->remote) ? 2 : ss->ss_family == last ? 1 : 0;
}

static void order(const struct queue_item *item, struct smtpclient_addresses *ad)
{
    for (size_t i = 1; i < ad->n; i++) { /* stable; there are few */
        struct sockaddr_storage ss = ad->v[i];
        size_t k = i;
        for (; k > 0 && rank(item, &ad->v[k - 1]) > rank(item, &ss); k--)
            ad->v[k] = ad->v[k - 1];
        ad->v[k] = ss;
    }
}

/* Takes a family away; `all`: also when nothing is left. */
static void drop_family(struct smtpclient_addresses *ad, int family, bool all)
{
    size_t n = 0;

    for (size_t i = 0; i < ad->n; i++)
        n += ad->v[i].ss_family != family;
    if (n == 0 && !all)
        return;
    n = 0;
    for (size_t i = 0; i < ad->n; i++)
        if (ad->v[i].ss_family != family)
            ad->v[n++] = ad->v[i];
    ad->n = n;
}

static void choose(struct queue_opening *o, struct smtpclient_addresses *ad)
{
    const struct queue_transport *t = o->job->dest->transport;

    if (t && t->disable_ipv4)
        drop_family(ad, AF_INET, true);
    if (t && t->disable_ipv6)
        drop_family(ad, AF_INET6, true);
    else if (queue_source_skip_ipv6(o->job->q))
        drop_family(ad, AF_INET6, false);
    order(&o->job->items[0], ad);
}

/* --- one host ---------------------------------------------------------------------------------- */

static void fail(struct queue_opening *o, const struct moxd_err *err)
{
    struct smtpclient_reply reply = queue_reply_err(o->job, SMTPCLIENT_CONNECT, err);

    /* What is not there now may be there later, but for names that do not exist. */
    queue_opening_failed(o, &reply);
}

static bool try_addresses(struct queue_opening *o, const struct smtpclient_addresses *ad)
{
    for (size_t i = 0; i < ad->n && o->connects < QUEUE_CONNECTS_MAX && !moxd_fiber_cancelled();
         i++)
        if (queue_connect(o, &ad->v[i]))
            return true;
    return false;
}

static bool try_host(struct queue_opening *o, const char *host)
{
    struct queue_job *job = o->job;
    struct smtpclient_addresses ad = { 0 };
    struct moxd_err err = { 0 };

    o->host.host = host;
    o->host.addresses = NULL;
    if (o->socks)
        return queue_plan(o) && queue_connect(o, NULL);
    if (job->q->client->addresses(job->q->client_self, host, job->arena, &ad, &err) < 0) {
        fail(o, &err);
        return false;
    }
    choose(o, &ad);
    if (ad.n == 0) {
        moxd_err_smtp_set(&err, MOXD_ERR_TEMP, 451, "4.4.4",
                          "%s has no address of a family that may be used", host);
        fail(o, &err);
        return false;
    }
    o->host.addresses = &ad;
    return queue_plan(o) && try_addresses(o, &ad);
}

/* --- direct ------------------------------------------------------------------------------------ */

/* RFC 5321 5.1: hosts that are as good as we are, and we ourselves, are no way on. */
static size_t before_us(const struct smtpclient_hosts *hosts)
{
    const char *us = moxd_conf_core()->hostname;
    size_t n = 0;

    for (size_t i = 0; i < hosts->n; i++)
        if (moxd_str_caseeqs(moxd_cstr(hosts->v[i].host), us)) {
            while (n < hosts->n && hosts->v[n].pref < hosts->v[i].pref)
                n++;
            return n;
        }
    return hosts->n;
}

static bool try_hosts(struct queue_opening *o, const struct smtpclient_hosts *hosts)
{
    size_t n = before_us(hosts);

    o->hosts = o->host.hosts = hosts;
    if (n == 0 && hosts->n > 0) {
        struct smtpclient_reply loop =
            queue_reply_ours(SMTPCLIENT_CONNECT, 554, "5.4.6",
                             "mail for the domain comes to this server, which does not take it");
        queue_opening_failed(o, &loop);
    }
    for (size_t i = 0; i < n && i < QUEUE_HOSTS_MAX && o->connects < QUEUE_CONNECTS_MAX &&
                       !moxd_fiber_cancelled();
         i++)
        if (try_host(o, hosts->v[i].host))
            return true;
    return false;
}

static bool open_direct(struct queue_opening *o)
{
    struct queue_job *job = o->job;
    struct smtpclient_hosts *hosts = moxd_arena_alloc(job->arena, sizeof(*hosts));
    struct moxd_err err = { 0 };

    o->host.domain = job->items[0].domain;
    o->port = o->host.port = (unsigned)job->q->conf->port;
    if (job->q->client->hosts(job->q->client_self, o->host.domain, job->arena, hosts, &err) < 0) {
        fail(o, &err);
        return false;
    }
    return try_hosts(o, hosts);
}

/* --- a fixed host ------------------------------------------------------------------------------ */

static void plan_relay(struct queue_opening *o, const struct queue_transport *t)
{
    static const enum smtpclient_starttls modes[] = {
        [QUEUE_TLS_STARTTLS] = SMTPCLIENT_TLS_REQUIRED,
        [QUEUE_TLS_IMMEDIATE] = SMTPCLIENT_TLS_IMMEDIATE,
        [QUEUE_TLS_OPPORTUNISTIC] = SMTPCLIENT_TLS_IF_OFFERED,
        [QUEUE_TLS_NONE] = SMTPCLIENT_TLS_NEVER,
    };

    o->plan.security.starttls = modes[t->tls];
    o->plan.security.verify_pkix = t->tls <= QUEUE_TLS_IMMEDIATE;
    o->plan.fallback = t->tls == QUEUE_TLS_OPPORTUNISTIC;
    o->plan.requiretls =
        o->job->items[0].requiretls == QUEUE_TLS_REQUIRED && t->tls <= QUEUE_TLS_IMMEDIATE;
}

static unsigned default_port(const struct queue_transport *t)
{
    if (t->port > 0)
        return (unsigned)t->port;
    if (t->tls == QUEUE_TLS_IMMEDIATE)
        return 465;
    return t->kind == QUEUE_KIND_SUBMISSION ? 587 : 25;
}

/* A host that is written as an address needs no lookup. */
static bool literal(const char *host, struct moxd_arena *a, struct smtpclient_addresses *out)
{
    struct sockaddr_storage ss;

    if (moxd_addr_parse(host, 0, &ss) == 0)
        return false;
    out->v = moxd_arena_dup(a, &ss, sizeof(ss));
    out->n = 1;
    return true;
}

static bool open_fixed(struct queue_opening *o, const char *host, unsigned port)
{
    struct queue_job *job = o->job;
    struct smtpclient_addresses ad = { 0 };
    struct moxd_err err = { 0 };

    o->host.domain = o->host.host = host;
    o->port = port;
    if (!literal(host, job->arena, &ad) &&
        job->q->client->addresses(job->q->client_self, host, job->arena, &ad, &err) < 0) {
        fail(o, &err);
        return false;
    }
    order(&job->items[0], &ad);
    o->host.addresses = &ad;
    return try_addresses(o, &ad);
}

static bool no_key(struct queue_opening *o, const struct moxd_err *err)
{
    struct smtpclient_reply reply =
        queue_reply_ours(SMTPCLIENT_AUTH, 451, "4.3.5",
                         moxd_arena_printf(o->job->arena, "client-key: %s", err->priv));

    queue_opening_failed(o, &reply);
    return false;
}

/* With a login and the key of the transport; the key is read each time, so that a new one needs no restart. */
static bool open_as(struct queue_opening *o, const struct queue_transport *t)
{
    const struct smtpclient_login login = { t->username, t->password,
                                            t->mechanisms.n > 0 ? t->mechanisms.v : NULL };
    struct moxd_err err = { 0 };
    struct moxd_tls_identity *id =
        t->client_key ? moxd_tls_identity_load(t->client_key, &err) : NULL;

    if (t->client_key && !id)
        return no_key(o, &err);
    o->login = t->username || (id && t->kind == QUEUE_KIND_SUBMISSION) ? &login : NULL;
    o->identity = id;
    bool ok = open_fixed(o, t->host, default_port(t));
    o->login = NULL;
    o->identity = NULL;
    moxd_tls_identity_free(id);
    return ok;
}

static bool open_relay(struct queue_opening *o, const struct queue_transport *t)
{
    if (o->job->items[0].requiretls == QUEUE_TLS_REQUIRED && t->tls > QUEUE_TLS_IMMEDIATE) {
        struct smtpclient_reply reply =
            queue_reply_ours(SMTPCLIENT_STARTTLS, 550, "5.7.10",
                             "REQUIRETLS: the transport does not verify the host");
        queue_opening_failed(o, &reply);
        return false;
    }
    plan_relay(o, t);
    return open_as(o, t);
}

/* The local test mode: everything to our own smtp service, in clear. */
static bool open_local(struct queue_opening *o)
{
    const struct moxd_core_conf *core = moxd_conf_core();
    char *ip = moxd_arena_alloc(o->job->arena, 64);
    unsigned port = 0;

    for (size_t i = 0; i < core->listeners.n && port == 0; i++) {
        const struct moxd_listener_conf *l = core->listeners.v[i];
        if (!moxd_service_port(l->head.label, "smtp", 0, ip, &port))
            port = 0;
    }
    o->plan.security.starttls = SMTPCLIENT_TLS_NEVER;
    return open_fixed(o, ip, port);
}

/* --- any --------------------------------------------------------------------------------------- */

bool queue_session_usable(struct queue *q, const struct queue_session *s)
{
    return s->s && s->transactions < TRANSACTIONS_MAX && q->client->usable(s->s);
}

static bool reuse(struct queue_job *job, struct queue_session *s)
{
    struct queue *q = job->q;

    if (s->requiretls == job->items[0].requiretls && queue_session_usable(q, s)) {
        job->host = moxd_arena_strdup(job->arena, s->host);
        queue_job_facts(job, q->client->facts(s->s));
        return true;
    }
    queue_session_close(q, s);
    return false;
}

static bool open_fail(struct queue_opening *o, const struct queue_transport *t)
{
    char *enhanced = moxd_arena_strdup(o->job->arena, t->smtp_code >= 500 ? "5.0.0" : "4.0.0");
    struct smtpclient_reply reply =
        queue_reply_ours(SMTPCLIENT_CONNECT, (int)t->smtp_code, enhanced, t->smtp_message);

    queue_opening_failed(o, &reply);
    return false;
}

static bool open_any(struct queue_opening *o)
{
    const struct queue_transport *t = o->job->dest->transport;

    if (!t && o->job->q->conf->local)
        return open_local(o);
    if (!t || t->kind == QUEUE_KIND_DIRECT)
        return open_direct(o);
    if (t->kind == QUEUE_KIND_FAIL)
        return open_fail(o, t);
    if (t->kind == QUEUE_KIND_SOCKS) {
        o->socks = t->proxy;
        return open_direct(o);
    }
    return open_relay(o, t);
}

int queue_open(struct queue_job *job, struct queue_session *s)
{
    struct queue_opening o = { .job = job, .s = s };

    if (reuse(job, s))
        return 0;
    o.host.log = &job->q->m.log;
    o.host.arena = job->arena;
    o.host.last_chance = job->last_chance;
    if (open_any(&o))
        return 0;
    /* One host that may take it later is reason enough to wait. */
    if (o.later && o.reply.permanent && !o.plan.requiretls) {
        o.reply.permanent = false;
        if (o.reply.code >= 500)
            o.reply.code = 450;
    }
    job->no_host = true;
    queue_job_all(job, &o.reply);
    return -1;
}
