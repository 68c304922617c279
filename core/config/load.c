/* Both files to one generation. */
#include "config/conf.h"

#include <errno.h>
#include <moxd/path.h>
#include <stdatomic.h>
#include <stdlib.h>

static struct conf_static *last_loaded;

/* ---- lifetimes */

static void static_unref(struct conf_static *st)
{
    if (atomic_fetch_sub(&st->refs, 1) > 1)
        return;
    if (last_loaded == st)
        last_loaded = NULL;
    conf_tree_free(st->tree);
    moxd_arena_free(st->a);
}

struct moxd_conf *moxd_conf_ref(const struct moxd_conf *conf)
{
    struct moxd_conf *c = (struct moxd_conf *)conf;

    atomic_fetch_add(&c->refs, 1);
    return c;
}

void moxd_conf_unref(struct moxd_conf *conf)
{
    if (!conf || atomic_fetch_sub(&conf->refs, 1) > 1)
        return;
    static_unref(conf->st);
    conf_tree_free(conf->tree);
    moxd_arena_free(conf->a);
}

/* ---- what others ask */

const struct moxd_core_conf *moxd_conf_core(void)
{
    return last_loaded ? last_loaded->core : NULL;
}

const struct moxd_core_conf *core_conf_of(const struct moxd_conf *conf)
{
    return conf->st->core;
}

static size_t index_of(const struct moxd_conf *conf, const struct moxd_instance *m)
{
    size_t i = 0;

    while (i < conf->st->n && conf->st->mods[i].m != m && conf->st->mods[i].module != m->module)
        i++;
    moxd_assert(i < conf->st->n);
    return i;
}

const void *moxd_conf_module(const struct moxd_conf *conf, const struct moxd_instance *m)
{
    return conf->st->module[index_of(conf, m)];
}

const void *moxd_conf_dynamic(const struct moxd_conf *conf, const struct moxd_instance *m)
{
    return conf->dynamic[index_of(conf, m)];
}

/* ---- moxd.conf */

/* Core's table and the modules' blocks applied to the tree of moxd.conf. */
static void apply_static(struct conf_static *st, const char *path, struct moxd_problems *out)
{
    struct conf_apply ap = { st->mods, st->n, st->a, out, conf_dir_of(path, st->a) };
    struct conf_extras extra;
    struct moxd_core_conf *core;

    conf_extras(st->mods, st->n, CONF_SCOPE_STATIC, &extra);
    conf_check_names(out, &st->tree->root, &conf_core_block.directives, 1, &extra, true);
    core = conf_apply_root(&ap, &st->tree->root, &conf_core_block, &extra);
    conf_core_derive(core, path, &ap);
    st->core = core;
    for (size_t i = 0; i < st->n; i++)
        st->module[i] = moxd_conf_ext(&core->head, st->mods[i].module->name);
    conf_check_services(st, out);
}

static struct conf_static *static_load(const char *path, struct moxd_str text,
                                       const struct core_conf_module *mods, size_t n,
                                       struct moxd_problems *out)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct conf_static *st = moxd_arena_alloc(a, sizeof(*st));

    st->refs = 1;
    st->a = a;
    st->n = n;
    st->mods = moxd_arena_dup(a, mods, n * sizeof(*mods));
    st->module = moxd_arena_calloc(a, n, sizeof(*st->module));
    st->tree = conf_tree_parse(path, text, out);
    st->syntax_errors = core_problems_errors(out) > 0;
    apply_static(st, path, out);
    return st;
}

/* ---- domains.conf */

static void apply_domains(struct moxd_conf *conf, struct moxd_problems *out)
{
    struct conf_static *st = conf->st;
    struct conf_apply ap = { st->mods, st->n, conf->a, out,
                             conf_dir_of(conf->tree->file, conf->a) };
    const struct moxd_directive **tables = moxd_arena_calloc(conf->a, st->n, sizeof(*tables));
    static const struct conf_extras none;
    size_t ntables = 0;

    for (size_t i = 0; i < st->n; i++) {
        if (st->mods[i].module->dynamic)
            tables[ntables++] = st->mods[i].module->dynamic->directives;
    }
    conf_check_names(out, &conf->tree->root, tables, ntables, &none, true);
    for (size_t i = 0; i < st->n; i++) {
        const struct moxd_block *blk = st->mods[i].module->dynamic;
        if (blk)
            conf->dynamic[i] = conf_apply_root(&ap, &conf->tree->root, blk, &none);
    }
}

