#include "listen/ports.h"

#include "listen/alpn.h"
#include "module/set.h"

#include <fcntl.h>
#include <unistd.h>

struct core_ports core_ports = { .reserve = -1 };

static struct core_port *add_port(size_t *cap)
{
    return moxd_arena_push(core_ports.a, &core_ports.v, &core_ports.n, cap, sizeof(*core_ports.v));
}

static void init_port(struct core_port *port, const struct moxd_core_conf *core,
                      const struct moxd_listener_conf *l, const struct core_module *mod,
                      const struct moxd_service *service)
{
    *port = (struct core_port){
        .listener = l,
        .service = service,
        .conf = moxd_conf_ext(&l->head, service->name),
        .m = mod->m,
        .hostname = l->hostname ? l->hostname : core->hostname,
        .log = { .component = mod->tables.name, .nkv = 2 },
        .kv = { moxd_kvs("listener", l->head.label), moxd_kvs("service", service->name) },
    };
}

static void make_ports(const struct moxd_core_conf *core, const struct core_modules *set)
{
    size_t cap = 0;

    for (size_t i = 0; i < core->listeners.n; i++) {
        const struct moxd_listener_conf *l = core->listeners.v[i];
        for (size_t k = 0; k < core_modules_count(set); k++) {
            const struct core_module *mod = core_modules_get(set, k);
            for (const struct moxd_service *s = mod->tables.services; s && s->name; s++)
                if (core_conf_service_on(moxd_conf_ext(&l->head, s->name)))
                    init_port(add_port(&cap), core, l, mod, s);
        }
        if (l->alpn)
            core_alpn_port(add_port(&cap), core, l, set);
    }
    for (size_t i = 0; i < core_ports.n; i++)
        core_ports.v[i].log.kv = core_ports.v[i].kv; /* the array moves no more */
}

static void take_sockets(struct core_port *port, struct core_handed *handed)
{
    port->fd = moxd_arena_calloc(core_ports.a, handed->nsockets + 1, sizeof(*port->fd));
    for (size_t i = 0; i < handed->nsockets; i++) {
        struct core_handed_socket *s = &handed->sockets[i];
        if (s->fd < 0 || strcmp(s->listener, port->listener->head.label) != 0 ||
            strcmp(s->service, port->service->name) != 0)
            continue;
        port->fd[port->nfd++] = s->fd;
        s->fd = -1;
    }
    if (port->nfd == 0 && !core_alpn_replaces(port->listener, port->service))
        moxd_error(&port->log,
                   "moxd.conf was changed; restart moxd to listen on what is new there");
}

/* The listener's pairs among all. */
static struct moxd_tls_pair *pairs_of(const struct core_certs *certs, const struct core_port *port,
                                      struct moxd_arena *a, size_t *n)
{
    struct moxd_tls_pair *pairs = moxd_arena_calloc(a, certs->n + 1, sizeof(*pairs));

    *n = 0;
    for (size_t i = 0; i < certs->n; i++)
        if (strcmp(certs->v[i].listener, port->listener->head.label) == 0)
            pairs[(*n)++] = certs->v[i].pair;
    return pairs;
}

/* An expired certificate is used all the same: no TLS would be worse. */
static void warn_of_certificate(const struct core_port *port)
{
    const char *warning = moxd_tls_warning(port->tls);

    if (warning)
        moxd_warn(&port->log, "certificate", moxd_kvs("problem", warning));
}

static int make_tls(struct core_port *port, const struct core_certs *certs, struct moxd_err *err)
{
    const struct moxd_service *s = port->service;
    size_t n;
    struct moxd_tls_pair *pairs = pairs_of(certs, port, core_ports.a, &n);
    struct moxd_tls_opts opts = {
        .hostname = port->hostname,
        .lenient_sni = s->lenient_sni,
        .client_certs = s->client_certs,
        .alpn = port->alpn   ? port->alpn
                : s->alpn[0] ? s->alpn
                             : NULL,
        .alpn_required = port->alpn && !core_alpn_serves_silent(port),
    };

    if (!port->listener->tls)
        return 0;
    opts.min_version = port->listener->tls->min_version ? TLS1_3_VERSION : TLS1_2_VERSION;
    opts.client_certs &= !port->listener->tls->client_auth_disabled;
    port->tls = moxd_tls_new(&opts, pairs, n, err);
    if (port->tls) {
        warn_of_certificate(port);
        return 0;
    }
    return moxd_err_wrap(err, "listener \"%s\", service %s", port->listener->head.label, s->name);
}

