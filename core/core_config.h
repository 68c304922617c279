/* Configuration, core's inside: what the module loader, the processes and moxctl use besides
 * <moxd/config.h>. The order of a start:
 *
 *     core_conf_peek(path, &peek, problems)          which modules, from where
 *     ... load them, allocate instances ...
 *     conf = core_conf_load(path, mods, n, problems) both files parsed, applied, checked
 *     ... print the problems, give up when conf is NULL; init modules with conf ...
 *     core_conf_activate(conf)                       moxd_conf_current() from here on
 *     core_conf_on_reload(fn)                        fn calls the modules' reload
 *     core_conf_watch()                              domains.conf is re-read when it changes
 *
 * None of these suspends; they run before the loop as well as on it. */
#ifndef CORE_CONFIG_H
#define CORE_CONFIG_H

#include <moxd/buf.h>
#include <moxd/config.h>
#include <moxd/module.h>

/* Problems: a list in the order of their positions. */
struct core_problem {
    struct moxd_pos pos;
    bool warning;
    const char *text, *hint; /* hint may be NULL */
    unsigned file_rank;      /* for sorting */
};
struct moxd_problems *core_problems_new(void);
void core_problems_free(struct moxd_problems *p);
void core_problems_freep(struct moxd_problems **p); /* for MOXD_CLEANUP */
size_t core_problems_errors(const struct moxd_problems *p);
size_t core_problems_count(const struct moxd_problems *p); /* with warnings */
/* n-th, sorted by file, line, column; NULL past the end. Valid until the next one is added. */
const struct core_problem *core_problems_get(struct moxd_problems *p, size_t n);
/* One line each: `FILE:LINE:COL: error: TEXT (HINT)`. */
void core_problems_write(struct moxd_problems *p, struct moxd_buf *out);

/* What must be known before modules are loaded. Fails only when these cannot be known: file not readable,
 * `modules` missing or wrong. Every error is found by core_conf_load again, so give this a list of its
 * own, and print it only when this fails. */
struct core_conf_peek {
    struct moxd_arena *a;
    struct moxd_strings modules;     /* with the position of each name */
    struct moxd_strings module_dirs; /* absolute; as configured, without the built-in directory */
};
int core_conf_peek(const char *path, struct core_conf_peek *out,
                   struct moxd_problems *problems) MOXD_CHECKED;
void core_conf_peek_fini(struct core_conf_peek *peek);
/* Where the server of that moxd.conf has its control socket; NULL with a problem. Errors of syntax
 * elsewhere in the file are reported and do no harm. */
const char *core_conf_control_path(const char *path, struct moxd_arena *a,
                                   struct moxd_problems *problems);

/* A loaded module: its tables and its instance. Without an instance (NULL) its check is not called
 * and moxd_conf_module cannot be asked. Both must outlive every generation. */
struct core_conf_module {
    const struct moxd_module *module;
    struct moxd_instance *m;
};
/* Parses moxd.conf at `path` and domains.conf beside it, applies core's and the modules' tables,
 * runs every check (blocks, then modules in the order given). Reads only. Returns the first
 * generation, which the caller owns, or NULL when there are errors. Warnings and deprecations are
 * in `problems` too. From here moxd_conf_core() is what was loaded last. An absent domains.conf is
 * an error. */
struct moxd_conf *core_conf_load(const char *path, const struct core_conf_module *mods, size_t n,
                                 struct moxd_problems *problems);
/* The same from texts (tests); `path` names moxd.conf for messages and relative paths. */
struct moxd_conf *core_conf_load_text(const char *path, struct moxd_str text,
                                      struct moxd_str domains, const struct core_conf_module *mods,
                                      size_t n, struct moxd_problems *problems);
/* Makes it current (takes the caller's reference; drops the previous one) and sets the log levels
 * when it is the first one. Does not call the reload function. */
