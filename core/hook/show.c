/* Hooks and modules, for people. */
#include "module/set.h"

static const char *const kinds[] = { "observe", "decide", "transform", "provide", "transact" };
static const char *const phases[] = { "", "early", "check", "policy", "late" };
static const char *const on_errors[] = { "defer", "deny", "ignore" };

static const char *phase_name(const struct moxd_hook *h)
{
    return phases[h->phase ? h->phase : MOXD_CHECK];
}

/* `with`: it runs at the same time as the one above. */
static void show_hook(const struct core_hook *h, bool with, struct moxd_buf *out)
{
    bool asked = h->point->kind != MOXD_OBSERVE && h->point->kind != MOXD_TRANSACT;

    moxd_buf_addf(out, "  %c %-16s %s", with ? '+' : ' ', h->mod->tables.name, phase_name(h->def));
    if (h->def->before)
        moxd_buf_addf(out, " before=%s", h->def->before);
    if (h->def->after)
        moxd_buf_addf(out, " after=%s", h->def->after);
    if (asked)
        moxd_buf_addf(out, " timeout=%gs on-error=%s", (double)h->timeout / (double)MOXD_SEC,
                      on_errors[h->on_error]);
    moxd_buf_addc(out, '\n');
}

void core_hooks_show(const struct core_modules *set, struct moxd_buf *out)
{
    for (size_t i = 0; i < set->npoints; i++) {
        const struct moxd_point *p = &set->points[i];
        moxd_buf_addf(out, "%s (%s, of %s)\n", p->def->name, kinds[p->kind], p->owner->tables.name);
        for (size_t k = 0; k < p->ordered; k++)
            show_hook(&p->v[k], k > 0 && p->v[k - 1].together > 1, out);
    }
}

static void markdown_row(const struct moxd_point *p, struct moxd_buf *out)
{
    moxd_buf_addf(out, "| `%s` | %u | %s | `%s` | ", p->def->name, p->def->major, kinds[p->kind],
                  p->def->event);
    for (const char *c = p->def->doc; *c; c++) {
        if (*c == '|')
            moxd_buf_addc(out, '\\');
        moxd_buf_addc(out, *c == '\n' ? ' ' : *c);
    }
    moxd_buf_adds(out, " |\n");
}

static const char *header_of(const struct core_module *owner)
{
    return strcmp(owner->tables.name, CORE_OWNER) == 0 ? "service" : owner->tables.name;
}

void core_hooks_markdown(const struct core_modules *set, struct moxd_buf *out)
{
    const struct core_module *owner = NULL;

    for (size_t i = 0; i < set->npoints; i++) {
        const struct moxd_point *p = &set->points[i];
        if (p->owner != owner)
            moxd_buf_addf(out,
                          "\n## `%s`\n\nDeclared in `<moxd/%s.h>`.\n\n"
                          "| point | version | kind | event | |\n|---|---|---|---|---|\n",
                          p->owner->tables.name, header_of(p->owner));
        owner = p->owner;
        markdown_row(p, out);
    }
}

static void show_needs(const struct moxd_module *t, struct moxd_buf *out)
{
    for (const char *const *need = t->needs; need && *need; need++)
        moxd_buf_addf(out, "    needs %s\n", *need);
    for (const struct moxd_interface *i = t->provides; i && i->name; i++)
        moxd_buf_addf(out, "    provides %s/%u.%u\n", i->name, i->major, i->minor);
}

static void show_config(const struct moxd_module *t, struct moxd_buf *out)
{
    for (const struct moxd_directive *d = t->conf ? t->conf->directives : NULL; d && d->name; d++)
        moxd_buf_addf(out, "    directive %s.%s\n", t->name, d->name);
    for (const struct moxd_directive *d = t->dynamic ? t->dynamic->directives : NULL; d && d->name;
         d++)
        moxd_buf_addf(out, "    directive %s (domains.conf)\n", d->name);
    for (const struct moxd_contribution *x = t->contributes; x && x->scope; x++)
        moxd_buf_addf(out, "    block %s in %s\n", x->name, x->scope);
}

static void show_module(const struct core_module *mod, struct moxd_buf *out)
{
    const struct moxd_module *t = &mod->tables;

    moxd_buf_addf(out, "%s %s: %s\n    file %s\n", t->name, t->version, t->summary, mod->path);
    show_needs(t, out);
    show_config(t, out);
    for (const struct moxd_point_def *p = t->points; p && p->name; p++)
        moxd_buf_addf(out, "    point %s/%u (%s)\n", p->name, p->major, kinds[p->kind]);
    for (const struct moxd_hook *h = t->hooks; h && h->point; h++)
        moxd_buf_addf(out, "    hook %s/%u, %s%s\n", h->point, h->major, phase_name(h),
                      h->optional ? ", optional" : "");
    for (const struct moxd_service *s = t->services; s && s->name; s++)
        moxd_buf_addf(out, "    service %s: %s\n", s->name, s->summary ? s->summary : "");
    for (const struct moxd_command *c = t->commands; c && c->name; c++)
        moxd_buf_addf(out, "    command %s: %s\n", c->name, c->summary);
    for (const struct moxd_metric *m = t->metrics; m && m->name; m++)
        moxd_buf_addf(out, "    metric %s\n", m->name);
    for (const struct moxd_slot *s = t->slots; s && s->object; s++)
        moxd_buf_addf(out, "    slot at %s, %zu bytes\n", s->object, s->size);
}

void core_modules_show(const struct core_modules *set, struct moxd_buf *out)
{
    for (size_t i = 0; i < set->n; i++)
        show_module(set->v[i], out);
}
