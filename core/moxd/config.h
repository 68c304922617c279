/* Configuration: two files in one syntax (moxd.conf static, domains.conf dynamic), parsed into a tree
 * whose nodes carry file:line:column, then applied to C structs through directive tables.
 *
 * Syntax: `name = value`, `name "label" { ... }`, `name { ... }`, lists `[a, b]`, strings with
 * \" \\ \n \t escapes, bare words and numbers, units (100M, 15s, 4h, 7d), true/false, # comments. Every
 * error is reported in one run, each with file:line:column and a hint. */
#ifndef MOXD_CONFIG_H
#define MOXD_CONFIG_H

#include <moxd/arena.h>
#include <moxd/buf.h>
#include <moxd/err.h>

struct moxd_instance;
struct moxd_node; /* one node of the syntax tree */

struct moxd_pos {
    const char *file;
    unsigned line, col; /* from 1; 0: unknown */
};

/* First member of every struct that a block is applied to. */
struct moxd_conf_head {
    const char *label;           /* `account "mjl"`: "mjl"; NULL without */
    struct moxd_pos pos;
    const struct moxd_node *node;/* NULL when the block was absent and defaults were applied */
    struct moxd_conf_ext *ext;   /* contributed blocks, see moxd_conf_ext */
};
struct moxd_strings {
    const char *const *v;        /* v[n] is NULL */
    size_t n;
    const struct moxd_pos *pos;  /* of each value */
};
struct moxd_blocks {
    void **v;                    /* structs that begin with struct moxd_conf_head */
    size_t n;
};

enum moxd_dtype {
    MOXD_DT_BOOL,     /* bool */
    MOXD_DT_INT,      /* int64_t */
    MOXD_DT_SIZE,     /* int64_t bytes: 100M (powers of 1024) */
    MOXD_DT_DURATION, /* int64_t ns: 15s, 4h, 7d; 0 */
    MOXD_DT_STRING,   /* const char * */
    MOXD_DT_PATH,     /* const char *, made absolute from the file's directory */
    MOXD_DT_STRINGS,  /* struct moxd_strings */
    MOXD_DT_ENUM,     /* int, index into values */
    MOXD_DT_BLOCK,    /* void *: struct of .block, NULL when absent (defaults when ALWAYS) */
    MOXD_DT_BLOCKS,   /* struct moxd_blocks: any number of labelled blocks, labels unique */
};
enum moxd_dflags {
    MOXD_D_REQUIRED = 1,
    MOXD_D_SECRET = 2,  /* never printed or logged */
    MOXD_D_ALWAYS = 4,  /* BLOCK: apply defaults when absent */
    MOXD_D_DEPRECATED = 8, /* still parsed; logged with file and line; .replaced says by what; the
                              module's check converts it in memory (CORE-15) */
    MOXD_D_NOLABEL = 16,/* BLOCKS without labels */
    MOXD_D_COMMON = 32, /* part of the short example, although it is not required */
};
struct moxd_block;
struct moxd_problems;

/* One directive. A table ends with a NULL name. Use the MOXD_AT_* macros for type and offset: they
 * fail to compile when the C field has another type. */
