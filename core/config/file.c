/* Configuration files: read whole, replaced whole. */
#include "config/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct conf_stamp stamp_of(const struct stat *st)
{
    return (struct conf_stamp){ st->st_dev, st->st_ino, st->st_size, st->st_mtim };
}

static bool same_stamp(const struct conf_stamp *x, const struct conf_stamp *y)
{
    return x->dev == y->dev && x->ino == y->ino && x->size == y->size &&
           x->mtime.tv_sec == y->mtime.tv_sec && x->mtime.tv_nsec == y->mtime.tv_nsec;
}

bool conf_file_same(const char *path, const struct conf_stamp *stamp)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return false;
    struct conf_stamp now = stamp_of(&st);
    return same_stamp(&now, stamp);
}

static int read_all(int fd, struct moxd_buf *out)
{
    enum { PIECE = 64 * 1024 };

    for (;;) {
        char *p = moxd_buf_room(out, PIECE);
        ssize_t n = p ? read(fd, p, PIECE) : 0;

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return (int)n;
        moxd_buf_grew(out, (size_t)n);
    }
}

int conf_file_read(const char *path, struct moxd_buf *out, struct conf_stamp *stamp,
                   struct moxd_err *err)
{
    MOXD_CLEANUP(moxd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;

    moxd_buf_init(out, CONF_FILE_MAX + 128 * 1024); /* the parser says when it is too large */
    if (fd < 0 || fstat(fd, &st) < 0)
        return moxd_err_sys(err, "cannot read %s", path);
    if (S_ISDIR(st.st_mode) || read_all(fd, out) < 0) {
        errno = S_ISDIR(st.st_mode) ? EISDIR : errno;
        return moxd_err_sys(err, "cannot read %s", path);
    }
    if (stamp)
        *stamp = stamp_of(&st);
    return 0;
}

static int write_all(int fd, struct moxd_str text)
{
    while (text.n > 0) {
        ssize_t n = write(fd, text.p, text.n);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        text = moxd_str_from(text, (size_t)n);
    }
    return 0;
}

/* Mode and owner of the file that is replaced; the owner only where we may. */
static int take_over(int fd, const char *path)
{
    struct stat old, own;

    if (stat(path, &old) < 0)
        return errno == ENOENT ? fchmod(fd, 0600) : -1;
    if (fstat(fd, &own) < 0)
        return -1;
    if ((own.st_uid != old.st_uid || own.st_gid != old.st_gid) &&
        fchown(fd, old.st_uid, old.st_gid) < 0 && errno != EPERM)
        return -1;
    return fchmod(fd, old.st_mode & 07777);
}

static int sync_dir(const char *path)
{
    struct moxd_arena *a = moxd_arena_new(0);
    MOXD_CLEANUP(moxd_closep)
    int fd = open(conf_dir_of(path, a), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    moxd_arena_free(a);
    return fd < 0 ? -1 : fsync(fd);
}

/* Writes, closes and renames the temporary file, which the caller removes when this fails. */
static int write_temp(const char *temp, int *fd, const char *path, struct moxd_str text,
                      const struct conf_stamp *was, struct conf_stamp *stamp, struct moxd_err *err)
{
    struct stat st;

    if (take_over(*fd, path) < 0 || write_all(*fd, text) < 0 || fsync(*fd) < 0 ||
        fstat(*fd, &st) < 0)
        return moxd_err_sys(err, "cannot write %s", temp);
    moxd_closep(fd);
    if (was && !conf_file_same(path, was))
        return moxd_err_set(err, MOXD_ERR_STATE,
                            "%s was changed by somebody else meanwhile; try again", path);
    if (rename(temp, path) < 0)
        return moxd_err_sys(err, "cannot rename %s to %s", temp, path);
    if (stamp)
        *stamp = stamp_of(&st);
    if (sync_dir(path) < 0)
        return moxd_err_sys(err, "cannot sync the directory of %s", path);
    return 0;
}

int conf_file_write(const char *path, struct moxd_str text, const struct conf_stamp *was,
                    struct conf_stamp *stamp, struct moxd_err *err)
{
    MOXD_CLEANUP(moxd_freep) char *temp = moxd_xasprintf("%s.XXXXXX", path);
    MOXD_CLEANUP(moxd_closep) int fd = mkostemp(temp, O_CLOEXEC);

    if (fd < 0)
        return moxd_err_sys(err, "cannot create a file beside %s", path);
    int rc = write_temp(temp, &fd, path, text, was, stamp, err);
    moxd_closep(&fd);
    if (rc < 0)
        unlink(temp); /* gone already when only the sync of the directory failed */
    return rc;
}
