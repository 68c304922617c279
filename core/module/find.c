#include "module/find.h"

#include "module/set.h"

#include <moxd/path.h>
#include <stdlib.h>
#include <unistd.h>

bool core_module_name_ok(struct moxd_str name)
{
    if (name.n == 0 || name.n > CORE_MODULE_NAME_MAX || name.p[0] < 'a' || name.p[0] > 'z')
        return false;
    for (size_t i = 1; i < name.n; i++) {
        char c = name.p[i];
        if (!(c >= 'a' && c <= 'z') && !moxd_is_digit(c) && c != '-')
            return false;
    }
    return true;
}

const char *core_module_dir(void)
{
    const char *dir = secure_getenv("MOXD_MODULE_DIR");

    return dir && dir[0] ? dir : MOXD_MODULEDIR;
}

const char *core_module_file(const char *dir, const char *name, struct moxd_arena *a)
{
    return moxd_path_join(a, dir, moxd_arena_printf(a, "%s.so", name));
}

static const char *file_in(const char *dir, const char *name, struct moxd_arena *a)
{
    const char *path = core_module_file(dir, name, a);

    return access(path, F_OK) == 0 ? path : NULL;
}

const char *core_module_find(const char *name, const struct moxd_strings *dirs,
                             struct moxd_arena *a)
{
    for (size_t i = 0; i < dirs->n; i++) {
        const char *path = file_in(dirs->v[i], name, a);
        if (path)
            return path;
    }
    return file_in(core_module_dir(), name, a);
}

const char *core_module_dirs_text(const struct moxd_strings *dirs, struct moxd_arena *a)
{
    const char *text = "";

    for (size_t i = 0; i < dirs->n; i++)
        text = moxd_arena_printf(a, "%s%s, ", text, dirs->v[i]);
    return moxd_arena_printf(a, "%s%s", text, core_module_dir());
}
