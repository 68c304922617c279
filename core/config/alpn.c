/* Several services on one port, told apart by what clients ask for in their TLS handshake (RFC 7301). */
#include "config/conf.h"

static const struct moxd_directive alpn_directives[] = {
    MOXD_SERVICE_PORT("443"),
    { .name = "services",
      MOXD_AT_STRINGS(struct core_alpn_conf, services),
      .doc =
          "Services of this listener that are reached through the port too, such as [\"imaps\"]. "
          "Default: all that begin with TLS and have a name for ALPN." },
    { 0 },
};
const struct moxd_block conf_alpn_block = { .size = sizeof(struct core_alpn_conf),
                                            .directives = alpn_directives };

static bool is_named(const struct moxd_strings *names, const char *name)
{
    for (size_t i = 0; i < names->n; i++)
        if (strcmp(names->v[i], name) == 0)
            return true;
    return false;
}

static bool can_be_chosen(const struct moxd_service *s)
{
    return s->implicit_tls && s->alpn[0];
}

bool core_alpn_has(const struct moxd_listener_conf *l, const struct moxd_service *s)
{
    const struct core_alpn_conf *alpn = l->alpn;

    return alpn && can_be_chosen(s) && core_conf_service_on(moxd_conf_ext(&l->head, s->name)) &&
           (alpn->services.n == 0 || is_named(&alpn->services, s->name));
}

bool core_alpn_replaces(const struct moxd_listener_conf *l, const struct moxd_service *s)
{
    const struct core_alpn_conf *alpn = l->alpn;
    const struct moxd_service_conf *conf = moxd_conf_ext(&l->head, s->name);

    return core_alpn_has(l, s) && conf->port != 0 && conf->port == alpn->service.port;
}

/* ---- checks */

struct offer {
    const char *name;
    const struct moxd_service *service;
};
struct offers {
    struct offer v[CONF_ALPN_MAX];
    size_t n;
    struct moxd_pos pos;
    struct moxd_problems *out;
};

static void offer(struct offers *all, const char *name, const struct moxd_service *s)
{
    for (size_t i = 0; i < all->n; i++) {
        if (strcmp(all->v[i].name, name) != 0)
            continue;
        moxd_problem(all->out, all->pos, "name one of them in services",
                     "%s and %s both have the ALPN name \"%s\"", all->v[i].service->name, s->name,
                     name);
        return;
    }
    if (all->n == CONF_ALPN_MAX)
        moxd_problem(all->out, all->pos, "name fewer services", "more than %d ALPN names",
                     CONF_ALPN_MAX);
    else
        all->v[all->n++] = (struct offer){ name, s };
}

static const struct moxd_service *find_service(const struct conf_static *st, const char *name)
{
    for (size_t i = 0; i < st->n; i++)
        for (const struct moxd_service *s = st->mods[i].module->services; s && s->name; s++)
            if (strcmp(s->name, name) == 0)
                return s;
    return NULL;
}

/* A service that is written there but cannot be reached through the port. */
static void check_named(const struct conf_static *st, const struct moxd_listener_conf *l, size_t i,
                        struct moxd_problems *out)
{
    const struct moxd_strings *names = &((const struct core_alpn_conf *)l->alpn)->services;
    const struct moxd_service *s = find_service(st, names->v[i]);

    if (!s)
        moxd_problem(out, names->pos[i], NULL, "no module has a service \"%s\"", names->v[i]);
    else if (!can_be_chosen(s))
        moxd_problem(out, names->pos[i], "services with TLS from the start have one, as imaps",
                     "%s has no name for ALPN", s->name);
    else if (!core_conf_service_on(moxd_conf_ext(&l->head, s->name)))
        moxd_problem(out, names->pos[i],
                     moxd_arena_printf(out->a, "add %s { } to the listener", s->name),
                     "listener \"%s\" has no %s", l->head.label, s->name);
}

void conf_check_alpn(const struct conf_static *st, const struct moxd_listener_conf *l,
                     struct moxd_problems *out)
{
    const struct core_alpn_conf *alpn = l->alpn;
    struct offers all = { .pos = alpn->service.head.pos, .out = out };
    size_t errors = core_problems_errors(out);

    for (size_t i = 0; i < alpn->services.n; i++)
        check_named(st, l, i, out);
    for (size_t i = 0; i < st->n; i++)
        for (const struct moxd_service *s = st->mods[i].module->services; s && s->name; s++)
            for (size_t k = 0; core_alpn_has(l, s) && s->alpn[k]; k++)
                offer(&all, s->alpn[k], s);
    if (all.n == 0 && core_problems_errors(out) == errors)
        moxd_problem(out, all.pos, "add submissions { } or imaps { } to the listener",
                     "listener \"%s\" has no service that alpn could offer", l->head.label);
}
