#include "module/set.h"

#include <stdlib.h>

static struct core_modules *current;

struct core_modules *core_modules_current(void)
{
    return current;
}

struct core_modules *core_modules_new(void)
{
    struct core_modules *set = moxd_xcalloc(1, sizeof(*set));

    moxd_assert(!current);
    set->a = moxd_arena_new(0);
    set->log.component = "modules";
    current = set;
    return set;
}

void core_modules_free(struct core_modules *set)
{
    if (!set)
        return;
    moxd_assert(set == current && !set->active);
    current = NULL;
    for (size_t i = 0; i < set->n; i++) {
        moxd_assert(!set->v[i]->fibers);
        free(set->v[i]->m);
    }
    moxd_arena_free(set->a);
    free(set);
}

size_t core_modules_count(const struct core_modules *set)
{
    return set->n;
}

struct core_module *core_modules_get(const struct core_modules *set, size_t i)
{
    return i < set->n ? set->v[i] : NULL;
}

struct core_module *core_modules_find(const struct core_modules *set, const char *name)
{
    for (size_t i = 0; i < set->n; i++)
        if (strcmp(set->v[i]->tables.name, name) == 0)
            return set->v[i];
    return NULL;
}

const struct core_conf_module *core_modules_conf(struct core_modules *set, size_t *n)
{
    if (!set->conf) {
        set->conf = moxd_arena_calloc(set->a, set->n + 1, sizeof(*set->conf));
        for (size_t i = 0; i < set->n; i++)
            set->conf[i] =
                (struct core_conf_module){ .module = &set->v[i]->tables, .m = set->v[i]->m };
    }
    *n = set->n;
    return set->conf;
}

void core_modules_resolve(struct core_modules *set, struct moxd_problems *problems)
{
    moxd_assert(!set->resolved);
    set->resolved = true;
    core_modules_sort(set, problems);
    core_tables_compare(set, problems);
    core_slots_build(set);
    core_points_build(set, problems);
}
