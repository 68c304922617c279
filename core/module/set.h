/* The set of loaded modules, as the files in core/module and core/hook see it. */
#ifndef MOXD_CORE_SET_H
#define MOXD_CORE_SET_H

#include "core_modules.h"

enum {
    CORE_MODULES_MAX = 100,    /* modules in a process: more is a mistake in moxd.conf */
    CORE_MODULE_NAME_MAX = 40, /* bytes of a module's name */
    CORE_TOGETHER_MAX = 16,    /* hooks that run at the same time: each is a fiber, per message */
};

/* One line of a module's `needs`. */
struct core_need {
    const char *name;      /* "store" */
    unsigned major, minor; /* "store/1.2": major 1, minor at least 2 */
    bool optional;
    struct core_module *by; /* NULL: nobody provides it */
    const struct moxd_interface *iface;
};

/* One hook at its point. */
struct core_hook {
    moxd_any_fn *fn;
    struct moxd_instance *m;
    int64_t timeout;
    int on_error; /* enum core_on_error */
    const struct moxd_hook *def;
    struct core_module *mod;
    const struct moxd_point *point;
    const char *label; /* "example.on_rcpt", "example.on_rcpt.2" */
    size_t index;      /* in the module's table */
    size_t together;   /* hooks from this one on that run at the same time: 1 or more */
};
/* A point. n is 0 until the modules' registrations are activated. */
struct moxd_point {
    size_t n;
    struct core_hook *v; /* in the order in which they run */
    enum moxd_kind kind;
    const struct moxd_point_def *def;
    struct moxd_hook_ref *refs; /* n + 1, the last zero */
    struct core_module *owner;
    size_t ordered; /* length of v */
    struct moxd_hook_ref *ordered_refs;
    struct moxd_metric_handle *verdicts, *failures;
};
/* Everybody who wants room at one kind of object. */
struct core_slot_object {
    const char *name;
    size_t n;
    struct core_slot {
        const struct moxd_slot *def;
        struct moxd_instance *m;
    } * v;
};

struct core_modules {
    struct moxd_arena *a;
    struct core_module **v; /* as listed, then in dependency order */
    size_t n, cap;
    struct moxd_point *points; /* by owner, as its table has them */
    size_t npoints;
    struct core_slot_object *objects;
    size_t nobjects, objects_cap;
    struct core_conf_module *conf;
    struct moxd_log log;
    bool resolved, active;
};

/* The set of this process, NULL without one. */
struct core_modules *core_modules_current(void);

/* depend.c: parses `needs`, finds providers, sorts. */
int core_need_parse(struct moxd_str text, struct moxd_arena *a, struct core_need *out) MOXD_CHECKED;
void core_modules_sort(struct core_modules *set, struct moxd_problems *problems);
/* tables.c: checks the tables of one module, then all against each other. false: not usable. */
bool core_tables_check(struct core_module *mod, struct moxd_problems *problems);
void core_tables_compare(struct core_modules *set, struct moxd_problems *problems);
/* slots.c */
void core_slots_build(struct core_modules *set);
/* spawn.c: cancels the module's fibers and waits for their end. */
void core_module_join(struct core_module *mod, int64_t deadline) MOXD_SUSPENDS;

/* core/hook/own_points.c: who owns the points of core: no module of the set. */
#define CORE_OWNER "core"
struct core_module *core_points_owner(struct core_modules *set);
/* core/hook/points.c */
void core_points_build(struct core_modules *set, struct moxd_problems *problems);
struct moxd_point *core_point_find(const struct core_modules *set, const char *name);
void core_points_activate(struct core_modules *set, bool on);
/* core/hook/order.c: sorts p->v; a cycle is a problem. */
void core_hooks_order(struct core_modules *set, struct moxd_point *p,
                      struct moxd_problems *problems);

#endif
