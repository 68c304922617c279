#include "process/bind.h"

#include "process/inherit.h"

#include <errno.h>
#include <moxd/stream.h>
#include <netinet/in.h>
#include <unistd.h>

struct plan {
    struct moxd_arena *a;
    struct core_binds *out;
    size_t cap;
};

static void plan_service(struct plan *plan, const struct moxd_listener_conf *l, const char *service,
                         unsigned port)
{
    for (size_t i = 0; i < l->addresses.n; i++) {
        struct core_bind *b =
            moxd_arena_push(plan->a, &plan->out->v, &plan->out->n, &plan->cap, sizeof(*b));
        *b = (struct core_bind){ .listener = l->head.label,
                                 .service = service,
                                 .pos = l->addresses.pos[i],
                                 .address = l->addresses.v[i],
                                 .port = port,
                                 .fd = -1 };
        b->len = moxd_addr_parse(b->address, port, &b->addr);
        moxd_assert(b->len > 0); /* the configuration was checked */
    }
}

static void plan_module(struct plan *plan, const struct moxd_listener_conf *l,
                        const struct moxd_service *table)
{
    for (const struct moxd_service *s = table; s && s->name; s++) {
        const struct moxd_service_conf *sc = moxd_conf_ext(&l->head, s->name);
        if (core_conf_service_on(sc) && !core_alpn_replaces(l, s))
            plan_service(plan, l, s->name, (unsigned)sc->port);
    }
}

void core_binds_plan(const struct moxd_conf *conf, const struct core_modules *set,
                     struct moxd_arena *a, struct core_binds *out)
{
    const struct moxd_core_conf *core = core_conf_of(conf);
    struct plan plan = { .a = a, .out = out };

    *out = (struct core_binds){ 0 };
    for (size_t i = 0; i < core->listeners.n; i++) {
        const struct moxd_listener_conf *l = core->listeners.v[i];
        for (size_t k = 0; k < core_modules_count(set); k++)
            plan_module(&plan, l, core_modules_get(set, k)->tables.services);
        if (l->alpn)
            plan_service(&plan, l, CORE_ALPN,
                         (unsigned)((const struct core_alpn_conf *)l->alpn)->service.port);
    }
}

static int listen_on(const struct core_bind *b)
{
    MOXD_CLEANUP(moxd_closep)
    int fd = socket(b->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1;

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
        return -1;
    if (b->addr.ss_family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
        return -1;
    if (bind(fd, (const struct sockaddr *)&b->addr, b->len) < 0 || listen(fd, SOMAXCONN) < 0)
        return -1;
    int listening = fd;
    fd = -1;
    return listening;
}

static const char *bind_hint(int error, unsigned port)
{
    if (error == EADDRINUSE)
        return "another program listens there: `ss -ltnp` shows which; a wildcard address "
               "conflicts "
               "with each specific one";
    if (error == EACCES && port < IPPORT_RESERVED)
        return "ports below 1024 need root: start moxd as root, it gives the privilege up";
    if (error == EADDRNOTAVAIL)
        return "this machine does not have the address: `ip addr` shows those that it has";
    return NULL;
}

int core_binds_open(struct core_binds *binds, struct moxd_problems *problems)
{
    struct core_inherited inherited;
    int rc = 0;

    core_inherit(&inherited);
    for (size_t i = 0; i < binds->n; i++) {
        struct core_bind *b = &binds->v[i];
        b->fd = core_inherit_take(&inherited, &b->addr);
        if (b->fd < 0)
            b->fd = listen_on(b);
        if (b->fd >= 0)
            continue;
        moxd_problem(problems, b->pos, bind_hint(errno, b->port),
                     "listener \"%s\", service %s: cannot listen on %s port %u: %s", b->listener,
                     b->service, b->address, b->port, strerror(errno));
        rc = -1;
    }
    core_inherit_fini(&inherited);
    if (rc < 0)
        core_binds_close(binds);
    return rc;
}

void core_binds_close(struct core_binds *binds)
{
    for (size_t i = 0; i < binds->n; i++)
        moxd_closep(&binds->v[i].fd);
}

int core_binds_hand_over(const struct core_binds *binds, struct moxd_err *err)
{
    struct moxd_buf b = MOXD_BUF_INIT(CORE_INHERIT_TEXT_MAX);
    int rc = 0;

    for (size_t i = 0; i < binds->n && rc == 0; i++)
        rc = core_inherit_add(&b, binds->v[i].fd, err);
    if (rc == 0)
        rc = core_inherit_export(&b, err);
    moxd_buf_fini(&b);
    return rc;
}
