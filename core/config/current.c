/* The generation that is current, and who is told of a new one. */
#include "config/conf.h"

#include <moxd/log.h>

static struct moxd_conf *current;
static void (*on_reload)(const struct moxd_conf *conf);
struct conf_stamp conf_seen;

const struct moxd_conf *moxd_conf_current(void)
{
    return current;
}

struct moxd_conf *conf_current(void)
{
    return current;
}

static void set_log_levels(const struct moxd_core_conf *c)
{
    moxd_log_set_level(NULL, (enum moxd_level)c->log_level);
    for (size_t i = 0; i < c->log_levels.n; i++) {
        const struct core_log_conf *l = c->log_levels.v[i];
        moxd_log_set_level(l->head.label, (enum moxd_level)l->level);
    }
}

void core_conf_activate(struct moxd_conf *conf)
{
    struct moxd_conf *before = current;

    current = conf;
    if (!before)
        set_log_levels(core_conf_of(conf));
    moxd_conf_unref(before);
}

void core_conf_on_reload(void (*fn)(const struct moxd_conf *conf))
{
    on_reload = fn;
}

void conf_activate_next(struct moxd_conf *conf)
{
    core_conf_activate(conf);
    if (on_reload)
        on_reload(conf);
}

void core_conf_fini(void)
{
    moxd_conf_unref(current);
    current = NULL;
    on_reload = NULL;
}
