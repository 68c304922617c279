/* What the server listens on, for people and for tests that asked for port 0. */
#include "config/conf.h"
#include "control/control.h"

#include <moxd/service.h>

static void print_service(struct moxd_ctl *c, const char *listener, const char *service)
{
    char ip[64];
    unsigned port;

    for (size_t n = 0; moxd_service_port(listener, service, n, ip, &port); n++)
        moxd_ctl_printf(c, "%s %s %s %u\n", listener, service, ip, port);
}

int control_cmd_ports(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                      struct moxd_err *err)
{
    const struct conf_static *st = conf_current()->st;

    (void)m, (void)argc, (void)argv, (void)err;
    for (size_t i = 0; i < st->core->listeners.n; i++) {
        const struct moxd_listener_conf *l = st->core->listeners.v[i];

        for (size_t k = 0; k < st->n; k++) {
            const struct moxd_service *s = st->mods[k].module->services;
            for (; s && s->name; s++)
                print_service(c, l->head.label, s->name);
        }
    }
    return 0;
}
