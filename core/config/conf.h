/* Inside of the configuration. Not installed.
 *
 *     text --lex, parse--> tree (struct moxd_node) --apply (directive tables)--> structs --> checks
 *
 * A node remembers the bytes it was read from, so that a tree that was edited is written back with
 * everything else as it was: comments, order, indentation. */
#ifndef CORE_CONFIG_CONF_H
#define CORE_CONFIG_CONF_H

#include "core_config.h"

#include <sys/stat.h>

enum core_conf_limits {
    CONF_FILE_MAX = 16 << 20,  /* bytes of a file: some 100,000 accounts */
    CONF_NESTING_MAX = 16,     /* blocks inside one another; the tables need 4 */
    CONF_NODES_MAX = 1 << 20,  /* settings and blocks of a file */
    CONF_VALUE_MAX = 16 << 10, /* bytes of a value or label; longer data belongs into a file */
    CONF_LIST_MAX = 64 << 10,  /* values in one list */
    CONF_NAME_MAX = 64,        /* bytes of a directive's name */
    CONF_HOSTNAME_MAX = 253,   /* RFC 1035 2.3.4, without the final dot */
    CONF_PROBLEMS_MAX = 200,   /* errors shown in one run */
    CONF_TABLE_MAX = 128,      /* directives of one block */
    CONF_ALPN_MAX = 8,         /* names that one port offers by ALPN */
    CONF_EXTRAS_MAX = 64,      /* blocks that modules bring to one scope */
};

/* ---- problems.c */
struct moxd_problems {
    struct moxd_arena *a;
    struct core_problem *v;
    size_t n, cap;
    size_t errors;
    size_t missing; /* required values that are missing or wrong: cross checks cannot run */
    bool sorted;
};
/* va_list form; `hint` may be NULL. */
void conf_problem_v(struct moxd_problems *p, bool warning, struct moxd_pos pos, const char *hint,
                    const char *fmt, va_list ap) MOXD_PRINTF(5, 0);
/* The first error as "FILE:LINE:COL: TEXT (HINT)", with or without the position, and how many more there
 * are; -1. */
int conf_problems_err(struct moxd_problems *p, bool pos, struct moxd_err *err);

/* ---- lex.c */
enum conf_token_kind {
    TOK_END,
    TOK_WORD,
    TOK_STRING,
    TOK_EQUALS,
    TOK_OPEN,
    TOK_CLOSE,
    TOK_LIST,
    TOK_LISTEND,
    TOK_COMMA,
    TOK_BAD, /* reported already */
};
struct conf_token {
    enum conf_token_kind kind;
    struct moxd_str text; /* WORD: itself; STRING: unescaped, in the lexer's arena */
    size_t start, end;    /* bytes of the text that it is */
    struct moxd_pos pos;
    bool first; /* first on its line */
};
struct conf_lexer {
    struct moxd_str src;
    size_t at, line_start;
    unsigned line;
    const char *file;
    struct moxd_arena *a; /* for unescaped strings */
    struct moxd_problems *out;
    bool first;
};
void conf_lex_init(struct conf_lexer *lx, const char *file, struct moxd_str src,
                   struct moxd_arena *a, struct moxd_problems *out);
void conf_lex_next(struct conf_lexer *lx, struct conf_token *tok);