static void register_metrics(void)
{
    static const char *const results[] = { "accepted", "busy",       "proxy-failed",
                                           "refused",  "tls-failed", NULL };
    const char **names = moxd_arena_calloc(core_ports.a, core_ports.n + 1, sizeof(*names));
    size_t n = 0;

    for (size_t i = 0; i < core_ports.n; i++) {
        size_t k = 0;
        while (k < n && strcmp(names[k], core_ports.v[i].service->name) != 0)
            k++;
        if (k == n)
            names[n++] = core_ports.v[i].service->name;
    }
    core_ports.connections = moxd_metric_register(&(struct moxd_metric){
        .name = "moxd_connections_total",
        .type = MOXD_COUNTER,
        .help = "Connections that came in, by service and by what became of them.",
        .label = { "service", "result" },
        .values = { names, results } });
    core_ports.open = moxd_metric_register(
        &(struct moxd_metric){ .name = "moxd_connections",
                               .type = MOXD_GAUGE,
                               .help = "Connections that are open now, by service.",
                               .label = { "service" },
                               .values = { names } });
}

int core_ports_init(const struct moxd_conf *conf, const struct core_modules *set,
                    struct core_handed *handed, struct moxd_err *err)
{
    const struct moxd_core_conf *core = core_conf_of(conf);

    moxd_assert(!core_ports.a);
    core_ports.a = moxd_arena_new(0);
    core_ports.generation = moxd_conf_ref(conf);
    core_ports.max_sessions = (size_t)core->max_connections;
    core_ports.reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
    make_ports(core, set);
    register_metrics();
    core_ports.on_connection = core_point_find(set, "on_connection");
    core_ports.on_disconnect = core_point_find(set, "on_disconnect");
    for (size_t i = 0; i < core_ports.n; i++) {
        take_sockets(&core_ports.v[i], handed);
        if (make_tls(&core_ports.v[i], &handed->certs, err) < 0)
            return -1;
    }
    return 0;
}

int core_ports_certs(const struct core_certs *certs, struct moxd_err *err)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_err one = { 0 };
    int rc = 0;

    for (size_t i = 0; i < core_ports.n; i++) {
        struct core_port *port = &core_ports.v[i];
        size_t n;
        struct moxd_tls_pair *pairs = pairs_of(certs, port, a, &n);
        if (!port->tls)
            continue;
        if (moxd_tls_reload(port->tls, pairs, n, &one) == 0) {
            warn_of_certificate(port);
            continue;
        }
        moxd_error(&port->log, "new certificate is not used, the old one stays", moxd_kve(&one));
        if (rc == 0 && err)
            *err = one;
        rc = -1;
    }
    moxd_arena_free(a);
    return rc;
}

void core_ports_accept(void)
{
    size_t n = 0;

    for (size_t i = 0; i < core_ports.n; i++)
        n += core_ports.v[i].nfd;
    core_ports.acceptors = moxd_arena_calloc(core_ports.a, n + 1, sizeof(*core_ports.acceptors));
    for (size_t i = 0; i < core_ports.n; i++)
        for (size_t k = 0; k < core_ports.v[i].nfd; k++)
            core_accept_begin(&core_ports.v[i], core_ports.v[i].fd[k],
                              &core_ports.acceptors[core_ports.nacceptors++]);
}

void core_ports_end(void)
{
    moxd_assert(core_ports.nsessions == 0);
    for (size_t i = 0; i < core_ports.nacceptors; i++)
        (void)moxd_fiber_cancel(core_ports.acceptors[i]);
    for (size_t i = 0; i < core_ports.nacceptors; i++)
        (void)moxd_fiber_join(core_ports.acceptors[i], MOXD_NEVER);
    core_ports.nacceptors = 0;
}

void core_ports_fini(void)
{
    moxd_assert(core_ports.nacceptors == 0);
    for (size_t i = 0; i < core_ports.n; i++) {
        for (size_t k = 0; k < core_ports.v[i].nfd; k++)
            moxd_closep(&core_ports.v[i].fd[k]);
        moxd_tls_free(core_ports.v[i].tls);
    }
    moxd_closep(&core_ports.reserve);
    if (core_ports.a) {
        moxd_conf_unref(core_ports.generation);
        moxd_arena_free(core_ports.a);
    }
    core_ports = (struct core_ports){ .reserve = -1 };
}
