/* The life of modules: init, start, reload, drain, stop. */
#include "core_control.h"
#include "module/set.h"

static void describe_failure(const struct core_module *mod, const char *what, struct moxd_err *err)
{
    if (err->kind == MOXD_ERR_NONE)
        (void)moxd_err_set(err, MOXD_ERR_INTERNAL, "no reason given");
    (void)moxd_err_wrap(err, "module \"%s\" did not %s", mod->tables.name, what);
}

static int init_one(struct core_module *mod, const struct moxd_conf *conf, struct moxd_err *err)
{
    int rc = 0;

    if (mod->tables.init) {
        moxd_nosuspend_begin();
        rc = mod->tables.init(mod->m, conf, err);
        moxd_nosuspend_end();
    }
    if (rc < 0)
        describe_failure(mod, "initialize", err);
    else
        mod->state = CORE_MODULE_INITED;
    return rc < 0 ? -1 : 0;
}

static void register_metrics(const struct core_module *mod)
{
    for (const struct moxd_metric *metric = mod->tables.metrics; metric && metric->name; metric++)
        (void)moxd_metric_register(metric);
}

static int activate(struct core_modules *set, struct moxd_err *err)
{
    for (size_t i = 0; i < set->n; i++) {
        struct core_module *mod = set->v[i];
        if (mod->tables.commands && core_control_register(mod->tables.commands, mod->m, err) < 0)
            return moxd_err_wrap(err, "module \"%s\"", mod->tables.name);
    }
    core_points_activate(set, true);
    set->active = true;
    return 0;
}

static int init_all(struct core_modules *set, const struct moxd_conf *conf, struct moxd_err *err)
{
    for (size_t i = 0; i < set->n; i++)
        register_metrics(set->v[i]);
    for (size_t i = 0; i < set->n; i++)
        if (init_one(set->v[i], conf, err) < 0)
            return -1;
    return activate(set, err);
}

int core_modules_init(struct core_modules *set, const struct moxd_conf *conf, struct moxd_err *err)
{
    struct moxd_err own = { 0 };

    moxd_assert(set->resolved && !set->active);
    if (!err)
        err = &own;
    if (init_all(set, conf, err) < 0) {
        (void)core_modules_stop(set, MOXD_NEVER);
        return -1;
    }
    core_modules_reload(set, conf);
    return 0;
}

int core_modules_start(struct core_modules *set, struct moxd_err *err)
{
    struct moxd_err own = { 0 };

    if (!err)
        err = &own;
    for (size_t i = 0; i < set->n; i++) {
        struct core_module *mod = set->v[i];
        if (mod->tables.start && mod->tables.start(mod->m, err) < 0) {
            describe_failure(mod, "start", err);
            (void)core_modules_stop(set, MOXD_NEVER);
            return -1;
        }
        mod->state = CORE_MODULE_STARTED;
    }
    return 0;
}

void core_modules_reload(struct core_modules *set, const struct moxd_conf *conf)
{
    for (size_t i = 0; i < set->n; i++) {
        struct core_module *mod = set->v[i];
        if (!mod->tables.reload)
            continue;
        moxd_nosuspend_begin();
        mod->tables.reload(mod->m, conf);
        moxd_nosuspend_end();
    }
}

void core_modules_drain(struct core_modules *set, int64_t deadline)
{
    int64_t ceiling = moxd_fiber_ceiling(deadline);

    for (size_t i = set->n; i-- > 0;)
        if (set->v[i]->state == CORE_MODULE_STARTED && set->v[i]->tables.drain)
            set->v[i]->tables.drain(set->v[i]->m);
    (void)moxd_fiber_ceiling(ceiling);
}

/* Its fibers end before stop frees what they use; what stop itself spawned ends after it. */
static int stop_one(struct core_module *mod, int64_t deadline)
{
    core_module_join(mod, deadline);
    if (mod->tables.stop)
        mod->tables.stop(mod->m);
    core_module_join(mod, deadline);
    mod->state = CORE_MODULE_LOADED;
    if (!mod->fibers)
        return 0;
    moxd_error(&mod->set->log, "fibers of a module do not end",
               moxd_kvs("module", mod->tables.name));
    return -1;
}

int core_modules_stop(struct core_modules *set, int64_t deadline)
{
    int64_t ceiling = moxd_fiber_ceiling(deadline);
    int rc = 0;

    core_points_activate(set, false);
    set->active = false;
    for (size_t i = set->n; i-- > 0;)
        if (set->v[i]->state != CORE_MODULE_LOADED && stop_one(set->v[i], deadline) < 0)
            rc = -1;
    core_control_fini();
    (void)moxd_fiber_ceiling(ceiling);
    return rc;
}
