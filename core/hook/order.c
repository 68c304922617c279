/* The order of hooks at a point: phase, then before/after edges within the phase, then module name,
 * then place in the module's table. And which of them run at the same time. */
#include "module/set.h"
#include "module/topo.h"

#include <stdlib.h>

static int phase_of(const struct core_hook *h)
{
    return h->def->phase ? (int)h->def->phase : MOXD_CHECK;
}

static int by_phase_and_name(const void *x, const void *y)
{
    const struct core_hook *a = x, *b = y;
    int cmp = strcmp(a->mod->tables.name, b->mod->tables.name);

    if (phase_of(a) != phase_of(b))
        return phase_of(a) < phase_of(b) ? -1 : 1;
    if (cmp != 0)
        return cmp;
    return a->index < b->index ? -1 : 1;
}

/* Whether the comma-separated list names the module. */
static bool lists(const char *list, const struct core_module *mod)
{
    struct moxd_str rest = moxd_cstr(list);

    while (rest.n > 0)
        if (moxd_str_eqs(moxd_str_trim(moxd_str_cut(&rest, ',')), mod->tables.name))
            return true;
    return false;
}

static bool goes_before(const struct core_hook *a, const struct core_hook *b)
{
    if (phase_of(a) != phase_of(b))
        return phase_of(a) < phase_of(b);
    return lists(a->def->before, b->mod) || lists(b->def->after, a->mod);
}

/* In a module for 1.0 the byte was padding. */
static bool concurrent(const struct core_hook *h)
{
    return h->def->concurrent && h->mod->tables.abi_minor >= 1;
}

static bool fits(const struct core_hook *v, size_t n, const struct core_hook *next)
{
    if (n == CORE_TOGETHER_MAX || !concurrent(next) || phase_of(v) != phase_of(next))
        return false;
    for (size_t i = 0; i < n; i++)
        if (goes_before(&v[i], next))
            return false;
    return true;
}

/* Finds the neighbours that run at the same time. */
static void group(struct moxd_point *p)
{
    for (size_t i = 0, n; i < p->ordered; i += n) {
        struct core_hook *first = &p->v[i];
        n = 1;
        if (p->kind == MOXD_DECIDE && concurrent(first))
            while (i + n < p->ordered && fits(first, n, first + n))
                n++;
        for (size_t k = 0; k < n; k++)
            first[k].together = n - k;
    }
}

static void report_cycle(struct core_modules *set, const struct moxd_point *p, const size_t *cycle,
                         size_t n, struct moxd_problems *problems)
{
    const struct core_hook *first = &p->v[cycle[0]];
    const char *text = moxd_arena_printf(set->a, "\"%s\"", first->mod->tables.name);

    for (size_t i = 1; i <= n; i++)
        text = moxd_arena_printf(set->a, "%s before \"%s\"", text,
                                 p->v[cycle[i % n]].mod->tables.name);
    moxd_problem(problems, first->mod->pos,
                 "leave one of these modules out, or correct before and after in their tables",
                 "the hooks of %s are ordered in a circle: %s", p->def->name, text);
}

void core_hooks_order(struct core_modules *set, struct moxd_point *p,
                      struct moxd_problems *problems)
{
    size_t n = p->ordered;
    struct core_topo *topo = core_topo_new(set->a, n);
    size_t *order = moxd_arena_calloc(set->a, n + 1, sizeof(*order));
    struct core_hook *sorted = moxd_arena_calloc(set->a, n + 1, sizeof(*sorted));

    if (n > 0)
        qsort(p->v, n, sizeof(*p->v), by_phase_and_name);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            if (goes_before(&p->v[i], &p->v[k]))
                core_topo_before(topo, i, k);
    size_t cycle = core_topo_sort(topo, order);
    if (cycle > 0) {
        report_cycle(set, p, order, cycle, problems);
        return;
    }
    for (size_t i = 0; i < n; i++)
        sorted[i] = p->v[order[i]];
    p->v = sorted;
    group(p);
}
