/* What follows from the values in moxd.conf, and paths. */
#include "config/conf.h"

#include <moxd/path.h>
#include <unistd.h>

static const char *system_hostname(struct moxd_arena *a)
{
    char name[CONF_HOSTNAME_MAX + 1];

    if (gethostname(name, sizeof(name)) < 0)
        return "localhost";
    name[CONF_HOSTNAME_MAX] = '\0';
    return moxd_arena_strdup(a, name);
}

static bool written(const struct moxd_core_conf *c, const char *name)
{
    return moxd_node_find((struct moxd_node *)c->head.node, name, NULL) != NULL;
}

void conf_core_derive(struct moxd_core_conf *c, const char *path, struct conf_apply *ap)
{
    struct core_tls_conf *tls = c->tls;

    if (!c->hostname) {
        c->hostname = system_hostname(ap->a);
        if (!strchr(c->hostname, '.') && !written(c, "hostname"))
            moxd_problem_warning(
                ap->out, c->head.pos,
                "hostname is not set, and the system's name \"%s\" is not a full one", c->hostname);
    }
    for (size_t i = 0; i < c->listeners.n; i++) {
        struct moxd_listener_conf *l = c->listeners.v[i];
        l->hostname = l->hostname ? l->hostname : c->hostname;
    }
    conf_absolute(&c->module_dirs, ap->dir, ap->a);
    conf_absolute(&tls->ca, ap->dir, ap->a);
    c->config_path = moxd_arena_strdup(ap->a, path);
    c->domains_path = moxd_path_join(ap->a, ap->dir, "domains.conf");
    c->control_path = moxd_path_join(ap->a, c->data_dir, "ctl");
}