/* The modules' own checks look across blocks and files: they run once everything could be read and
 * nothing that is required is missing. */
static void check_modules(const struct moxd_conf *conf, struct moxd_problems *out)
{
    for (size_t i = 0; i < conf->st->n; i++) {
        const struct core_conf_module *mod = &conf->st->mods[i];
        if (mod->m && mod->module->check)
            mod->module->check(mod->m, conf, out);
    }
}

static struct moxd_conf *domains_load(struct conf_static *st, struct moxd_str text,
                                      struct moxd_problems *out)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_conf *conf = moxd_arena_alloc(a, sizeof(*conf));
    size_t errors = core_problems_errors(out);

    conf->refs = 1;
    conf->a = a;
    conf->st = st;
    atomic_fetch_add(&st->refs, 1);
    conf->dynamic = moxd_arena_calloc(a, st->n, sizeof(*conf->dynamic));
    conf->tree = conf_tree_parse(st->core->domains_path, text, out);
    bool syntax_errors = st->syntax_errors || core_problems_errors(out) > errors;
    apply_domains(conf, out);
    if (!syntax_errors && out->missing == 0)
        check_modules(conf, out);
    return conf;
}

struct moxd_conf *conf_load_domains(struct conf_static *st, struct moxd_str text,
                                    struct moxd_problems *out)
{
    struct moxd_conf *conf = domains_load(st, text, out);

    if (core_problems_errors(out) == 0)
        return conf;
    moxd_conf_unref(conf);
    return NULL;
}

/* ---- both */

static struct moxd_conf *load(const char *path, struct moxd_str text,
                              const struct moxd_str *domains, const struct core_conf_module *mods,
                              size_t n, struct moxd_problems *out)
{
    struct conf_static *before = last_loaded, *st;
    struct moxd_conf *conf = NULL;
    size_t errors = core_problems_errors(out);

    conf_check_tables(mods, n, out);
    if (core_problems_errors(out) > errors)
        return NULL;
    st = last_loaded = static_load(path, text, mods, n, out);
    if (domains)
        conf = domains_load(st, *domains, out);
    static_unref(st);
    if (core_problems_errors(out) == 0)
        return conf;
    moxd_conf_unref(conf);
    last_loaded = before;
    return NULL;
}

struct moxd_conf *core_conf_load_text(const char *path, struct moxd_str text,
                                      struct moxd_str domains, const struct core_conf_module *mods,
                                      size_t n, struct moxd_problems *problems)
{
    moxd_assert(*path == '/');
    return load(path, text, &domains, mods, n, problems);
}

static void cannot_read(struct moxd_problems *out, const char *path, const struct moxd_err *err,
                        const char *hint)
{
    moxd_problem(out, (struct moxd_pos){ path, 0, 0 }, err->sys == ENOENT ? hint : NULL, "%s",
                 err->priv);
}

static struct moxd_conf *load_files(const char *path, const char *domains_path,
                                    const struct core_conf_module *mods, size_t n,
                                    struct moxd_problems *out)
{
    struct moxd_buf text = { 0 }, domains = { 0 };
    struct moxd_conf *conf = NULL;
    struct moxd_err err = { 0 };
    bool have_domains = conf_file_read(domains_path, &domains, NULL, &err) == 0;
    struct moxd_str domains_text = moxd_buf_str(&domains);

    if (!have_domains)
        cannot_read(out, domains_path, &err, "create it beside moxd.conf; it may be empty");
    if (conf_file_read(path, &text, NULL, &err) == 0)
        conf = load(path, moxd_buf_str(&text), have_domains ? &domains_text : NULL, mods, n, out);
    else
        cannot_read(out, path, &err, "-c FILE names another one");
    moxd_buf_fini(&text);
    moxd_buf_fini(&domains);
    return conf;
}

struct moxd_conf *core_conf_load(const char *path, const struct core_conf_module *mods, size_t n,
                                 struct moxd_problems *problems)
{
    struct moxd_arena *a = moxd_arena_new(0);
    const char *full = conf_absolute_path(path, a);
    const char *domains = moxd_path_join(a, conf_dir_of(full, a), "domains.conf");
    struct moxd_conf *conf = load_files(full, domains, mods, n, problems);

    moxd_arena_free(a);
    return conf;
}
