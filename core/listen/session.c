/* Sessions: one fiber per connection. */
#include "listen/alpn.h"
#include "listen/cid.h"
#include "listen/ports.h"
#include "listen/proxy.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    HANDSHAKE_S = 30, /* for the TLS handshake on ports with implicit TLS */
    REFUSAL_S = 5,    /* for the busy line of a refused connection */
    NKV = 4,
    NKV_PROXIED = 5, /* with the proxy that a connection came through */
};

struct core_session {
    struct core_session *next, **link;
    struct core_port *port;
    int fd; /* until the stream has it */
    struct moxd_fid fid;
    struct moxd_conn c;
    struct moxd_kv kv[NKV_PROXIED];
    char proxy_ip[64];
};

bool moxd_stopping(void)
{
    return core_ports.stopping;
}

static void count(const struct core_port *port, const char *result)
{
    moxd_metric_inc(core_ports.connections, port->service->name, result);
}

static void gauge(const struct core_port *port)
{
    size_t n = 0;

    for (size_t i = 0; i < core_ports.n; i++)
        if (core_ports.v[i].service == port->service)
            n += core_ports.v[i].nsessions;
    moxd_metric_set(core_ports.open, port->service->name, NULL, (double)n);
}

void core_session_refuse(const struct core_port *port, int fd)
{
    const struct moxd_service *s = port->service;

    if (s->busy && !s->implicit_tls)
        (void)send(fd, s->busy, strlen(s->busy), MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)close(fd);
    count(port, "busy");
}

static void describe(struct core_session *s, const char *listener)
{
    struct moxd_conn *c = &s->c;

    if (core_ports.stopping)
        moxd_stream_stop(c->st);
    (void)moxd_addr_ip(moxd_stream_peer(c->st), c->remote_ip);
    (void)moxd_addr_ip(moxd_stream_local(c->st), c->local_ip);
    s->kv[0] = moxd_kvu("cid", c->cid);
    s->kv[1] = moxd_kvs("listener", listener);
    s->kv[2] = moxd_kvs("service", c->service->name);
    s->kv[3] = moxd_kvs("remote", c->remote_ip);
}

static void init_conn(struct core_session *s)
{
    const struct core_port *port = s->port;
    struct moxd_conn *c = &s->c;

    *c = (struct moxd_conn){
        .st = moxd_stream_new(s->fd),
        .cid = core_cid_next(),
        .listener = port->listener,
        .conf = port->conf,
        .tls = port->tls,
        .hostname = port->hostname,
        .service = port->service,
        .log = { .component = port->log.component,
                 .parent = port->m ? &port->m->log : NULL,
                 .kv = s->kv,
                 .nkv = NKV },
    };
    describe(s, port->listener->head.label);
}

/* Behind a load balancer: takes over who the client is. False: the connection is to be closed. */
static bool identified(struct core_session *s)
{
    struct moxd_conn *c = &s->c;
    struct core_proxy_header header;
    const char *why;

    if (s->port->listener->proxies.n == 0)
        return true;
    c->idle = true;
    bool ok = core_proxy_read(s->port->listener, moxd_stream_fd(c->st), &header, &why);
    c->idle = false;
    if (!ok) {
        moxd_info(&c->log, "connection without a client's address closed", moxd_kvs("detail", why));
        count(s->port, "proxy-failed");
        return false;
    }
    if (!header.known)
        return true;
    memcpy(s->proxy_ip, c->remote_ip, sizeof(s->proxy_ip));
    s->kv[NKV] = moxd_kvs("proxy", s->proxy_ip);
    c->log.nkv = NKV_PROXIED;
    moxd_stream_set_addresses(c->st, &header.remote.sa, &header.local.sa);
    (void)moxd_addr_ip(moxd_stream_peer(c->st), c->remote_ip);
    (void)moxd_addr_ip(moxd_stream_local(c->st), c->local_ip);
    s->kv[3] = moxd_kvs("remote", c->remote_ip);
    return true;
}

/* The handshake of implicit TLS; false when there is nobody to talk to. */
static bool secured(struct core_session *s)
{
    struct moxd_stream *st = s->c.st;

    if (!s->port->service->implicit_tls)
        return true;
    moxd_stream_timeouts(st, HANDSHAKE_S * MOXD_SEC, HANDSHAKE_S * MOXD_SEC);
    int rc = moxd_stream_tls_accept(st, s->port->tls, NULL);
    moxd_stream_timeouts(st, 5 * 60 * MOXD_SEC, 5 * 60 * MOXD_SEC);
    if (rc == MOXD_OK)
        return true;
    moxd_debug(&s->c.log, "no TLS session", moxd_kvs("result", moxd_wait_name(rc)),
               moxd_kvs("detail", moxd_stream_error(st)));
    count(s->port, "tls-failed");
    return false;
}

/* A session of a shared port goes on as one of the service that its client asked for. */
static bool settled(struct core_session *s)
{
    struct core_port *from = s->port, *to = from->alpn ? core_alpn_choose(from, s->c.st) : from;
    struct moxd_conn *c = &s->c;

    if (!to || to == from)
        return to;
    s->port = to;
    from->nsessions--;
    to->nsessions++;
    gauge(from);
    gauge(to);
    c->conf = to->conf;
    c->tls = to->tls;
    c->service = to->service;
    c->log.component = to->log.component;
    c->log.parent = &to->m->log;
    s->kv[2] = moxd_kvs("service", to->service->name);
    moxd_debug(&c->log, "asked for by ALPN");
    return true;
}

