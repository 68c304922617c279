#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int store_write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t w = write(fd, p, n);
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return -1;
        p += w;
        n -= (size_t)w;
    }
    return 0;
}

int store_copy_fd(int to, int from, uint64_t off, uint64_t size)
{
    enum { PIECE = 256 * 1024 };
    char *buf = moxd_xmalloc(PIECE);
    uint64_t at = 0;
    ssize_t n = 0;

    while (at < size) {
        size_t want = size - at < PIECE ? (size_t)(size - at) : PIECE;
        n = pread(from, buf, want, (off_t)(off + at));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0 || store_write_all(to, buf, (size_t)n) < 0)
            break;
        at += (uint64_t)n;
    }
    free(buf);
    if (n == 0 && at < size)
        errno = EIO;
    return at == size ? 0 : -1;
}

int store_write_file(int dir, const char *path, struct moxd_str text, struct moxd_err *err)
{
    MOXD_CLEANUP(moxd_closep)
    int fd = openat(dir, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0 || store_write_all(fd, text.p, text.n) < 0 || fsync(fd) < 0)
        return moxd_err_sys(err, "write %s", path);
    return 0;
}

int store_copy_file(int from_dir, const char *from, int to_dir, const char *to,
                    struct moxd_err *err)
{
    MOXD_CLEANUP(moxd_closep) int in = openat(from_dir, from, O_RDONLY | O_CLOEXEC);
    MOXD_CLEANUP(moxd_closep)
    int out = openat(to_dir, to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct stat st;

    if (in < 0 || out < 0 || fstat(in, &st) < 0 ||
        store_copy_fd(out, in, 0, (uint64_t)st.st_size) < 0 || fsync(out) < 0)
        return moxd_err_sys(err, "copy %s to %s", from, to);
    return 0;
}

int store_make_dir(int dir, const char *path, struct moxd_err *err)
{
    if (mkdirat(dir, path, 0700) == 0 || errno == EEXIST)
        return 0;
    return moxd_err_sys(err, "mkdir %s", path);
}

int store_sync_dir(int dir, const char *path, struct moxd_err *err)
{
    MOXD_CLEANUP(moxd_closep) int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fsync(fd) < 0)
        return moxd_err_sys(err, "fsync %s", path);
    return 0;
}
