/* What listens where: two services on one address and port, TLS services without TLS. */
#include "config/conf.h"

#include <arpa/inet.h>

struct claim {
    unsigned char ip[16];
    size_t n; /* bytes of ip: 4 or 16 */
    int64_t port;
    const char *listener, *service;
};
struct claims {
    struct claim *v;
    size_t n, cap;
    struct moxd_arena *a;
    struct moxd_problems *out;
};

static bool is_any(const struct claim *c)
{
    static const unsigned char zero[16];

    return memcmp(c->ip, zero, c->n) == 0;
}

/* The kernel refuses a wildcard beside one of its addresses too. */
static bool collide(const struct claim *x, const struct claim *y)
{
    if (x->port != y->port || x->n != y->n)
        return false;
    return is_any(x) || is_any(y) || memcmp(x->ip, y->ip, x->n) == 0;
}

static void claim(struct claims *all, const struct moxd_listener_conf *l, const char *service,
                  const struct moxd_service_conf *conf, size_t i)
{
    struct claim c = { .port = conf->port, .listener = l->head.label, .service = service };

    c.n = strchr(l->addresses.v[i], ':') ? 16 : 4;
    if (c.port == 0 || inet_pton(c.n == 16 ? AF_INET6 : AF_INET, l->addresses.v[i], c.ip) != 1)
        return;
    for (size_t k = 0; k < all->n; k++) {
        const struct claim *other = &all->v[k];

        if (!collide(&c, other))
            continue;
        moxd_problem(all->out, conf->head.pos, NULL,
                     "%s on %s port %d collides with %s of listener \"%s\"", service,
                     l->addresses.v[i], (int)c.port, other->service, other->listener);
        return;
    }
    *(struct claim *)moxd_arena_push(all->a, &all->v, &all->n, &all->cap, sizeof(c)) = c;
}

static void claim_all(struct claims *all, const struct moxd_listener_conf *l, const char *service,
                      const struct moxd_service_conf *conf, bool needs_tls)
{
    if (needs_tls && !l->tls)
        moxd_problem(all->out, conf->head.pos, "add tls { ... } to the listener",
                     "%s begins with TLS, but listener \"%s\" has none", service, l->head.label);
    for (size_t i = 0; i < l->addresses.n; i++)
        claim(all, l, service, conf, i);
}

static void check_service(struct claims *all, const struct moxd_listener_conf *l,
                          const struct moxd_service *s)
{
    const struct moxd_service_conf *conf = moxd_conf_ext(&l->head, s->name);

    if (core_conf_service_on(conf) && !core_alpn_replaces(l, s))
        claim_all(all, l, s->name, conf, s->implicit_tls);
}

void conf_check_services(const struct conf_static *st, struct moxd_problems *out)
{
    const struct moxd_blocks *listeners = &st->core->listeners;
    struct claims all = { .a = moxd_arena_new(0), .out = out };

    for (size_t i = 0; i < listeners->n; i++) {
        const struct moxd_listener_conf *l = listeners->v[i];
        for (size_t k = 0; k < st->n; k++) {
            const struct moxd_service *s = st->mods[k].module->services;
            for (; s && s->name; s++)
                check_service(&all, l, s);
        }
        if (!l->alpn)
            continue;
        claim_all(&all, l, CORE_ALPN, l->alpn, true);
        conf_check_alpn(st, l, out);
    }
    moxd_arena_free(all.a);
}
