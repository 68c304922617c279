#include "bodyfile.h"

#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Directories are named by a number of fixed width, so that they list in order. */
void store_file_dir(uint64_t account, uint64_t number, char out[STORE_PATH_MAX])
{
    snprintf(out, STORE_PATH_MAX, "accounts/%016llx/msg/%08llu", (unsigned long long)account,
             (unsigned long long)number);
}

void store_file_path(uint64_t account, uint64_t id, char out[STORE_PATH_MAX])
{
    store_file_dir(account, id / STORE_FILES_PER_DIR, out);
    size_t n = strlen(out);
    snprintf(out + n, STORE_PATH_MAX - n, "/%llu", (unsigned long long)id);
}

/* One that is not there has nothing to sync. */
static int sync_dir(struct store_env *env, const char *path, struct moxd_err *err)
{
    int fd = openat(env->dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return 0;
    int rc = fd < 0 ? -1 : fsync(fd);

    if (rc < 0)
        moxd_err_sys(err, "fsync %s", path);
    moxd_closep(&fd);
    atomic_fetch_add(&env->stats.dir_syncs, 1);
    return rc;
}

/* Makes a directory, and its entry durable. `parent` is its path without the last component. */
static int make_dir(struct store_env *env, const char *path, const char *parent,
                    struct moxd_err *err)
{
    if (mkdirat(env->dir_fd, path, 0700) == 0)
        return sync_dir(env, parent, err);
    return errno == EEXIST ? 0 : moxd_err_sys(err, "mkdir %s", path);
}

int store_file_init(struct store_env *env, uint64_t account, struct moxd_err *err)
{
    char home[STORE_PATH_MAX], msg[STORE_PATH_MAX];

    snprintf(home, sizeof(home), "accounts/%016llx", (unsigned long long)account);
    snprintf(msg, sizeof(msg), "accounts/%016llx/msg", (unsigned long long)account);
    return make_dir(env, home, "accounts", err) < 0 ? -1 : make_dir(env, msg, home, err);
}

bool store_file_has_home(struct store_env *env, uint64_t account)
{
    char home[STORE_PATH_MAX];
    struct stat st;

    snprintf(home, sizeof(home), "accounts/%016llx", (unsigned long long)account);
    return fstatat(env->dir_fd, home, &st, 0) == 0;
}

static int init_dir(struct store_env *env, uint64_t account, uint64_t id, struct moxd_err *err)
{
    char path[STORE_PATH_MAX], parent[STORE_PATH_MAX];

    store_file_dir(account, id / STORE_FILES_PER_DIR, path);
    snprintf(parent, sizeof(parent), "accounts/%016llx/msg", (unsigned long long)account);
    return make_dir(env, path, parent, err);
}

/* --- creating ---------------------------------------------------------------------------------- */

static int sync_file(struct store_env *env, int fd)
{
    atomic_fetch_add(&env->stats.file_syncs, 1);
    return fdatasync(fd);
}

/* A new file that is filled from memory or from `from`. Taken away again when that fails. */
static int fill(struct store_env *env, const char *path, const struct store_source *src)
{
    int fd = openat(env->dir_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
    if (fd < 0)
        return -1;
    int rc = src->fd < 0 ? store_write_all(fd, src->mem.p, src->mem.n)
                         : store_copy_fd(fd, src->fd, src->off, src->size);
    if (rc == 0)
        rc = sync_file(env, fd);
    moxd_closep(&fd);
    if (rc == 0)
        return 0;
    int saved = errno;
    (void)unlinkat(env->dir_fd, path, 0);
    errno = saved;
    return -1;
}

/* Gives the nameless file its name. 1 when the file systems cannot: a copy is needed. */
static int give_name(struct store_env *env, int fd, const char *path)
{
    char proc[40];

    if (sync_file(env, fd) < 0)
        return -1;
    snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
    if (linkat(AT_FDCWD, proc, env->dir_fd, path, AT_SYMLINK_FOLLOW) == 0)
        return 0;
    return errno == EEXIST || errno == ENOSPC || errno == EDQUOT || errno == EIO ? -1 : 1;
}

static int place(struct store_env *env, const char *path, const struct store_source *src)
{
    int rc = src->fd < 0 || src->part ? 1 : give_name(env, src->fd, path);
    return rc <= 0 ? rc : fill(env, path, src);
}

int store_file_sync(struct store_env *env, uint64_t account, uint64_t first, uint64_t last,
                    struct moxd_err *err)
{
    char path[STORE_PATH_MAX];

    moxd_assert(first <= last);
    for (uint64_t n = first / STORE_FILES_PER_DIR; n <= last / STORE_FILES_PER_DIR; n++) {
        store_file_dir(account, n, path);
        if (sync_dir(env, path, err) < 0)
            return -1;
    }
    return 0;
}

/* What create and link return. */
static int made(struct store_env *env, int rc, const char *what, const char *path,
                struct moxd_err *err)
{
    if (rc == 0)
        atomic_fetch_add(&env->stats.files_made, 1);
    else if (errno == EEXIST)
        moxd_err_set(err, MOXD_ERR_EXISTS, "%s is there already", path);
    else
        moxd_err_sys(err, "%s %s", what, path);
    return rc;
}

int store_file_create(struct store_env *env, uint64_t account, uint64_t id,
                      const struct store_source *src, struct moxd_err *err)
{
    char path[STORE_PATH_MAX];

    store_file_path(account, id, path);
    int rc = place(env, path, src);
    if (rc < 0 && errno == ENOENT) {
        if (init_dir(env, account, id, err) < 0)
            return -1;
        rc = place(env, path, src);
    }
    return made(env, rc, "create", path, err);
}

/* --- linking ----------------------------------------------------------------------------------- */

static int copy_file(struct store_env *env, const char *from, const char *to)
{
    struct stat st;
    int fd = openat(env->dir_fd, from, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0) {
        moxd_closep(&fd);
        return -1;
    }
    struct store_source src = { .fd = fd, .size = (uint64_t)st.st_size };
    int rc = fill(env, to, &src);
    moxd_closep(&fd);
    return rc;
}

static int link_or_copy(struct store_env *env, const char *from, const char *to)
{
    if (linkat(env->dir_fd, from, env->dir_fd, to, 0) == 0)
        return 0;
    if (errno == EMLINK || errno == EPERM || errno == EOPNOTSUPP || errno == EXDEV)
        return copy_file(env, from, to);
    return -1;
}

int store_file_link(struct store_env *env, uint64_t from_account, uint64_t from_id,
                    uint64_t account, uint64_t id, struct moxd_err *err)
{
    char from[STORE_PATH_MAX], to[STORE_PATH_MAX];

    store_file_path(from_account, from_id, from);
    store_file_path(account, id, to);
    int rc = link_or_copy(env, from, to);
    if (rc < 0 && errno == ENOENT) {
        if (init_dir(env, account, id, err) < 0)
            return -1;
        rc = link_or_copy(env, from, to);
    }
    if (rc < 0 && errno == ENOENT)
        return moxd_err_set(err, MOXD_ERR_CORRUPT, "the body of a message is missing: %s", from);
    return made(env, rc, "link", to, err);
}

/* --- reading and removing ---------------------------------------------------------------------- */

int store_file_open(struct store_env *env, uint64_t account, uint64_t id, uint64_t size,
                    struct moxd_err *err)
{
    char path[STORE_PATH_MAX];
    struct stat st;

    store_file_path(account, id, path);
    int fd = openat(env->dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno != ENOENT)
        return moxd_err_sys(err, "open %s", path);
    if (fd >= 0 && fstat(fd, &st) == 0 && (uint64_t)st.st_size == size)
        return fd;
    moxd_err_set(err, MOXD_ERR_CORRUPT, "the body of this message is damaged");
    moxd_err_wrap(err, "%s %s", path, fd < 0 ? "is missing" : "has another size than recorded");
    moxd_closep(&fd);
    return -1;
}

int store_file_remove(struct store_env *env, uint64_t account, uint64_t id, struct moxd_err *err)
{
    char path[STORE_PATH_MAX];

    store_file_path(account, id, path);
    if (unlinkat(env->dir_fd, path, 0) == 0) {
        atomic_fetch_add(&env->stats.files_removed, 1);
        return 0;
    }
    return errno == ENOENT ? 0 : moxd_err_sys(err, "remove %s", path);
}
