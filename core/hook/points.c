/* From the modules' tables to points with their hooks. */
#include "module/set.h"

#include <stdlib.h>

enum { DEFAULT_TIMEOUT_S = 30 };
_Static_assert(sizeof(struct moxd_hook) == 4 * sizeof(void *) + 32, "element of modules' arrays");

static size_t count_of(const struct core_module *mod)
{
    size_t n = 0;

    for (const struct moxd_point_def *d = mod->tables.points; d && d->name; d++)
        n++;
    return n;
}

static size_t count_points(const struct core_modules *set)
{
    size_t n = 0;

    for (size_t i = 0; i < set->n; i++)
        n += count_of(set->v[i]);
    return n;
}

static void add_points(struct core_modules *set, struct core_module *mod,
                       struct moxd_problems *problems)
{
    for (const struct moxd_point_def *d = mod->tables.points; d && d->name; d++) {
        const struct moxd_point *other = core_point_find(set, d->name);
        if (other) {
            moxd_problem(problems, mod->pos, "they cannot be used together",
                         "modules \"%s\" and \"%s\" both have a hook point %s",
                         other->owner->tables.name, mod->tables.name, d->name);
            continue;
        }
        set->points[set->npoints++] =
            (struct moxd_point){ .def = d, .kind = d->kind, .owner = mod };
    }
}

struct moxd_point *core_point_find(const struct core_modules *set, const char *name)
{
    for (size_t i = 0; i < set->npoints; i++)
        if (strcmp(set->points[i].def->name, name) == 0)
            return &set->points[i];
    return NULL;
}

/* The point that a hook is for; NULL, with a problem unless it is optional. */
static struct moxd_point *point_of(const struct core_module *mod, const struct moxd_hook *hook,
                                   struct moxd_problems *problems)
{
    struct moxd_point *p = core_point_find(mod->set, hook->point);

    if (!p && !hook->optional)
        moxd_problem(
            problems, mod->pos,
            "load the module that has this point; `moxd -o` shows the points that are there",
            "module \"%s\" has a hook for %s, but no loaded module has such a point",
            mod->tables.name, hook->point);
    if (!p || p->def->major == hook->major)
        return p;
    const struct core_module *old = p->def->major > hook->major ? mod : p->owner;
    const char *hint = moxd_arena_printf(mod->set->a, "update the module \"%s\"", old->tables.name);
    moxd_problem(problems, mod->pos, hint,
                 "module \"%s\" has a hook for version %u of %s, but \"%s\" has version %u",
                 mod->tables.name, hook->major, hook->point, p->owner->tables.name, p->def->major);
    return NULL;
}

/* "example.on_rcpt", and for a second hook of the module at the point "example.on_rcpt.2". */
static const char *label_of(const struct core_module *mod, const struct moxd_hook *hook)
{
    unsigned nth = 1;

    for (const struct moxd_hook *h = mod->tables.hooks; h < hook; h++)
        nth += strcmp(h->point, hook->point) == 0;
    if (nth == 1)
        return moxd_arena_printf(mod->set->a, "%s.%s", mod->tables.name, hook->point);
    return moxd_arena_printf(mod->set->a, "%s.%s.%u", mod->tables.name, hook->point, nth);
}

static void add_hooks(struct core_modules *set, struct core_module *mod, size_t *caps,
                      struct moxd_problems *problems)
{
    for (const struct moxd_hook *h = mod->tables.hooks; h && h->point; h++) {
        struct moxd_point *p = point_of(mod, h, problems);
        if (!p)
            continue;
        struct core_hook *hook =
            moxd_arena_push(set->a, &p->v, &p->ordered, &caps[p - set->points], sizeof(*hook));
        *hook = (struct core_hook){
            .fn = h->fn,
            .m = mod->m,
            .timeout = h->timeout > 0 ? h->timeout : DEFAULT_TIMEOUT_S * MOXD_SEC,
            .on_error = CORE_ON_ERROR_DEFER,
            .def = h,
            .mod = mod,
            .point = p,
            .label = label_of(mod, h),
            .index = (size_t)(h - mod->tables.hooks),
        };
    }
}

static void make_refs(struct core_modules *set, struct moxd_point *p)
{
    p->ordered_refs = moxd_arena_calloc(set->a, p->ordered + 1, sizeof(*p->ordered_refs));
    for (size_t i = 0; i < p->ordered; i++)
        p->ordered_refs[i] = (struct moxd_hook_ref){ .fn = p->v[i].fn, .m = p->v[i].m };
    p->refs = p->ordered_refs + p->ordered;
}

