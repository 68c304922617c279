#include "listen/alpn.h"

#include "config/conf.h"
#include "stream/stream_priv.h"

/* Clients of HTTPS that do not know ALPN mean this (RFC 7301 6). */
static const char silent[] = "http/1.1";

struct shared {
    struct core_port *port;
    struct moxd_service *service; /* what all of them need */
    const char **names;
    size_t n;
};

static void add_service(struct shared *sh, const struct moxd_service *s)
{
    sh->service->client_certs |= s->client_certs;
    sh->service->for_clients |= s->for_clients;
    for (size_t i = 0; s->alpn[i] && sh->n < CONF_ALPN_MAX; i++)
        sh->names[sh->n++] = s->alpn[i];
}

void core_alpn_port(struct core_port *port, const struct moxd_core_conf *core,
                    const struct moxd_listener_conf *l, const struct core_modules *set)
{
    struct shared sh = { .port = port };

    sh.service = moxd_arena_calloc(core_ports.a, 1, sizeof(*sh.service));
    sh.names = moxd_arena_calloc(core_ports.a, CONF_ALPN_MAX + 1, sizeof(*sh.names));
    *sh.service = (struct moxd_service){ .name = CORE_ALPN, .implicit_tls = true };
    for (size_t i = 0; i < core_modules_count(set); i++) {
        const struct moxd_service *s = core_modules_get(set, i)->tables.services;
        for (; s && s->name; s++)
            if (core_alpn_has(l, s))
                add_service(&sh, s);
    }
    *port = (struct core_port){
        .listener = l,
        .service = sh.service,
        .conf = &((const struct core_alpn_conf *)l->alpn)->service,
        .alpn = sh.names,
        .hostname = l->hostname ? l->hostname : core->hostname,
        .log = { .component = "core", .nkv = 2 },
        .kv = { moxd_kvs("listener", l->head.label), moxd_kvs("service", CORE_ALPN) },
    };
}

static bool offers(const struct core_port *port, struct moxd_str name)
{
    for (size_t i = 0; port->service->alpn[i]; i++)
        if (moxd_str_eq(moxd_cstr(port->service->alpn[i]), name))
            return true;
    return false;
}

bool core_alpn_serves_silent(const struct core_port *port)
{
    for (size_t i = 0; port->alpn[i]; i++)
        if (strcmp(port->alpn[i], silent) == 0)
            return true;
    return false;
}

struct core_port *core_alpn_choose(const struct core_port *port, const struct moxd_stream *st)
{
    struct moxd_str name = moxd_stream_alpn(st);

    if (name.n == 0)
        name = MOXD_STR(silent);
    for (size_t i = 0; i < core_ports.n; i++) {
        struct core_port *p = &core_ports.v[i];
        if (p->listener == port->listener && p->m && core_alpn_has(p->listener, p->service) &&
            offers(p, name))
            return p;
    }
    return NULL;
}