struct moxd_directive {
    const char *name;           /* lower case with dashes */
    enum moxd_dtype type;
    size_t offset;
    const char *deflt;          /* as one writes it in the file; NULL: zero, NULL or empty */
    const char *doc;            /* for the annotated examples and the man page */
    const char *example;        /* NULL: the default; as in the file. BLOCKS: an example label */
    int64_t min, max;           /* INT, SIZE, DURATION when max != 0; STRING(S): length when max != 0 */
    const char *const *values;  /* ENUM: NULL-ended */
    const struct moxd_block *block;
    unsigned flags;
    const char *replaced;
    /* Checks one value as text; for STRINGS each. Returns 0, or -1 with *err: the text is printed
     * with the value's position. */
    int (*check)(struct moxd_str value, struct moxd_err *err);
};
struct moxd_block {
    size_t size;                /* of the struct, which begins with struct moxd_conf_head */
    const struct moxd_directive *directives;
    const char *scope;          /* other modules may contribute blocks here; NULL: not */
    const char *label_doc;      /* what the label means */
    /* Cross-field check of one block, may fill derived fields. Calls moxd_problem. */
    void (*check)(void *block, struct moxd_problems *out);
};
#define MOXD_AT(S, f, T, D) .type = (D), .offset = offsetof(S, f) + 0 * sizeof(_Generic(&((S *)0)->f, T *: 1))
#define MOXD_AT_BOOL(S, f) MOXD_AT(S, f, bool, MOXD_DT_BOOL)
#define MOXD_AT_INT(S, f) MOXD_AT(S, f, int64_t, MOXD_DT_INT)
#define MOXD_AT_SIZE(S, f) MOXD_AT(S, f, int64_t, MOXD_DT_SIZE)
#define MOXD_AT_DURATION(S, f) MOXD_AT(S, f, int64_t, MOXD_DT_DURATION)
#define MOXD_AT_STRING(S, f) MOXD_AT(S, f, const char *, MOXD_DT_STRING)
#define MOXD_AT_PATH(S, f) MOXD_AT(S, f, const char *, MOXD_DT_PATH)
#define MOXD_AT_STRINGS(S, f) MOXD_AT(S, f, struct moxd_strings, MOXD_DT_STRINGS)
#define MOXD_AT_ENUM(S, f) MOXD_AT(S, f, int, MOXD_DT_ENUM)
#define MOXD_AT_BLOCK(S, f) .type = MOXD_DT_BLOCK, .offset = offsetof(S, f)
#define MOXD_AT_BLOCKS(S, f) MOXD_AT(S, f, struct moxd_blocks, MOXD_DT_BLOCKS)

/* A block that a module contributes to a scope that another owns ("domain", "account", "address",
 * "listener"): `name { ... }` inside it. A table ends with a NULL scope. */
struct moxd_contribution {
    const char *scope;
    const char *name;
    const struct moxd_block *block;
    const char *doc;
};
/* The contributed struct of that name at an object (defaults when the block is absent), or NULL when
 * no loaded module contributes it. */
const void *moxd_conf_ext(const struct moxd_conf_head *obj, const char *name);

/* Problems found by checks: all are collected. `hint` says what to do, may be NULL. */
void moxd_problem(struct moxd_problems *out, struct moxd_pos pos, const char *hint,
                  const char *fmt, ...) MOXD_PRINTF(4, 5);
void moxd_problem_warning(struct moxd_problems *out, struct moxd_pos pos, const char *fmt, ...)
    MOXD_PRINTF(3, 4);

/* One consistent generation of everything configured. Static parts never change while running; a new
 * domains.conf makes a new generation. Passed to modules' check and reload; valid for that call, or
 * as long as a reference is held. */
struct moxd_conf;
struct moxd_conf *moxd_conf_ref(const struct moxd_conf *conf);
void moxd_conf_unref(struct moxd_conf *conf);
const struct moxd_conf *moxd_conf_current(void);
/* The module's own block of moxd.conf `smtp { ... }` (always there, defaults applied). */
const void *moxd_conf_module(const struct moxd_conf *conf, const struct moxd_instance *m);
/* The module's top-level directives of domains.conf, applied. */
const void *moxd_conf_dynamic(const struct moxd_conf *conf, const struct moxd_instance *m);

