/* Names of local files. */
#include <moxd/path.h>

#include <string.h>

/* How much of `dir` comes before the slash that joins. */
static int kept(const char *dir)
{
    size_t n = strlen(dir);

    while (n > 0 && dir[n - 1] == '/')
        n--;
    return (int)n;
}

static bool alone(const char *dir, const char *name)
{
    return *name == '/' || *dir == '\0';
}

const char *moxd_path_join(struct moxd_arena *a, const char *dir, const char *name)
{
    return alone(dir, name) ? moxd_arena_strdup(a, name)
                            : moxd_arena_printf(a, "%.*s/%s", kept(dir), dir, name);
}

char *moxd_path_dup(const char *dir, const char *name)
{
    return alone(dir, name) ? moxd_xasprintf("%s", name)
                            : moxd_xasprintf("%.*s/%s", kept(dir), dir, name);
}
