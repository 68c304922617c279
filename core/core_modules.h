/* Modules, core's inside: what the daemon, the configuration and the control socket use besides
 * <moxd/module.h>. The order of a start:
 *
 *     set = core_modules_new()
 *     core_modules_load(set, &peek, problems)          files opened, heads and tables checked
 *     core_modules_resolve(set, problems)              interfaces, order, hooks
 *     mods = core_modules_conf(set, &n)                for core_conf_load
 *     core_modules_configure(set, conf, problems)      timeouts and on-error of hooks
 *     core_modules_init(set, conf, &err)               in a fiber, as everything below
 *     core_modules_start(set, &err)
 *     core_modules_drain(set, deadline), core_modules_stop(set, deadline)
 *
 * There is one set in a process at a time. Loop thread only. */
#ifndef CORE_MODULES_H
#define CORE_MODULES_H

#include "core_config.h"

struct core_modules;
struct core_needs;
struct core_module_fiber;

/* How far a module has come. */
enum core_module_state { CORE_MODULE_LOADED, CORE_MODULE_INITED, CORE_MODULE_STARTED };

/* A loaded module. The fields are read by others and changed by core/module only. */
struct core_module {
    struct moxd_module tables; /* complete for this ABI, whatever the file's minor version is */
    struct moxd_instance *m;   /* zeroed until init, but for its struct moxd_instance */
    const char *path;
    struct moxd_pos pos; /* of its name in moxd.conf */
    enum core_module_state state;
    struct core_modules *set;
    struct core_need *needs;
    size_t nneeds;
    struct core_module_fiber *fibers; /* that moxd_module_spawn started */
    struct moxd_waitq idle;           /* woken when one of them has ended */
};

struct core_modules *core_modules_new(void);
/* Frees the set and the instances. Modules stay mapped (houses.md: dlclose never ends well). */
void core_modules_free(struct core_modules *set);

/* Opens every module of the list. What is wrong with one is told in `problems`, with what to do about
 * it; the others are loaded all the same. */
void core_modules_load(struct core_modules *set, const struct core_conf_peek *peek,
                       struct moxd_problems *problems);
/* One module by its path (`moxd -t -m ./mine.so`). The file is NAME.so. */
void core_modules_load_file(struct core_modules *set, const char *path, struct moxd_pos pos,
                            struct moxd_problems *problems);
/* A module whose table is in this program, for tests; `path` as if it came from there. */
void core_modules_add(struct core_modules *set, const struct moxd_module *table, const char *path,
                      struct moxd_pos pos, struct moxd_problems *problems);
/* When all are there: finds who provides what is needed, sorts, checks tables against each other,
 * builds the hook points. Call it once. */
void core_modules_resolve(struct core_modules *set, struct moxd_problems *problems);
/* Applies `hook "module.point" { ... }`. */
void core_modules_configure(struct core_modules *set, const struct moxd_conf *conf,
                            struct moxd_problems *problems);

/* In dependency order, once resolved. */
size_t core_modules_count(const struct core_modules *set);
struct core_module *core_modules_get(const struct core_modules *set, size_t i);
struct core_module *core_modules_find(const struct core_modules *set, const char *name);
const struct core_conf_module *core_modules_conf(struct core_modules *set, size_t *n);

/* Calls every init, in order; then activates hooks and commands, and calls every reload. When an init
 * fails, the modules before it are stopped in reverse order and nothing is active: -1. */
int core_modules_init(struct core_modules *set, const struct moxd_conf *conf,
                      struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Calls every start, in order. When one fails, everything is stopped: -1. */
int core_modules_start(struct core_modules *set, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* A new generation of domains.conf. */
void core_modules_reload(struct core_modules *set, const struct moxd_conf *conf);
/* Reverse order; every wait of a module ends at the deadline. stop cancels the modules' fibers, waits
 * for them and deactivates what init activated; -1 when some did not end: the set cannot be freed. */
void core_modules_drain(struct core_modules *set, int64_t deadline) MOXD_SUSPENDS;
int core_modules_stop(struct core_modules *set, int64_t deadline) MOXD_SUSPENDS;

/* Hooks for people: each point with its hooks in order (`moxd -o`), or the reference of all points in
 * Markdown (doc/hooks.md). */
void core_hooks_show(const struct core_modules *set, struct moxd_buf *out);
void core_hooks_markdown(const struct core_modules *set, struct moxd_buf *out);
/* Writes "hook=example.on_rcpt" when the running fiber is in a hook; for moxd_crash_describe, so it may
 * run in a signal handler of the loop's thread. Returns the number of bytes, at most cap. */
size_t core_hook_describe(char *out, size_t cap);
/* What the modules would register (`moxd -t -m`). */
void core_modules_show(const struct core_modules *set, struct moxd_buf *out);

#endif