/* What core itself configures (top level of moxd.conf). */
struct moxd_core_conf {
    struct moxd_conf_head head;
    const char *hostname;       /* of this server; default: the system's name */
    const char *data_dir;       /* absolute */
    const char *user;           /* service user, default "moxd" (CORE-03) */
    bool no_fix_permissions;    /* CORE-05 */
    bool pedantic;              /* P-CORE-10 */
    int log_level;
    struct moxd_strings modules;
    struct moxd_strings module_dirs;
    struct moxd_blocks listeners; /* struct moxd_listener_conf */
    int64_t stop_grace;         /* P-CORE-06, default 3 s */
    int64_t max_connections;
    struct moxd_blocks log_levels; /* internal: per component */
    void *dns, *tls;            /* internal */
    struct moxd_blocks hooks;   /* internal: timeouts and on-error */
    const char *domains_path;   /* derived: domains.conf beside moxd.conf */
    const char *control_path;   /* derived: data-dir/ctl */
    const char *config_path;    /* derived: moxd.conf */
    int64_t hang_limit;         /* a server that does nothing for so long is restarted */
};
const struct moxd_core_conf *moxd_conf_core(void);
struct moxd_tls_conf {
    struct moxd_conf_head head;
    struct moxd_blocks pairs;   /* certificate files: core's own struct */
    int min_version;            /* enum: 0 "TLSv1.2", 1 "TLSv1.3" */
    bool client_auth_disabled;
};
struct moxd_listener_conf {
    struct moxd_conf_head head; /* label: its name; services are in head.ext */
    struct moxd_strings addresses;
    struct moxd_strings nat_addresses; /* CORE-25 */
    const char *hostname;       /* default: the server's */
    struct moxd_tls_conf *tls;  /* NULL: no TLS here */
    struct moxd_strings proxies; /* proxy-protocol-from; none: clients connect themselves */
    void *alpn;                 /* internal: several services on one port */
};

/* A file in the same syntax that belongs to another program than the server: the block's table holds its directives.
 * `path` is absolute, for messages and relative paths. Errors and warnings are appended to `problems`, a line
 * each. NULL when there are errors. */
struct moxd_conf_file;
struct moxd_conf_file *moxd_conf_file_parse(const char *path, struct moxd_str text,
                                            const struct moxd_block *blk, struct moxd_buf *problems);
/* The struct of the block, as long as the file is not freed. */
const void *moxd_conf_file_block(const struct moxd_conf_file *f);
void moxd_conf_file_free(struct moxd_conf_file *f);
/* Appends such a file with all directives explained; those that are neither REQUIRED nor COMMON are comments. */
void moxd_conf_file_example(const struct moxd_block *blk, struct moxd_buf *out);

/* Editing domains.conf (CORE-20): the one way to change it. Takes the lock, runs change() on a copy
 * of the tree, checks everything as `moxd -t` does, writes the file atomically (temporary file, fsync, rename,
 * fsync of the directory; comments and order kept where possible), activates it. On any error
 * nothing is changed and *err says why. */
int moxd_conf_edit(int (*change)(struct moxd_node *root, void *arg, struct moxd_err *err), void *arg,
                   struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Re-reads domains.conf now (SIGHUP, file change). Old generation stays on error. */
int moxd_conf_reload(struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

/* Tree. Nodes live with the tree; names compare exactly, labels exactly. */
struct moxd_node *moxd_node_find(struct moxd_node *parent, const char *name, const char *label);
struct moxd_node *moxd_node_next(struct moxd_node *parent, struct moxd_node *prev,
                                 const char *name); /* iterate; prev NULL: first */
struct moxd_node *moxd_node_add_block(struct moxd_node *parent, const char *name,
                                      const char *label);
void moxd_node_set(struct moxd_node *block, const char *name, const char *value); /* string */
void moxd_node_set_list(struct moxd_node *block, const char *name, const char *const *values,
                        size_t n);
void moxd_node_remove(struct moxd_node *parent, struct moxd_node *child);
const char *moxd_node_label(const struct moxd_node *node);
void moxd_node_set_label(struct moxd_node *node, const char *label);
/* Single value as text, NULL when absent; n-th of a list. */
const char *moxd_node_value(const struct moxd_node *block, const char *name);
size_t moxd_node_list(const struct moxd_node *block, const char *name, const char ***out,
                      struct moxd_arena *a);
struct moxd_pos moxd_node_pos(const struct moxd_node *node);

#endif