/* ---- parse.c */
struct conf_value {
    const char *text;
    struct moxd_pos pos;
};
struct moxd_node {
    struct conf_tree *tree;
    struct moxd_node *parent, *next, *prev, *first, *last;
    const char *name;  /* NULL: the root */
    const char *label; /* NULL: none */
    bool block;        /* else a setting: values */
    bool list;         /* values written in [] */
    struct conf_value *values;
    size_t nvalues;
    struct moxd_pos pos;
    /* Where it was read from; all 0 for a node that was added. */
    size_t lead;  /* comments and blanks before it begin here */
    size_t start; /* its name */
    size_t open;  /* block: behind its "{" */
    size_t body;  /* block: behind the comment that follows the "{" on its line */
    size_t tail;  /* block: where what precedes its "}" begins */
    size_t end;   /* behind its last byte */
    size_t trail; /* behind the comment that follows on its line */
    bool dirty;   /* its own words changed: written anew */
    bool touched; /* it or something inside changed */
    bool removed; /* only comments that stand apart from it are still written */
};
struct conf_tree {
    struct moxd_arena *a;
    const char *file;
    struct moxd_str src; /* in the arena */
    struct moxd_node root;
    size_t nodes;
};
/* Parses into a new tree, always; errors are in `out`. Copies file and src. */
struct conf_tree *conf_tree_parse(const char *file, struct moxd_str src, struct moxd_problems *out);
void conf_tree_free(struct conf_tree *t);
void conf_tree_freep(struct conf_tree **t);
struct moxd_node *conf_node_new(struct conf_tree *t, const char *name, const char *label);
void conf_node_append(struct moxd_node *parent, struct moxd_node *child);
/* Reads the values of `text` as behind an "=": one, or a list. -1 when it does not parse. */
int conf_values_parse(struct moxd_arena *a, const char *text, struct moxd_node *out) MOXD_CHECKED;

/* ---- print.c */
/* The text of the tree with its changes. */
void conf_tree_write(const struct conf_tree *t, struct moxd_buf *out);
/* A value as it must be written: quoted, or bare when that is usual (numbers, true) and `bare`. */
void conf_quote(struct moxd_buf *out, const char *s, bool bare);

/* ---- value.c: one value as text into the C field of the directive; -1 with *err. */
int conf_value_set(const struct moxd_directive *d, const char *text, const char *dir,
                   struct moxd_arena *a, void *field, struct moxd_err *err) MOXD_CHECKED;
int conf_parse_size(struct moxd_str s, int64_t *out) MOXD_CHECKED;
int conf_parse_duration(struct moxd_str s, int64_t *out) MOXD_CHECKED;

/* ---- hint.c */
/* Whether a misspelt `word` probably means `name`; the smaller the closer, < 0: it does not. */
int conf_distance(const char *word, const char *name);
struct conf_nearest {
    const char *word, *best;
    int distance;
};
void conf_nearest_try(struct conf_nearest *n, const char *name);

/* ---- names.c */
/* Something that may stand in a block besides its own directives: what modules bring. */
struct conf_extras {
    size_t n;
    struct conf_extra {
        const char *name, *doc;
        const struct moxd_block *block;
        const char *module;
        bool contributed; /* neither a service nor a module's own */
    } v[CONF_EXTRAS_MAX];
};
/* Contributions to a scope; for "listener" the services too; for CONF_SCOPE_STATIC the modules' own
 * blocks. In the order of the modules. NULL gives none. */
#define CONF_SCOPE_STATIC "moxd.conf"
void conf_extras(const struct core_conf_module *mods, size_t n, const char *scope,
                 struct conf_extras *out);
/* Reports names of node's children that are neither in one of the tables nor in extra. */
void conf_check_names(struct moxd_problems *out, const struct moxd_node *node,
                      const struct moxd_directive *const *tables, size_t n,
                      const struct conf_extras *extra, bool open);
/* `smtp`, `account "mjl"`, for messages. */
const char *conf_node_title(const struct moxd_node *node, struct moxd_arena *a);

/* ---- apply.c */
struct conf_apply {
    const struct core_conf_module *mods;
    size_t n;
    struct moxd_arena *a; /* the structs go here */
    struct moxd_problems *out;
    const char *dir; /* relative paths start here */
};
/* The struct of a block, with its checks run. `node` NULL: defaults only, at `pos`. */
void *conf_apply_block(struct conf_apply *ap, const struct moxd_node *node,
                       const struct moxd_block *blk, struct moxd_pos pos);
/* The same for the root of a file, where names were looked at by conf_check_names already. `extra` are
 * further blocks that may stand there. */
