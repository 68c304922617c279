/* Loading modules for what their tables say. Nothing of them runs. */
#include "moxctl/modules.h"

#include "module/find.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { REPORT_MAX = 1 << 20, INSTALLED_MAX = 256 };

static void report(struct moxd_problems *problems)
{
    struct moxd_buf text = MOXD_BUF_INIT(REPORT_MAX);

    core_problems_write(problems, &text);
    fputs(moxd_buf_cstr(&text), stderr);
    moxd_buf_fini(&text);
}

/* ---- without moxd.conf: everything that is installed */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void installed(struct core_conf_peek *out)
{
    const char **names = moxd_arena_calloc(out->a, INSTALLED_MAX, sizeof(*names));
    struct moxd_pos *pos = moxd_arena_calloc(out->a, INSTALLED_MAX, sizeof(*pos));
    DIR *dir = opendir(core_module_dir());
    size_t n = 0;

    for (struct dirent *de; dir && n < INSTALLED_MAX && (de = readdir(dir));) {
        struct moxd_str file = moxd_cstr(de->d_name);
        if (file.n > 3 && moxd_str_ends(file, MOXD_STR(".so")))
            names[n++] = moxd_arena_cstr(out->a, moxd_str_sub(file, 0, file.n - 3));
    }
    if (dir)
        closedir(dir);
    if (n > 1)
        qsort(names, n, sizeof(*names), by_name);
    out->modules = (struct moxd_strings){ names, n, pos };
}

static int peek(struct moxctl *x, struct core_conf_peek *out, struct moxd_problems *problems)
{
    if (access(x->config, F_OK) == 0)
        return core_conf_peek(x->config, out, problems);
    *out = (struct core_conf_peek){ .a = moxd_arena_new(0) };
    installed(out);
    return 0;
}

int moxctl_modules_load(struct moxctl *x, bool quiet, struct moxctl_modules *out)
{
    MOXD_CLEANUP(core_problems_freep) struct moxd_problems *problems = core_problems_new();
    int rc;

    *out = (struct moxctl_modules){ .set = core_modules_new() };
    rc = peek(x, &out->peek, problems);
    if (rc == 0) {
        core_modules_load(out->set, &out->peek, problems);
        core_modules_resolve(out->set, problems);
        rc = core_problems_errors(problems) ? -1 : 0;
    }
    if (rc < 0) {
        if (!quiet)
            report(problems);
        moxctl_modules_free(out);
        return -1;
    }
    out->mods = core_modules_conf(out->set, &out->n);
    return 0;
}

void moxctl_modules_free(struct moxctl_modules *mm)
{
    core_modules_free(mm->set);
    core_conf_peek_fini(&mm->peek);
    *mm = (struct moxctl_modules){ .set = NULL };
}

/* ---- moxd */

/* Directory of this program, "" when the system does not say. A build by libtool keeps programs in
 * .libs, with scripts above that start them. */
static const char *own_dir(struct moxctl *x)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
    struct moxd_str dir = moxd_str(path, n > 0 ? (size_t)n : 0);

    dir.n = (size_t)(moxd_str_rchr(dir, '/') + 1);
    if (moxd_str_ends(dir, MOXD_STR("/.libs/")))
        dir.n -= strlen(".libs/");
    return moxd_arena_cstr(x->a, dir);
}

const char *moxctl_find_moxd(struct moxctl *x)
{
    const char *dir = own_dir(x);
    const char *beside = moxd_arena_printf(x->a, "%smoxd", dir);
    const char *in_sbin = moxd_arena_printf(x->a, "%s../sbin/moxd", dir);

    if (*dir && access(beside, X_OK) == 0)
        return beside;
    if (*dir && access(in_sbin, X_OK) == 0)
        return in_sbin;
    return MOXD_SBINDIR "/moxd";
}
