/* Tables of modules are data that somebody wrote: what is wrong with them is said before they are used,
 * so that a module with a mistake gives a message and no crash. */
#include "config/conf.h"

/* A table being looked at: names for messages. */
struct place {
    struct moxd_problems *out;
    const char *module, *block;
    int depth;
};

static void table_problem(const struct place *p, const char *name, const char *what)
{
    moxd_problem(p->out, (struct moxd_pos){ 0 }, NULL, "module %s: directive \"%s\" in \"%s\" %s",
                 p->module, name, p->block, what);
}

int conf_default(const struct moxd_directive *d, struct moxd_arena *a, struct moxd_node *out)
{
    if (d->type == MOXD_DT_STRINGS || *d->deflt == '"')
        return conf_values_parse(a, d->deflt, out);
    out->values = moxd_arena_alloc(a, sizeof(*out->values));
    out->values[0].text = d->deflt;
    out->nvalues = 1;
    return 0;
}

static bool default_ok(const struct moxd_directive *d, struct moxd_arena *a)
{
    struct moxd_node node = { .list = false };
    union {
        int64_t i;
        const char *s;
        bool b;
        int e;
    } field;

    if (conf_default(d, a, &node) < 0 || (node.list && d->type != MOXD_DT_STRINGS))
        return false;
    for (size_t i = 0; i < node.nvalues; i++) {
        if (conf_value_set(d, node.values[i].text, "/", a, &field, NULL) < 0)
            return false;
    }
    return true;
}

static size_t field_size(enum moxd_dtype type)
{
    static const size_t sizes[] = {
        [MOXD_DT_BOOL] = sizeof(bool),
        [MOXD_DT_INT] = sizeof(int64_t),
        [MOXD_DT_SIZE] = sizeof(int64_t),
        [MOXD_DT_DURATION] = sizeof(int64_t),
        [MOXD_DT_STRING] = sizeof(char *),
        [MOXD_DT_PATH] = sizeof(char *),
        [MOXD_DT_STRINGS] = sizeof(struct moxd_strings),
        [MOXD_DT_ENUM] = sizeof(int),
        [MOXD_DT_BLOCK] = sizeof(void *),
        [MOXD_DT_BLOCKS] = sizeof(struct moxd_blocks),
    };
    return (unsigned)type < MOXD_NELEMS(sizes) ? sizes[type] : 0;
}

static void check_block(struct place p, const struct moxd_block *blk);

static void check_directive(const struct place *p, const struct moxd_block *blk,
                            const struct moxd_directive *d)
{
    size_t size = field_size(d->type);
    bool block = d->type == MOXD_DT_BLOCK || d->type == MOXD_DT_BLOCKS;

    if (size == 0 || d->offset < sizeof(struct moxd_conf_head) || d->offset + size > blk->size)
        table_problem(p, d->name, "has no place in the block's struct");
    else if (block && !d->block)
        table_problem(p, d->name, "has no block");
    else if (d->type == MOXD_DT_ENUM && !d->values)
        table_problem(p, d->name, "has no values");
    else if (block && d->deflt)
        table_problem(p, d->name, "is a block with a default value");
    else if (d->deflt && !default_ok(d, p->out->a))
        table_problem(p, d->name, "has a default that is not valid");
    else if (!d->doc || !*d->doc)
        table_problem(p, d->name, "has no documentation");
    else if (block)
        check_block((struct place){ p->out, p->module, d->name, p->depth + 1 }, d->block);
}

static void check_block(struct place p, const struct moxd_block *blk)
{
    const struct moxd_directive *d = blk->directives;
    size_t n = 0;

    if (blk->size < sizeof(struct moxd_conf_head) || p.depth > CONF_NESTING_MAX) {
        table_problem(&p, p.block, "is not a block that can be applied");
        return;
    }
    for (; d && d[n].name; n++) {
        if (n == CONF_TABLE_MAX) {
            table_problem(&p, d[n].name, "is one directive too many");
            return;
        }
        for (size_t i = 0; i < n; i++) {
            if (strcmp(d[i].name, d[n].name) == 0)
                table_problem(&p, d[n].name, "is there twice");
        }
        check_directive(&p, blk, &d[n]);
    }
}