/* Whether the modules let it in; before TLS, so that a flood costs no handshakes. */
static bool admitted(struct core_session *s)
{
    const struct moxd_service *service = s->port->service;
    struct moxd_reply reply;

    s->c.idle = true;
    enum moxd_verdict verdict = moxd_fire(core_ports.on_connection, &s->c, &reply);
    s->c.idle = false;
    if (verdict == MOXD_NEXT)
        return true;
    moxd_info(&s->c.log, "connection refused", moxd_kvs("reason", reply.detail));
    count(s->port, "refused");
    moxd_stream_timeouts(s->c.st, REFUSAL_S * MOXD_SEC, REFUSAL_S * MOXD_SEC);
    if (service->busy && !service->implicit_tls &&
        moxd_stream_puts(s->c.st, service->busy) == MOXD_OK)
        (void)moxd_stream_flush(s->c.st);
    return false;
}

static void session_end(struct core_session *s)
{
    struct core_port *port = s->port;

    *s->link = s->next;
    if (s->next)
        s->next->link = s->link;
    core_ports.nsessions--;
    port->nsessions--;
    gauge(port);
    free(s);
    if (core_ports.nsessions == 0)
        moxd_waitq_wake_all(&core_ports.idle);
}

static void run(struct core_session *s)
{
    uint64_t in, out;

    moxd_debug(&s->c.log, "connection");
    if (admitted(s) && secured(s) && settled(s))
        s->port->service->session(s->port->m, &s->c);
    moxd_notify(core_ports.on_disconnect, &s->c);
    moxd_stream_counts(s->c.st, &in, &out);
    moxd_debug(&s->c.log, "connection closed", moxd_kvu("in", in), moxd_kvu("out", out));
}

static void session_fiber(void *arg)
{
    struct core_session *s = arg;

    init_conn(s);
    if (identified(s))
        run(s);
    moxd_stream_close(s->c.st);
    session_end(s);
}

static bool is_full(void)
{
    return core_ports.max_sessions > 0 && core_ports.nsessions >= core_ports.max_sessions;
}

static struct core_session *session_new(struct core_port *port)
{
    struct core_session *s = moxd_xcalloc(1, sizeof(*s));

    s->port = port;
    s->fd = -1;
    s->next = core_ports.sessions;
    s->link = &core_ports.sessions;
    if (s->next)
        s->next->link = &s->next;
    core_ports.sessions = s;
    core_ports.nsessions++;
    port->nsessions++;
    count(port, "accepted");
    gauge(port);
    return s;
}

void core_session_begin(struct core_port *port, int fd)
{
    if (core_ports.stopping || is_full()) {
        core_session_refuse(port, fd);
        return;
    }
    struct core_session *s = session_new(port);
    s->fd = fd;
    s->fid = moxd_fiber_spawn(port->service->name, session_fiber, s);
}

/* ---- sessions that came through no listener */

static int refuse(struct core_port *port, struct moxd_stream *st, struct moxd_err *err)
{
    if (port->service->busy)
        (void)!moxd_stream_puts(st, port->service->busy);
    count(port, "busy");
    if (core_ports.stopping)
        return moxd_err_set(err, MOXD_ERR_STATE, "the server is stopping");
    return moxd_err_set(err, MOXD_ERR_LIMIT, "more than %zu connections", core_ports.max_sessions);
}

/* The part of the port that a session needs lives as long as the call. */
int moxd_service_run(struct moxd_instance *m, const char *from, const struct moxd_conn *c,
                     struct moxd_err *err)
{
    struct core_port port = { .service = c->service, .m = m };

    if (core_ports.stopping || is_full())
        return refuse(&port, c->st, err);
    struct core_session *s = session_new(&port);
    s->fid = moxd_fiber_self();
    s->c = (struct moxd_conn){
        .st = c->st,
        .cid = core_cid_next(),
        .conf = c->conf,
        .hostname = moxd_conf_core()->hostname,
        .service = c->service,
        .account = c->account,
        .log = { .component = m->log.component, .parent = &m->log, .kv = s->kv, .nkv = NKV },
    };
    describe(s, from);
    run(s);
    session_end(s);
    return 0;
}

void core_ports_stop(bool leave)
{
    core_ports.stopping = true;
    for (struct core_session *s = core_ports.sessions; s; s = s->next) {
        if (s->c.st)
            moxd_stream_stop(s->c.st);
        if (s->c.idle)
            (void)moxd_fiber_cancel(s->fid);
        else
            moxd_poke(s->fid);
    }
    for (size_t i = 0; leave && i < core_ports.nacceptors; i++)
        (void)moxd_fiber_cancel(core_ports.acceptors[i]);
}

int core_ports_wait(int64_t deadline)
{
    while (core_ports.nsessions > 0) {
        int rc = moxd_waitq_wait(&core_ports.idle, deadline);
        if (rc != MOXD_OK)
            return rc;
    }
    return MOXD_OK;
}

void core_ports_cancel(void)
{
    for (struct core_session *s = core_ports.sessions; s; s = s->next)
        (void)moxd_fiber_cancel(s->fid);
}
