/* Walking and removing the directories of bodies. */
#include "bodyfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static DIR *open_dir(struct store_env *env, const char *path)
{
    int fd = openat(env->dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);

    if (dir == NULL && fd >= 0)
        close(fd);
    return dir;
}

/* The next entry that is a number; false at the end. */
static bool next_number(DIR *dir, uint64_t *n)
{
    const struct dirent *e;

    while ((e = readdir(dir)) != NULL)
        if (moxd_str_u64(moxd_cstr(e->d_name), UINT64_MAX, n) == 0)
            return true;
    return false;
}

struct walk {
    struct store_env *env;
    uint64_t account, from;
    int (*fn)(void *arg, uint64_t id);
    void *arg;
};

static int walk_dir(const struct walk *w, uint64_t number)
{
    char path[STORE_PATH_MAX];
    uint64_t id;
    int rc = 0;

    store_file_dir(w->account, number, path);
    DIR *dir = open_dir(w->env, path);
    if (dir == NULL)
        return 0;
    while (rc == 0 && next_number(dir, &id))
        if (id >= w->from)
            rc = w->fn(w->arg, id);
    closedir(dir);
    return rc;
}

int store_file_each(struct store_env *env, uint64_t account, uint64_t from,
                    int (*fn)(void *arg, uint64_t id), void *arg, struct moxd_err *err)
{
    char path[STORE_PATH_MAX];
    struct walk w = { env, account, from, fn, arg };
    uint64_t number;
    int rc = 0;

    snprintf(path, sizeof(path), "accounts/%016llx/msg", (unsigned long long)account);
    DIR *dir = open_dir(env, path);
    if (dir == NULL)
        return errno == ENOENT ? 0 : moxd_err_sys(err, "read %s", path);
    while (rc == 0 && next_number(dir, &number))
        if (number >= from / STORE_FILES_PER_DIR)
            rc = walk_dir(&w, number);
    closedir(dir);
    return rc;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path) < 0 && errno != ENOENT ? -1 : 0;
}

int store_file_remove_all(struct store_env *env, uint64_t account, struct moxd_err *err)
{
    enum { FDS = 8 };
    char *path = moxd_xasprintf("%s/accounts/%016llx", env->dir, (unsigned long long)account);
    int rc = nftw(path, remove_entry, FDS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);

    if (rc < 0 && errno == ENOENT)
        rc = 0;
    if (rc < 0)
        moxd_err_sys(err, "remove %s", path);
    free(path);
    return rc;
}
