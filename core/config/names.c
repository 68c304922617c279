/* Which names may stand in a block, and what is said about those that may not. */
#include "config/conf.h"

static void add(struct conf_extras *out, const char *name, const char *doc,
                const struct moxd_block *block, const char *module)
{
    moxd_assert(out->n < CONF_EXTRAS_MAX);
    out->v[out->n++] = (struct conf_extra){ name, doc, block, module, false };
}

static void add_of_module(const struct moxd_module *mod, const char *scope, struct conf_extras *out)
{
    const struct moxd_contribution *c = mod->contributes;
    const struct moxd_service *s = strcmp(scope, "listener") == 0 ? mod->services : NULL;

    if (strcmp(scope, CONF_SCOPE_STATIC) == 0 && mod->conf)
        add(out, mod->name, mod->summary, mod->conf, mod->name);
    for (; s && s->name; s++)
        add(out, s->name, s->summary, s->block, mod->name);
    for (; c && c->scope; c++) {
        if (strcmp(c->scope, scope) != 0)
            continue;
        add(out, c->name, c->doc, c->block, mod->name);
        out->v[out->n - 1].contributed = true;
    }
}

void conf_extras(const struct core_conf_module *mods, size_t n, const char *scope,
                 struct conf_extras *out)
{
    out->n = 0;
    for (size_t i = 0; scope && i < n; i++)
        add_of_module(mods[i].module, scope, out);
}

const char *conf_node_title(const struct moxd_node *node, struct moxd_arena *a)
{
    if (!node->label)
        return moxd_arena_strdup(a, node->name);
    return moxd_arena_printf(a, "%s \"%s\"", node->name, node->label);
}

static bool in_table(const struct moxd_directive *d, const char *name)
{
    for (; d && d->name; d++) {
        if (strcmp(d->name, name) == 0)
            return true;
    }
    return false;
}

static bool in_extras(const struct conf_extras *extra, const char *name)
{
    for (size_t i = 0; i < extra->n; i++) {
        if (strcmp(extra->v[i].name, name) == 0)
            return true;
    }
    return false;
}

/* The known name that was probably meant, or NULL. */
static const char *nearest(const char *name, const struct moxd_directive *const *tables, size_t n,
                           const struct conf_extras *extra)
{
    struct conf_nearest near = { .word = name };

    for (size_t i = 0; i < extra->n; i++)
        conf_nearest_try(&near, extra->v[i].name);
    for (size_t i = 0; i < n; i++) {
        for (const struct moxd_directive *d = tables[i]; d && d->name; d++) {
            if (!(d->flags & MOXD_D_DEPRECATED))
                conf_nearest_try(&near, d->name);
        }
    }
    return near.best;
}

static void report(struct moxd_problems *out, const struct moxd_node *c, const char *best,
                   bool open)
{
    const char *hint = NULL;
    const char *title = c->parent->name ? conf_node_title(c->parent, out->a) : NULL;

    if (best)
        hint = moxd_arena_printf(out->a, "did you mean \"%s\"?", best);
    else if (open && c->block)
        hint = "no module in \"modules\" has it";
    moxd_problem(out, c->pos, hint, "unknown directive \"%s\"%s%s", c->name, title ? " in " : "",
                 title ? title : "");
}

void conf_check_names(struct moxd_problems *out, const struct moxd_node *node,
                      const struct moxd_directive *const *tables, size_t n,
                      const struct conf_extras *extra, bool open)
{
    for (const struct moxd_node *c = node->first; c; c = c->next) {
        bool known = in_extras(extra, c->name);

        for (size_t i = 0; i < n && !known; i++)
            known = in_table(tables[i], c->name);
        if (!known)
            report(out, c, nearest(c->name, tables, n, extra), open);
    }
}
