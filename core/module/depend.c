/* Who needs whom: interfaces are found at their providers, and modules sorted so that a provider's
 * init runs before that of those who need it. */
#include "module/find.h"
#include "module/set.h"
#include "module/topo.h"

#include <unistd.h>

enum { VERSION_MAX = 65535 };

/* Interface names may have parts: "store", "http-routes". */
int core_need_parse(struct moxd_str text, struct moxd_arena *a, struct core_need *out)
{
    uint64_t major, minor = 0;

    *out = (struct core_need){ .optional = moxd_str_ends(text, MOXD_STR("?")) };
    if (out->optional)
        text.n--;
    struct moxd_str name = moxd_str_cut(&text, '/');
    if (!core_module_name_ok(name) || moxd_str_take_u64(&text, VERSION_MAX, &major) < 0)
        return -1;
    if (text.n > 0) {
        struct moxd_str rest = moxd_str_from(text, 1);
        if (text.p[0] != '.' || moxd_str_u64(rest, VERSION_MAX, &minor) < 0)
            return -1;
    }
    out->name = moxd_arena_cstr(a, name);
    out->major = (unsigned)major;
    out->minor = (unsigned)minor;
    return 0;
}

/* The module's interface of that name: of that major version if it has several. */
static const struct moxd_interface *provided(const struct core_module *mod, const char *name,
                                             unsigned major)
{
    const struct moxd_interface *found = NULL;

    for (const struct moxd_interface *i = mod->tables.provides; i && i->name; i++)
        if (strcmp(i->name, name) == 0 && (!found || i->major == major))
            found = i;
    return found;
}

static bool fits(const struct core_need *need, const struct moxd_interface *iface)
{
    return iface->major == need->major && iface->minor >= need->minor;
}

/* Fills need->by and iface with who fits; else with who has another version, if anybody. */
static void find_provider(const struct core_modules *set, struct core_need *need)
{
    for (size_t i = 0; i < set->n; i++) {
        const struct moxd_interface *iface = provided(set->v[i], need->name, need->major);

        if (!iface)
            continue;
        need->by = set->v[i];
        need->iface = iface;
        if (fits(need, iface))
            return;
    }
}

static void missing(const struct core_module *mod, const struct core_need *need,
                    struct moxd_problems *problems)
{
    struct core_modules *set = mod->set;
    const char *beside = core_module_file(core_module_dir(), need->name, set->a);
    const char *hint = access(beside, F_OK) == 0
                           ? moxd_arena_printf(set->a, "add \"%s\" to modules", need->name)
                           : "add the module that provides it to modules";

    moxd_problem(problems, mod->pos, hint,
                 "module \"%s\" needs the interface %s/%u.%u, which no loaded module provides",
                 mod->tables.name, need->name, need->major, need->minor);
}

static void wrong_version(const struct core_module *mod, const struct core_need *need,
                          struct moxd_problems *problems)
{
    bool provider_old = need->iface->major < need->major ||
                        (need->iface->major == need->major && need->iface->minor < need->minor);
    const char *old = provider_old ? need->by->tables.name : mod->tables.name;
    const char *hint = moxd_arena_printf(mod->set->a, "update the module \"%s\"", old);

    moxd_problem(problems, mod->pos, hint,
                 "module \"%s\" needs the interface %s/%u.%u, but \"%s\" provides %s/%u.%u",
                 mod->tables.name, need->name, need->major, need->minor, need->by->tables.name,
                 need->name, need->iface->major, need->iface->minor);
}

static void resolve_need(struct core_module *mod, struct core_need *need,
                         struct moxd_problems *problems)
{
    find_provider(mod->set, need);
    if (need->by && fits(need, need->iface))
        return;
    if (!need->optional && !need->by)
        missing(mod, need, problems);
    else if (!need->optional)
        wrong_version(mod, need, problems);
    else if (need->by)
        moxd_problem_warning(problems, mod->pos,
                             "module \"%s\" goes without the interface %s/%u.%u, since \"%s\" "
                             "provides %s/%u.%u",
                             mod->tables.name, need->name, need->major, need->minor,
                             need->by->tables.name, need->name, need->iface->major,
                             need->iface->minor);
    need->by = NULL;
    need->iface = NULL;
}

static void resolve_needs(struct core_module *mod, struct moxd_problems *problems)
{
    size_t cap = 0;

    for (const char *const *text = mod->tables.needs; text && *text; text++) {
        struct core_need *need =
            moxd_arena_push(mod->set->a, &mod->needs, &mod->nneeds, &cap, sizeof(*need));
        if (core_need_parse(moxd_cstr(*text), mod->set->a, need) == 0) {
            resolve_need(mod, need, problems);
            continue;
        }
        mod->nneeds--;
        moxd_problem(problems, mod->pos, "it is NAME/MAJOR or NAME/MAJOR.MINOR, then ? if optional",
                     "module \"%s\" needs an interface \"%s\", which is no name of one",
                     mod->tables.name, *text);
    }
}

static size_t index_of(const struct core_modules *set, const struct core_module *mod)
{
    size_t i = 0;

    while (set->v[i] != mod)
        i++;
    return i;
}

/* What `before` provides and `mod` needs. */
static const char *need_of(const struct core_module *mod, const struct core_module *before)
{
    for (size_t i = 0; i < mod->nneeds; i++)
        if (mod->needs[i].by == before)
            return mod->needs[i].name;
    return "";
}

static void report_cycle(struct core_modules *set, const size_t *cycle, size_t n,
                         struct moxd_problems *problems)
{
    const char *text = "";

    for (size_t i = 0; i < n; i++) {
        const struct core_module *mod = set->v[cycle[i]];
        const struct core_module *before = set->v[cycle[(i + n - 1) % n]];
        text = moxd_arena_printf(set->a, "%s%s\"%s\" needs %s of \"%s\"", text, i ? ", " : "",
                                 mod->tables.name, need_of(mod, before), before->tables.name);
    }
    moxd_problem(problems, set->v[cycle[0]]->pos, "leave one of them out, or make a need optional",
                 "modules need each other in a circle: %s", text);
}

void core_modules_sort(struct core_modules *set, struct moxd_problems *problems)
{
    struct core_topo *topo = core_topo_new(set->a, set->n);
    size_t *order = moxd_arena_calloc(set->a, set->n + 1, sizeof(*order));
    struct core_module **sorted = moxd_arena_calloc(set->a, set->n + 1, sizeof(*sorted));

    for (size_t i = 0; i < set->n; i++) {
        resolve_needs(set->v[i], problems);
        for (size_t k = 0; k < set->v[i]->nneeds; k++)
            if (set->v[i]->needs[k].by)
                core_topo_before(topo, index_of(set, set->v[i]->needs[k].by), i);
    }
    size_t cycle = core_topo_sort(topo, order);
    if (cycle > 0) {
        report_cycle(set, order, cycle, problems);
        return;
    }
    for (size_t i = 0; i < set->n; i++)
        sorted[i] = set->v[order[i]];
    set->v = sorted;
    set->cap = set->n;
}
