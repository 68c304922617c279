/* Which transport: routes and their criteria. */
#include "queue_conf.h"

const struct queue_transport *queue_transport_find(const struct queue_conf *conf, const char *name)
{
    for (size_t i = 0; i < conf->transports.n; i++) {
        const struct queue_transport *t = conf->transports.v[i];
        if (strcmp(t->head.label, name) == 0)
            return t;
    }
    return NULL;
}

/* P-QUEUE-06: with a dot in front, what is below. */
static bool domain_matches(const struct moxd_strings *list, const char *domain)
{
    struct moxd_str d = moxd_cstr(domain);

    for (size_t i = 0; i < list->n; i++) {
        struct moxd_str want = moxd_cstr(list->v[i]);
        if (want.n > 0 && want.p[0] == '.' ? moxd_str_caseends(d, want) && d.n > want.n
                                           : moxd_str_caseeq(d, want))
            return true;
    }
    return list->n == 0;
}

static bool matches(const struct queue_route *r, const struct queue_route_facts *f)
{
    return f->attempts >= (uint64_t)r->minimum_attempts && domain_matches(&r->to, f->to_domain) &&
           domain_matches(&r->from, f->from_domain);
}

static const struct queue_route *first(const struct moxd_blocks *routes,
                                       const struct queue_route_facts *f)
{
    for (size_t i = 0; i < routes->n; i++)
        if (matches(routes->v[i], f))
            return routes->v[i];
    return NULL;
}

const struct queue_transport *queue_route_find(const struct queue_conf *conf,
                                               const struct queue_dynamic_conf *all,
                                               const struct queue_domain_conf *domain,
                                               const struct queue_account_conf *account,
                                               const struct queue_route_facts *f)
{
    const struct queue_route *r = account ? first(&account->routes, f) : NULL;

    if (!r && domain)
        r = first(&domain->routes, f);
    if (!r && all)
        r = first(&all->routes, f);
    return r && r->transport[0] ? queue_transport_find(conf, r->transport) : NULL;
}

/* --- checks ------------------------------------------------------------------------------------ */

/* Blocks of other modules are not ours to see as structs: routes are found in the tree. */
static void check_routes(const struct queue_conf *conf, struct moxd_node *block,
                         struct moxd_problems *out)
{
    struct moxd_node *route = NULL;

    while ((route = moxd_node_next(block, route, "route")) != NULL) {
        const char *name = moxd_node_value(route, "transport");
        if (name && name[0] && !queue_transport_find(conf, name))
            moxd_problem(out, moxd_node_pos(route),
                         "name one of queue { transport \"...\" { } } in moxd.conf, or \"\"",
                         "there is no transport \"%s\"", name);
    }
}

static void check_objects(const struct queue_conf *conf, struct moxd_node *root, const char *scope,
                          struct moxd_problems *out)
{
    struct moxd_node *object = NULL;

    while ((object = moxd_node_next(root, object, scope)) != NULL) {
        struct moxd_node *block = moxd_node_find(object, "queue", NULL);
        if (block)
            check_routes(conf, block, out);
    }
}

void queue_check(struct moxd_instance *m, const struct moxd_conf *conf, struct moxd_problems *out)
{
    const struct queue_dynamic_conf *all = moxd_conf_dynamic(conf, m);
    const struct queue_conf *static_conf = moxd_conf_module(conf, m);
    struct moxd_node *root =
        all ? (struct moxd_node *)(uintptr_t)(const void *)all->head.node : NULL;

    if (!root)
        return;
    check_routes(static_conf, root, out);
    check_objects(static_conf, root, "domain", out);
    check_objects(static_conf, root, "account", out);
}
