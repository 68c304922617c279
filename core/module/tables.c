/* What a module's tables must hold so that nobody after the loader has to look again. */
#include "module/find.h"
#include "module/set.h"

#include <stdio.h>

/* Where a defect was found: tells it with the module's name in front. */
struct checking {
    const struct core_module *mod;
    struct moxd_problems *problems;
    bool ok;
};

static void defect(struct checking *c, const char *fmt, ...) MOXD_PRINTF(2, 3);
static void defect(struct checking *c, const char *fmt, ...)
{
    char text[200];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    moxd_problem(c->problems, c->mod->pos, "its author has to correct it",
                 "module \"%s\" has a defect in its tables: %s", c->mod->tables.name, text);
    c->ok = false;
}

static void check_provides(struct checking *c)
{
    for (const struct moxd_interface *i = c->mod->tables.provides; i && i->name; i++) {
        if (!core_module_name_ok(moxd_cstr(i->name)))
            defect(c, "an interface cannot be called \"%s\"", i->name);
        if (!i->vtable || i->major == 0)
            defect(c, "the interface %s has no functions, or major version 0", i->name);
    }
}

static void check_points(struct checking *c)
{
    for (const struct moxd_point_def *p = c->mod->tables.points; p && p->name; p++) {
        if (p->major == 0 || p->kind > MOXD_TRANSACT || !p->doc || !p->event)
            defect(c, "the hook point %s lacks version, kind, event or documentation", p->name);
        if (!p->call && p->kind != MOXD_TRANSACT)
            defect(c, "the hook point %s has no thunk", p->name);
    }
}

static void check_hooks(struct checking *c)
{
    for (const struct moxd_hook *h = c->mod->tables.hooks; h && h->point; h++) {
        if (!h->fn)
            defect(c, "the hook for %s has no function", h->point);
        if (h->phase > MOXD_LATE || h->timeout < 0)
            defect(c, "the hook for %s has an unknown phase or a negative timeout", h->point);
    }
}

static void check_services(struct checking *c)
{
    for (const struct moxd_service *s = c->mod->tables.services; s && s->name; s++) {
        if (!core_module_name_ok(moxd_cstr(s->name)))
            defect(c, "a service cannot be called \"%s\"", s->name);
        if (!s->session)
            defect(c, "the service %s has no session function", s->name);
        if (!s->block || s->block->size < sizeof(struct moxd_service_conf))
            defect(c, "the block of the service %s does not begin with struct moxd_service_conf",
                   s->name);
    }
}

static void check_commands(struct checking *c)
{
    for (const struct moxd_command *cmd = c->mod->tables.commands; cmd && cmd->name; cmd++)
        if (!cmd->run || !cmd->summary)
            defect(c, "the command %s has no function or no summary", cmd->name);
}

static void check_slots(struct checking *c)
{
    const struct moxd_slot *table = c->mod->tables.slots;

    for (const struct moxd_slot *s = table; s && s->object; s++) {
        if (s->size == 0)
            defect(c, "the slot at %s has no size", s->object);
        for (const struct moxd_slot *t = table; t < s; t++)
            if (strcmp(s->object, t->object) == 0)
                defect(c, "it has two slots at %s", s->object);
    }
}

static void check_metrics(struct checking *c)
{
    for (const struct moxd_metric *m = c->mod->tables.metrics; m && m->name; m++)
        if (!m->help || m->type > MOXD_HISTOGRAM)
            defect(c, "the metric %s has no help text or no known type", m->name);
}

bool core_tables_check(struct core_module *mod, struct moxd_problems *problems)
{
    struct checking c = { .mod = mod, .problems = problems, .ok = true };

    if (mod->tables.instance_size < sizeof(struct moxd_instance))
        defect(&c, "instance_size is %zu, less than a struct moxd_instance has",
               mod->tables.instance_size);
    check_provides(&c);
    check_points(&c);
    check_hooks(&c);
    check_services(&c);
    check_commands(&c);
    check_slots(&c);
    check_metrics(&c);
    return c.ok;
}
