/* Files as output of commands in the server: into the directory that the command line names, with the rights of who called
 * moxctl, never over anything, never through a link. */
#include "moxctl/moxctl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIR_MODE = 0700, FILE_MODE = 0600 }; /* it is mail */

static int top_fd = -1, file_fd = -1;
static char file_path[PATH_MAX]; /* for messages */

static int failed(const char *path)
{
    return moxctl_fail(-1, "%s: %s", path, strerror(errno));
}

/* --- directories --------------------------------------------------------------------------------- */

static bool is_empty(int fd)
{
    int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = again >= 0 ? fdopendir(again) : NULL;
    const struct dirent *e;
    bool empty = d != NULL;

    if (!d)
        moxd_closep(&again);
    while (d && (e = readdir(d)) != NULL)
        empty &= strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
    if (d)
        closedir(d);
    return empty;
}

static int make_top(const char *path)
{
    moxd_closep(&top_fd);
    if (mkdir(path, DIR_MODE) < 0 && errno != EEXIST)
        return failed(path);
    top_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (top_fd < 0)
        return failed(path);
    return is_empty(top_fd) ? 0 : moxctl_fail(-1, "%s: is not empty; name a new directory", path);
}

/* Takes the first component off *path, into `name`. */
static int component(const char **path, char name[NAME_MAX + 1])
{
    size_t n = strcspn(*path, "/");
    struct moxd_str s = moxd_str(*path, n);

    if (n == 0 || moxd_str_eqs(s, ".") || moxd_str_eqs(s, ".."))
        return moxctl_fail(-1, "the server names the file %s", *path);
    if (moxd_str_copy(s, name, NAME_MAX + 1) < 0) {
        errno = ENAMETOOLONG;
        return failed(*path);
    }
    *path += n;
    *path += **path == '/';
    return 0;
}

/* The directory of the last component of *path, with all on the way; *path is that component then. */
static int make_parents(const char **path, char name[NAME_MAX + 1])
{
    int at = fcntl(top_fd, F_DUPFD_CLOEXEC, 0);

    while (at >= 0 && strchr(*path, '/') != NULL) {
        int up = at;

        at = -1;
        if (component(path, name) == 0) {
            if (mkdirat(up, name, DIR_MODE) < 0 && errno != EEXIST)
                failed(name);
            else if ((at = openat(up, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
                failed(name);
        }
        close(up);
    }
    if (at >= 0 && component(path, name) < 0)
        moxd_closep(&at);
    return at;
}

int moxctl_put_dir(void *arg, const char *path, const char *below)
{
    char name[NAME_MAX + 1];

    (void)arg;
    if (!below)
        return make_top(path);
    int at MOXD_CLEANUP(moxd_closep) = make_parents(&below, name);
    if (at < 0)
        return -1;
    return mkdirat(at, name, DIR_MODE) < 0 && errno != EEXIST ? failed(name) : 0;
}

/* --- a file -------------------------------------------------------------------------------------- */

int moxctl_put(void *arg, const char *below)
{
    char name[NAME_MAX + 1];

    (void)arg;
    snprintf(file_path, sizeof(file_path), "%s", below);
    moxd_closep(&file_fd);
    int at MOXD_CLEANUP(moxd_closep) = make_parents(&below, name);
    if (at < 0)
        return -1;
    file_fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    return file_fd < 0 ? failed(file_path) : 0;
}

int moxctl_put_data(void *arg, struct moxd_str s)
{
    (void)arg;
    while (s.n > 0) {
        ssize_t k = write(file_fd, s.p, s.n);

        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return failed(file_path);
        s = moxd_str_from(s, (size_t)k);
    }
    return 0;
}

int moxctl_put_end(void *arg, int64_t changed)
{
    struct timespec times[2] = { { .tv_nsec = UTIME_NOW }, { .tv_sec = (time_t)changed } };
    int fd = file_fd;

    (void)arg;
    file_fd = -1;
    (void)futimens(fd, times); /* a file system without such times keeps the mail as well */
    return close(fd) < 0 ? failed(file_path) : 0;
}

int moxctl_put_sync(void *arg)
{
    (void)arg;
    return syncfs(top_fd) < 0 ? failed("writing to disk") : 0;
}
