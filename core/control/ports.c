/* What the server listens on, for people and for tests that asked for port 0. */
#include "config/conf.h"
#include "control/control.h"

#include <moxd/service.h>

typedef void print_fn(struct moxd_ctl *c, const struct moxd_listener_conf *l,
                      const struct moxd_service *s);

/* Every service of every module on every listener, whether it is configured there or not. */
static void for_each_service(struct moxd_ctl *c, print_fn *print)
{
    const struct conf_static *st = conf_current()->st;

    for (size_t i = 0; i < st->core->listeners.n; i++) {
        for (size_t k = 0; k < st->n; k++) {
            const struct moxd_service *s = st->mods[k].module->services;
            for (; s && s->name; s++)
                print(c, st->core->listeners.v[i], s);
        }
    }
}

static void print_port(struct moxd_ctl *c, const struct moxd_listener_conf *l, const char *service)
{
    char ip[64];
    unsigned port;

    for (size_t n = 0; moxd_service_port(l->head.label, service, n, ip, &port); n++)
        moxd_ctl_printf(c, "%s %s %s %u\n", l->head.label, service, ip, port);
}

static void print_ports(struct moxd_ctl *c, const struct moxd_listener_conf *l,
                        const struct moxd_service *s)
{
    print_port(c, l, s->name);
}

int control_cmd_ports(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                      struct moxd_err *err)
{
    const struct moxd_blocks *listeners = &conf_current()->st->core->listeners;

    (void)m, (void)argc, (void)argv, (void)err;
    for_each_service(c, print_ports);
    for (size_t i = 0; i < listeners->n; i++)
        print_port(c, listeners->v[i], CORE_ALPN);
    return 0;
}

/* A service listens on the same port of all addresses, but where the system chose the port. */
static void print_for_client(struct moxd_ctl *c, const struct moxd_listener_conf *l,
                             const struct moxd_service *s)
{
    const char *host = l->hostname ? l->hostname : conf_current()->st->core->hostname;
    const char *tls = s->implicit_tls ? "TLS from the start" : l->tls ? "STARTTLS" : "no TLS";
    char ip[64];
    unsigned port;

    if (s->for_clients && moxd_service_port(l->head.label, s->name, 0, ip, &port))
        moxd_ctl_printf(c, "%-12s  host %s  port %u  %s  (listener %s)\n", s->name, host, port, tls,
                        l->head.label);
    if (s->for_clients && core_alpn_has(l, s) &&
        moxd_service_port(l->head.label, CORE_ALPN, 0, ip, &port))
        moxd_ctl_printf(c, "%-12s  host %s  port %u  %s, ALPN \"%s\"  (listener %s)\n", s->name,
                        host, port, tls, s->alpn[0], l->head.label);
}

int control_cmd_clientconfig(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                             struct moxd_err *err)
{
    (void)m, (void)argc, (void)argv, (void)err;
    for_each_service(c, print_for_client);
    moxd_ctl_printf(c, "The user name is a full address of the account.\n");
    return 0;
}