void core_conf_activate(struct moxd_conf *conf);
/* Drops the current generation; for the end of a process. */
void core_conf_fini(void);
/* Called after each later activation (edit, reload), on the loop, with the new generation. */
void core_conf_on_reload(void (*fn)(const struct moxd_conf *conf));
/* Starts the fiber that re-reads domains.conf when it changes on disk (P-CORE-02). Errors are
 * logged and the old generation stays. Stops with core_conf_unwatch. */
void core_conf_watch(void);
void core_conf_unwatch(void);
/* Core's part of that generation (moxd_conf_core is the one of the last loaded). */
const struct moxd_core_conf *core_conf_of(const struct moxd_conf *conf);

/* Services of a listener: moxd_conf_ext(&listener->head, service->name) gives the service's block;
 * the service is on there only when the block was written. */
static inline bool core_conf_service_on(const struct moxd_service_conf *sc)
{
    return sc && sc->head.node;
}

/* Several services of a listener on one port, chosen by ALPN: `alpn { port = 443 services = ["imaps"] }`. */
struct core_alpn_conf {
    struct moxd_service_conf service;
    struct moxd_strings services; /* none: all that can be chosen */
};
#define CORE_ALPN "alpn" /* its name among the services */
/* Whether a service of the listener is reached through its alpn block. */
bool core_alpn_has(const struct moxd_listener_conf *l, const struct moxd_service *s);
/* Whether it has no other port: its own one is the same. */
bool core_alpn_replaces(const struct moxd_listener_conf *l, const struct moxd_service *s);

/* The blocks that <moxd/config.h> keeps to core. dns, tls: never NULL. */
struct core_log_conf { /* log "smtp" { level = "debug" } */
    struct moxd_conf_head head;
    int level; /* enum moxd_level */
};
struct core_dns_stub_conf { /* stub "example." { server = "127.0.0.1@5353" } */
    struct moxd_conf_head head;
    const char *server;
};
struct core_dns_conf {
    struct moxd_conf_head head;
    const char *trust_anchor; /* file, or NULL: the system's */
    struct moxd_strings forward;
    struct moxd_blocks stubs; /* struct core_dns_stub_conf; label: the zone */
    struct moxd_strings local_data;
    bool local_only;
};
struct core_tls_conf { /* P-CORE-11 */
    struct moxd_conf_head head;
    struct moxd_strings ca; /* files with additional CA certificates, absolute */
    bool no_system_ca;      /* only those */
};
struct core_pair_conf { /* in struct moxd_tls_conf.pairs; label: a name for messages */
    struct moxd_conf_head head;
    const char *certificate, *key; /* absolute */
};
enum core_on_error { CORE_ON_ERROR_DEFER, CORE_ON_ERROR_DENY, CORE_ON_ERROR_IGNORE };
struct core_hook_conf { /* hook "dkim.on_message" { timeout = 10s on-error = "ignore" } */
    struct moxd_conf_head head;
    int64_t timeout; /* 0: what the module says */
    int on_error;    /* enum core_on_error */
};

/* Whether the address is in the network: "192.0.2.1", "192.0.2.0/24", "2001:db8::/32". IPv4 addresses that an IPv6
 * socket shows as ::ffff:192.0.2.1 are IPv4. */
bool core_network_has(const char *network, const struct sockaddr *sa);

/* Documentation from the tables. `mods` as above; NULL, 0: core's own directives only. */
void core_conf_describe_static(const struct core_conf_module *mods, size_t n, struct moxd_buf *out);
void core_conf_describe_domains(const struct core_conf_module *mods, size_t n,
                                struct moxd_buf *out);
void core_conf_man(const struct core_conf_module *mods, size_t n, struct moxd_buf *out);
/* Both files' parts of one module; -1 when there is none of that name. */
int core_conf_describe_module(const struct core_conf_module *mods, size_t n, const char *name,
                              struct moxd_buf *out) MOXD_CHECKED;

/* The short form for `config example`: required directives and those with MOXD_D_COMMON. */
void core_conf_example_static(const struct core_conf_module *mods, size_t n, struct moxd_buf *out);
void core_conf_example_domains(const struct core_conf_module *mods, size_t n, struct moxd_buf *out);

#endif