void *conf_apply_root(struct conf_apply *ap, const struct moxd_node *root,
                      const struct moxd_block *blk, const struct conf_extras *extra);

/* ---- tables.c */
/* What is wrong with the tables of modules: names, defaults, sizes, doubles. */
void conf_check_tables(const struct core_conf_module *mods, size_t n, struct moxd_problems *out);
/* The value(s) of a default as a setting; -1 when it is not valid for the directive. */
int conf_default(const struct moxd_directive *d, struct moxd_arena *a,
                 struct moxd_node *out) MOXD_CHECKED;

/* ---- core_tables.c, listener_tables.c */
extern const struct moxd_block conf_core_block, conf_listener_block;
int conf_check_hostname(struct moxd_str value, struct moxd_err *err);
/* network.c: an IP address, or a network in CIDR notation. */
int conf_check_network(struct moxd_str value, struct moxd_err *err);

/* ---- core_derive.c */
/* Fills what is derived: hostname, domains_path, control_path, config_path. */
void conf_core_derive(struct moxd_core_conf *c, const char *path, struct conf_apply *ap);

/* ---- load.c */
struct moxd_conf_ext {
    struct {
        const char *name;
        const void *data;
    } * v;
    size_t n;
};
struct conf_static {
    _Atomic int refs;
    struct moxd_arena *a;
    struct conf_tree *tree;
    bool syntax_errors;
    const struct moxd_core_conf *core;
    struct core_conf_module *mods;
    size_t n;
    const void **module; /* of each module, NULL when it has no block */
};
struct moxd_conf {
    _Atomic int refs;
    struct moxd_arena *a;
    struct conf_static *st;
    struct conf_tree *tree; /* domains.conf */
    const void **dynamic;   /* of each module */
};
/* A new generation of domains.conf over the static part; NULL with problems. */
struct moxd_conf *conf_load_domains(struct conf_static *st, struct moxd_str text,
                                    struct moxd_problems *out);

/* ---- paths.c */
const char *conf_absolute_path(const char *path, struct moxd_arena *a);
const char *conf_dir_of(const char *path, struct moxd_arena *a);
/* Paths of a list made absolute from dir. */
void conf_absolute(struct moxd_strings *paths, const char *dir, struct moxd_arena *a);

/* ---- alpn.c: what a listener's alpn block offers. */
extern const struct moxd_block conf_alpn_block;
void conf_check_alpn(const struct conf_static *st, const struct moxd_listener_conf *l,
                     struct moxd_problems *out);

/* ---- services.c: addresses and ports that two services claim, TLS services without TLS. */
void conf_check_services(const struct conf_static *st, struct moxd_problems *out);

/* ---- current.c */
/* The generation that is current, as what it is inside. */
struct moxd_conf *conf_current(void);
/* core_conf_activate, then the reload function. */
void conf_activate_next(struct moxd_conf *conf);
/* What the watcher compares with: the version of domains.conf that was looked at last. Loop only. */
extern struct conf_stamp conf_seen;

/* ---- file.c */
/* What tells one version of a file from another. */
struct conf_stamp {
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec mtime;
};
/* Reads a whole file into a buffer limited to CONF_FILE_MAX; *stamp (may be NULL) is of what was read. */
int conf_file_read(const char *path, struct moxd_buf *out, struct conf_stamp *stamp,
                   struct moxd_err *err) MOXD_CHECKED;
/* Whether the file at path is still the one of the stamp. */
bool conf_file_same(const char *path, const struct conf_stamp *stamp);
/* Replaces it: temporary file beside it, fsync, rename, fsync of the directory; mode and owner of the
 * old one kept. With `was`, only while the file is that version still (else STATE). */
int conf_file_write(const char *path, struct moxd_str text, const struct conf_stamp *was,
                    struct conf_stamp *stamp, struct moxd_err *err) MOXD_CHECKED;

#endif
