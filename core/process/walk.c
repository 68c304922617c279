#include "process/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <moxd/path.h>
#include <stdio.h>
#include <unistd.h>

enum { MODE_BITS = 07777 };

static void log_repair(const struct core_walk *walk, const char *path, const struct stat *st,
                       const struct core_want *w)
{
    char was[32], is[32];

    (void)snprintf(was, sizeof(was), "%u:%u/%04o", st->st_uid, st->st_gid, st->st_mode & MODE_BITS);
    (void)snprintf(is, sizeof(is), "%u:%u/%04o", w->uid, w->gid, w->mode);
    moxd_info(walk->log, "repaired permissions", moxd_kvs("path", path), moxd_kvs("was", was),
              moxd_kvs("is", is));
}

/* 1 when it needed a repair. */
static size_t repair(const struct core_walk *walk, int fd, const char *path, const struct stat *st)
{
    struct core_want w = { 0 };

    walk->want(walk->arg, path, st, &w);
    if (w.leave ||
        (st->st_uid == w.uid && st->st_gid == w.gid && (st->st_mode & MODE_BITS) == w.mode))
        return 0;
    if (S_ISREG(st->st_mode) && st->st_nlink > 1 && st->st_uid != w.uid) {
        moxd_warn(walk->log, "not repairing a file of somebody else that has several names",
                  moxd_kvs("path", path));
        return 0;
    }
    if (fchown(fd, w.uid, w.gid) < 0 || fchmod(fd, w.mode) < 0) {
        moxd_log_check(walk->log, -1, path);
        return 0;
    }
    log_repair(walk, path, st, &w);
    return 1;
}

static size_t visit(const struct core_walk *walk, int at, const char *name, const char *path,
                    unsigned depth);

static size_t visit_entries(const struct core_walk *walk, int fd, const char *path, unsigned depth)
{
    int copy = dup(fd);
    DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    size_t repairs = 0;

    if (!dir) {
        moxd_closep(&copy);
        moxd_log_check(walk->log, -1, path);
        return 0;
    }
    for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        MOXD_CLEANUP(moxd_freep) char *below = moxd_path_dup(path, e->d_name);
        repairs += visit(walk, fd, e->d_name, below, depth);
    }
    closedir(dir);
    return repairs;
}

static size_t visit(const struct core_walk *walk, int at, const char *name, const char *path,
                    unsigned depth)
{
    struct stat st;
    size_t repairs;

    if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
        (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) ||
        (st.st_dev == walk->skip_dev && st.st_ino == walk->skip_ino))
        return 0;
    MOXD_CLEANUP(moxd_closep)
    int fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0 || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))) {
        if (errno != ENOENT)
            moxd_log_check(walk->log, -1, path);
        return 0;
    }
    repairs = repair(walk, fd, path, &st);
    if (S_ISDIR(st.st_mode) && depth > 0)
        repairs += visit_entries(walk, fd, path, depth - 1);
    return repairs;
}

size_t core_walk(const struct core_walk *walk, const char *path)
{
    return visit(walk, AT_FDCWD, path, path, walk->depth);
}