static void check_module(const struct moxd_module *mod, struct moxd_problems *out)
{
    const struct moxd_contribution *c = mod->contributes;
    const struct moxd_service *s = mod->services;

    if (mod->conf)
        check_block((struct place){ out, mod->name, mod->name, 0 }, mod->conf);
    if (mod->dynamic)
        check_block((struct place){ out, mod->name, "domains.conf", 0 }, mod->dynamic);
    for (; c && c->scope; c++)
        check_block((struct place){ out, mod->name, c->name, 0 }, c->block);
    for (; s && s->name; s++) {
        if (s->block->size < sizeof(struct moxd_service_conf))
            moxd_problem(out, (struct moxd_pos){ 0 }, NULL,
                         "module %s: the block of service \"%s\" is too small", mod->name, s->name);
        else
            check_block((struct place){ out, mod->name, s->name, 0 }, s->block);
    }
}

/* Two modules that bring the same name to the same place. */
static void check_extras(const struct core_conf_module *mods, size_t n, const char *scope,
                         const struct moxd_directive *d, struct moxd_problems *out)
{
    struct conf_extras extra;

    conf_extras(mods, n, scope, &extra);
    for (size_t i = 0; i < extra.n; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(extra.v[i].name, extra.v[k].name) == 0)
                moxd_problem(out, (struct moxd_pos){ 0 }, NULL,
                             "modules %s and %s both have \"%s\" in \"%s\"", extra.v[k].module,
                             extra.v[i].module, extra.v[i].name, scope);
        }
        for (const struct moxd_directive *own = d; own && own->name; own++) {
            if (strcmp(extra.v[i].name, own->name) == 0)
                moxd_problem(out, (struct moxd_pos){ 0 }, NULL,
                             "module %s brings \"%s\" to \"%s\", which is there already",
                             extra.v[i].module, own->name, scope);
        }
    }
}

static void check_scopes(const struct core_conf_module *mods, size_t n,
                         const struct moxd_block *blk, int depth, struct moxd_problems *out)
{
    const struct moxd_directive *d = blk->directives;

    if (blk->scope)
        check_extras(mods, n, blk->scope, d, out);
    for (; d && d->name && depth < CONF_NESTING_MAX; d++) {
        if (d->block)
            check_scopes(mods, n, d->block, depth + 1, out);
    }
}

static void check_dynamic_names(const struct moxd_module *a, const struct moxd_module *b,
                                struct moxd_problems *out)
{
    for (const struct moxd_directive *x = a->dynamic->directives; x && x->name; x++) {
        for (const struct moxd_directive *y = b->dynamic->directives; y && y->name; y++) {
            if (strcmp(x->name, y->name) == 0)
                moxd_problem(out, (struct moxd_pos){ 0 }, NULL,
                             "modules %s and %s both have \"%s\" in domains.conf", a->name, b->name,
                             x->name);
        }
    }
}

void conf_check_tables(const struct core_conf_module *mods, size_t n, struct moxd_problems *out)
{
    for (size_t i = 0; i < n; i++)
        check_module(mods[i].module, out);
    if (core_problems_errors(out))
        return;
    check_extras(mods, n, CONF_SCOPE_STATIC, conf_core_block.directives, out);
    check_scopes(mods, n, &conf_core_block, 0, out);
    for (size_t i = 0; i < n; i++) {
        const struct moxd_block *dynamic = mods[i].module->dynamic;

        if (mods[i].module->conf)
            check_scopes(mods, n, mods[i].module->conf, 0, out);
        if (dynamic)
            check_scopes(mods, n, dynamic, 0, out);
        for (size_t k = 0; dynamic && k < i; k++) {
            if (mods[k].module->dynamic)
                check_dynamic_names(mods[k].module, mods[i].module, out);
        }
    }
}
