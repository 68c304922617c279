/* Paths are absolute as soon as they are read: a daemon changes its directory. */
#include "config/conf.h"

#include <limits.h>
#include <moxd/path.h>
#include <unistd.h>

const char *conf_absolute_path(const char *path, struct moxd_arena *a)
{
    char cwd[PATH_MAX];

    while (moxd_str_starts(moxd_cstr(path), MOXD_STR("./")))
        path += 2;
    return moxd_path_join(a, getcwd(cwd, sizeof(cwd)) ? cwd : "", path);
}

const char *conf_dir_of(const char *path, struct moxd_arena *a)
{
    ptrdiff_t slash = moxd_str_rchr(moxd_cstr(path), '/');

    return slash > 0 ? moxd_arena_cstr(a, moxd_str(path, (size_t)slash)) : "/";
}

void conf_absolute(struct moxd_strings *paths, const char *dir, struct moxd_arena *a)
{
    const char **v = moxd_arena_calloc(a, paths->n + 1, sizeof(*v));

    for (size_t i = 0; i < paths->n; i++)
        v[i] = moxd_path_join(a, dir, paths->v[i]);
    paths->v = v;
}
