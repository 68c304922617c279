/* Names that only one module may have. Those in configuration files are compared by core/config. */
#include "module/set.h"

struct claims {
    struct moxd_arena *a;
    struct moxd_problems *problems;
    struct claim {
        const char *what, *name;
        const struct core_module *mod;
    } * v;
    size_t n, cap;
};

static void claim(struct claims *c, const char *what, const char *name,
                  const struct core_module *mod)
{
    for (size_t i = 0; i < c->n; i++) {
        if (strcmp(c->v[i].what, what) != 0 || strcmp(c->v[i].name, name) != 0)
            continue;
        const char *other = c->v[i].mod->tables.name;
        moxd_problem(c->problems, mod->pos, "they cannot be used together",
                     "modules \"%s\" and \"%s\" both have %s %s", other, mod->tables.name, what,
                     name);
        return;
    }
    struct claim *last = moxd_arena_push(c->a, &c->v, &c->n, &c->cap, sizeof(*last));
    *last = (struct claim){ .what = what, .name = name, .mod = mod };
}

static void claim_all(struct claims *c, const struct core_module *mod)
{
    const struct moxd_module *t = &mod->tables;

    for (const struct moxd_interface *i = t->provides; i && i->name; i++)
        claim(c, "the interface", moxd_arena_printf(c->a, "%s/%u", i->name, i->major), mod);
    for (const struct moxd_command *cmd = t->commands; cmd && cmd->name; cmd++)
        claim(c, "the control command", cmd->name, mod);
    for (const struct moxd_metric *m = t->metrics; m && m->name; m++)
        claim(c, "the metric", m->name, mod);
}

void core_tables_compare(struct core_modules *set, struct moxd_problems *problems)
{
    struct claims c = { .a = moxd_arena_new(0), .problems = problems };

    for (size_t i = 0; i < set->n; i++)
        claim_all(&c, set->v[i]);
    moxd_arena_free(c.a);
}
