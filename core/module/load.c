/* Opening modules. Nothing of a module's code runs here but its constructors, which it should not
 * have: the loader reads data. */
#include "module/find.h"
#include "module/head.h"
#include "module/set.h"

#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>
#include <unistd.h>

/* Bytes of the object that the symbol names, 0 when the file does not say. */
static size_t symbol_size(const void *symbol)
{
    Dl_info info;
    void *extra = NULL;

    if (dladdr1(symbol, &info, &extra, RTLD_DL_SYMENT) == 0 || !extra)
        return 0;
    return ((const ElfW(Sym) *)extra)->st_size;
}

static struct moxd_str name_of_path(const char *path)
{
    struct moxd_str s = moxd_cstr(path);

    s = moxd_str_from(s, (size_t)(moxd_str_rchr(s, '/') + 1));
    if (moxd_str_ends(s, MOXD_STR(".so")))
        s.n -= 3;
    return s;
}

static struct core_module *module_new(struct core_modules *set, const struct moxd_module *table,
                                      const char *path, struct moxd_pos pos)
{
    struct core_module *mod = moxd_arena_alloc(set->a, sizeof(*mod));
    size_t size = table->instance_size;

    memcpy(&mod->tables, table, table->struct_size);
    mod->path = moxd_arena_strdup(set->a, path);
    mod->pos = pos;
    mod->set = set;
    mod->m = moxd_xcalloc(1, size < sizeof(*mod->m) ? sizeof(*mod->m) : size);
    mod->m->module = &mod->tables;
    mod->m->log.component = mod->tables.name;
    mod->m->core = mod;
    return mod;
}

void core_modules_add(struct core_modules *set, const struct moxd_module *table, const char *path,
                      struct moxd_pos pos, struct moxd_problems *problems)
{
    struct core_module *other = core_modules_find(set, table->name);

    if (other) {
        moxd_problem(problems, pos, "name it once", "module \"%s\" is listed twice", table->name);
        return;
    }
    if (set->n == CORE_MODULES_MAX) {
        moxd_problem(problems, pos, NULL, "more than %d modules", CORE_MODULES_MAX);
        return;
    }
    struct core_module *mod = module_new(set, table, path, pos);
    if (!core_tables_check(mod, problems)) {
        free(mod->m);
        return;
    }
    struct core_module **last = moxd_arena_push(set->a, &set->v, &set->n, &set->cap, sizeof(*last));
    *last = mod;
}

/* What dlopen said, without the path that it begins with. */
static const char *open_error(const char *path)
{
    const char *text = dlerror();

    if (!text)
        return "unknown error";
    if (strncmp(text, path, strlen(path)) == 0 && text[strlen(path)] == ':')
        text += strlen(path) + 1;
    return text + strspn(text, " ");
}

static const char *open_hint(const char *path, const char *text)
{
    if (access(path, F_OK) < 0)
        return "there is no such file";
    if (strstr(text, "undefined symbol"))
        return "it is made for another moxd, or was linked without a library that it uses: build "
               "it "
               "again with the flags of `pkg-config --cflags --libs moxd`";
    if (strstr(text, "cannot open shared object file"))
        return "a library that it needs is not installed; `ldd` on the file shows which";
    return "is it a shared library for this machine? `file` on it tells";
}

void core_modules_load_file(struct core_modules *set, const char *path, struct moxd_pos pos,
                            struct moxd_problems *problems)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    const char *hint;
    struct moxd_err err = { 0 };

    if (!handle) {
        const char *text = open_error(path);
        moxd_problem(problems, pos, open_hint(path, text), "%s cannot be opened: %s", path, text);
        return;
    }
    const struct moxd_module *table = dlsym(handle, "moxd_module");
    if (!table) {
        moxd_problem(
            problems, pos,
            "declare `const struct moxd_module moxd_module = { MOXD_MODULE_HEAD(...), ... };`",
            "%s is no moxd module: it exports no symbol moxd_module", path);
        return;
    }
    if (core_head_check(table, symbol_size(table), name_of_path(path), &hint, &err) < 0) {
        moxd_problem(problems, pos, hint, "%s %s", path, err.priv);
        return;
    }
    core_modules_add(set, table, path, pos, problems);
}

void core_modules_load(struct core_modules *set, const struct core_conf_peek *peek,
                       struct moxd_problems *problems)
{
    for (size_t i = 0; i < peek->modules.n; i++) {
        const char *name = peek->modules.v[i];
        struct moxd_pos pos = peek->modules.pos[i];

        if (!core_module_name_ok(moxd_cstr(name))) {
            moxd_problem(problems, pos, "names are of a-z, 0-9 and -",
                         "no module can be called "
                         "\"%s\"",
                         name);
            continue;
        }
        const char *path = core_module_find(name, &peek->module_dirs, set->a);
        if (path)
            core_modules_load_file(set, path, pos, problems);
        else
            moxd_problem(problems, pos,
                         "correct the name, install the module, or name its directory in "
                         "module-dirs",
                         "there is no module \"%s\": no %s.so in %s", name, name,
                         core_module_dirs_text(&peek->module_dirs, set->a));
    }
}
