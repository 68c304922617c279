/* A module: one exported constant symbol, data only.
 *
 *     const struct moxd_module moxd_module = {
 *         MOXD_MODULE_HEAD("example", "1.0", "refuses addresses on a DNS list"),
 *         .instance_size = sizeof(struct example), .init = example_init, .hooks = example_hooks,
 *     };
 *
 * Core reads the head first (magic, ABI, size) and says what to do when it does not match; then all
 * tables; then, in dependency order: init (may not suspend, nothing runs yet), activation of everything
 * registered, start (in a fiber, may suspend). Stop order is the reverse. A failed init leaves nothing
 * behind, and the server does not start. Modules have no writable globals: state lives in the
 * instance, which core allocates zeroed. */
#ifndef MOXD_MODULE_H
#define MOXD_MODULE_H

#include <moxd/config.h>
#include <moxd/control.h>
#include <moxd/hook.h>
#include <moxd/log.h>
#include <moxd/metrics.h>
#include <moxd/service.h>

#define MOXD_MODULE_MAGIC 0x4d4f5844u /* "MOXD" */
#define MOXD_ABI_MAJOR 1
#define MOXD_ABI_MINOR 1 /* 1: struct moxd_hook.concurrent */

/* What every instance begins with. `struct example { struct moxd_instance m; ... }`. */
struct moxd_instance {
    const struct moxd_module *module;
    struct moxd_log log;       /* component = module name */
    void *core;                /* core's own */
};

/* A versioned table of functions for other modules. */
struct moxd_interface {
    const char *name;          /* "store"; NULL ends a table */
    uint16_t major, minor;
    const void *vtable;        /* const struct store_v1 *; first argument of each function: the
                                  provider's instance, given by moxd_interface_get */
};
/* Room of a module at an object that another owns ("smtp-session", "smtp-message", "imap-session"). */
struct moxd_slot {
    const char *object;        /* NULL ends a table */
    size_t size;               /* zeroed when the object is made */
    void (*fini)(void *slot);  /* before the object goes; may be NULL */
};

struct moxd_module {
    /* head: frozen for ever */
    uint32_t magic;
    uint16_t abi_major, abi_minor;
    uint32_t struct_size;
    const char *name;          /* [a-z][a-z0-9-]*, the file is NAME.so */
    const char *version, *summary;

    const char *const *needs;  /* interfaces, "store/1"; NULL-ended; a trailing ? makes it optional */
    const struct moxd_interface *provides;
    const struct moxd_block *conf;            /* `name { ... }` in moxd.conf; NULL: no directives */
    const struct moxd_block *dynamic;         /* top-level directives in domains.conf */
    const struct moxd_contribution *contributes;
    const struct moxd_point_def *points;
    const struct moxd_hook *hooks;
    const struct moxd_service *services;
    const struct moxd_command *commands;
    const struct moxd_metric *metrics;
    const struct moxd_slot *slots;
    size_t instance_size;      /* at least sizeof(struct moxd_instance) */

    /* All optional. check: for `moxd -t` and before every activation; reads and reports only: no
     * binding, no writing, no suspension; m may not be initialized. */
    void (*check)(struct moxd_instance *m, const struct moxd_conf *conf, struct moxd_problems *out);
    int (*init)(struct moxd_instance *m, const struct moxd_conf *conf, struct moxd_err *err);
    int (*start)(struct moxd_instance *m, struct moxd_err *err) MOXD_SUSPENDS;
    /* A new domains.conf, checked already. Must not fail or suspend. Called once after init too. */
    void (*reload)(struct moxd_instance *m, const struct moxd_conf *conf);
    /* Shutdown: drain stops taking new work; stop ends what is left (all sessions are gone). */
    void (*drain)(struct moxd_instance *m) MOXD_SUSPENDS;
    void (*stop)(struct moxd_instance *m) MOXD_SUSPENDS;
};
/* The symbol that a module exports, and the only one: modules are compiled with -fvisibility=hidden. */
extern const struct moxd_module moxd_module __attribute__((visibility("default")));

#define MOXD_MODULE_HEAD(name_, version_, summary_)                                                \
    .magic = MOXD_MODULE_MAGIC, .abi_major = MOXD_ABI_MAJOR, .abi_minor = MOXD_ABI_MINOR,          \
    .struct_size = sizeof(struct moxd_module), .name = (name_), .version = (version_),             \
    .summary = (summary_)

/* An interface that m declared in `needs`: its table, and the provider's instance in *self. NULL when
 * optional and absent. Call in init (the provider's init ran before) and keep both. */
const void *moxd_interface_get(struct moxd_instance *m, const char *name, struct moxd_instance **self);

/* Slots. Owners embed struct moxd_slots, init it with an arena that lives as long as the object. */
struct moxd_slots {
    void **v;
};
void moxd_slots_init(struct moxd_slots *s, const char *object, struct moxd_arena *a);
void moxd_slots_fini(struct moxd_slots *s, const char *object);
/* m's slot at the object; aborts when m declared none for this kind of object. */
void *moxd_slot(const struct moxd_slots *s, const char *object, const struct moxd_instance *m);

/* A fiber that belongs to the module: counted, cancelled and awaited at stop. */
struct moxd_fid moxd_module_spawn(struct moxd_instance *m, const char *name, void (*fn)(void *arg),
                                  void *arg);

#endif