void core_points_build(struct core_modules *set, struct moxd_problems *problems)
{
    struct core_module *core = core_points_owner(set);
    size_t n = count_of(core) + count_points(set);
    size_t *caps = moxd_arena_calloc(set->a, n + 1, sizeof(*caps));

    set->points = moxd_arena_calloc(set->a, n + 1, sizeof(*set->points));
    add_points(set, core, problems);
    for (size_t i = 0; i < set->n; i++)
        add_points(set, set->v[i], problems);
    for (size_t i = 0; i < set->n; i++)
        add_hooks(set, set->v[i], caps, problems);
    for (size_t i = 0; i < set->npoints; i++) {
        core_hooks_order(set, &set->points[i], problems);
        make_refs(set, &set->points[i]);
    }
}

/* The verdicts of each point are counted; the label's values are the names of the points. */
static struct moxd_metric_handle *register_verdicts(struct core_modules *set)
{
    static const char *const verdicts[] = { "next", "answer", "defer", "deny", "drop", NULL };
    const char **names = moxd_arena_calloc(set->a, set->npoints + 1, sizeof(*names));

    for (size_t i = 0; i < set->npoints; i++)
        names[i] = set->points[i].def->name;
    const struct moxd_metric def = {
        .name = "moxd_hook_verdicts_total",
        .type = MOXD_COUNTER,
        .help = "How often the hooks of a point ran, by the verdict of all of them.",
        .label = { "point", "verdict" },
        .values = { names, verdicts },
    };
    return moxd_metric_register(&def);
}

static struct moxd_metric_handle *register_failures(struct core_modules *set)
{
    size_t n = 0;

    for (size_t i = 0; i < set->npoints; i++)
        n += set->points[i].ordered;
    const char **labels = moxd_arena_calloc(set->a, n + 1, sizeof(*labels));
    for (size_t i = 0; i < set->npoints; i++)
        for (size_t k = 0; k < set->points[i].ordered; k++)
            labels[--n] = set->points[i].v[k].label;
    const struct moxd_metric def = {
        .name = "moxd_hook_failures_total",
        .type = MOXD_COUNTER,
        .help = "Hooks that broke or took too long.",
        .label = { "hook" },
        .values = { labels },
    };
    return moxd_metric_register(&def);
}

void core_points_activate(struct core_modules *set, bool on)
{
    struct moxd_metric_handle *verdicts = on && set->npoints ? register_verdicts(set) : NULL;
    struct moxd_metric_handle *failures = on && set->npoints ? register_failures(set) : NULL;

    for (size_t i = 0; i < set->npoints; i++) {
        struct moxd_point *p = &set->points[i];
        p->verdicts = verdicts;
        p->failures = failures;
        p->n = on ? p->ordered : 0;
        p->refs = on ? p->ordered_refs : p->ordered_refs + p->ordered;
    }
}

static struct core_hook *find_hook(const struct core_modules *set, const char *label)
{
    for (size_t i = 0; i < set->npoints; i++)
        for (size_t k = 0; k < set->points[i].ordered; k++)
            if (strcmp(set->points[i].v[k].label, label) == 0)
                return &set->points[i].v[k];
    return NULL;
}

void core_modules_configure(struct core_modules *set, const struct moxd_conf *conf,
                            struct moxd_problems *problems)
{
    const struct moxd_core_conf *core = core_conf_of(conf);

    for (size_t i = 0; i < core->hooks.n; i++) {
        const struct core_hook_conf *hc = core->hooks.v[i];
        struct core_hook *hook = find_hook(set, hc->head.label);
        if (!hook) {
            moxd_problem(problems, hc->head.pos,
                         "a hook is named \"module.point\"; `moxd -o` shows those that are there",
                         "there is no hook \"%s\"", hc->head.label);
            continue;
        }
        if (hc->timeout > 0)
            hook->timeout = hc->timeout;
        hook->on_error = hc->on_error;
    }
}

struct moxd_point *moxd_point_get(struct moxd_instance *m, const char *name)
{
    const struct core_module *mod = m->core;
    struct moxd_point *p = core_point_find(mod->set, name);

    if (!p || p->owner != mod)
        moxd_panic("module %s asks for the hook point %s, which is not in its table",
                   mod->tables.name, name);
    return p;
}

bool moxd_point_empty(const struct moxd_point *p)
{
    return p->n == 0;
}

const struct moxd_hook_ref *moxd_point_hooks(const struct moxd_point *p)
{
    return p->refs;
}
