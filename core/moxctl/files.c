/* Files that the command line names, as input of commands in the server: moxctl opens them, with the rights of who
 * called it. Of a directory the list of its files is the input; then the files, one after the other. */
#include "moxctl/moxctl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 2 /* "cur/name" */ };

static int dir_fd = -1; /* of the directory that was named */

static int becomes_stdin(int fd, const char *path)
{
    if (fd < 0 || dup2(fd, STDIN_FILENO) < 0)
        return moxctl_fail(-1, "%s: %s", path, strerror(errno));
    return 0;
}

/* --- a directory --------------------------------------------------------------------------------- */

static int list(int fd, const char *path, int depth, FILE *out);

static int list_entry(int dir, const char *prefix, const char *name, int depth, FILE *out)
{
    char path[2 * NAME_MAX + 3];
    struct stat st;

    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return 0;
    snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "/" : "", name);
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : moxctl_fail(-1, "%s: %s", path, strerror(errno));
    if (S_ISREG(st.st_mode))
        fprintf(out, "%lld %lld %s%c", (long long)st.st_size, (long long)st.st_mtime, path, '\0');
    if (!S_ISDIR(st.st_mode) || depth == DEPTH_MAX)
        return 0;
    int fd MOXD_CLEANUP(moxd_closep) =
        openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return moxctl_fail(-1, "%s: %s", path, strerror(errno));
    return list(fd, path, depth + 1, out);
}

/* By name: what came first is first, as mail programs name files. */
static int list(int fd, const char *path, int depth, FILE *out)
{
    struct dirent **v;
    int n = scandirat(fd, ".", &v, NULL, alphasort), rc = 0;

    if (n < 0)
        return moxctl_fail(-1, "%s: %s", *path ? path : "directory", strerror(errno));
    for (int i = 0; i < n; i++) {
        if (rc == 0)
            rc = list_entry(fd, path, v[i]->d_name, depth, out);
        free(v[i]);
    }
    free(v);
    return rc;
}

static int open_list(const char *path)
{
    int fd = memfd_create("moxctl-list", MFD_CLOEXEC);
    FILE *out = fd >= 0 ? fdopen(fd, "w+") : NULL;
    int rc = out ? list(dir_fd, "", 1, out) : moxctl_fail(-1, "%s: %s", path, strerror(errno));

    if (rc == 0 && (fflush(out) != 0 || lseek(fd, 0, SEEK_SET) < 0))
        rc = moxctl_fail(-1, "%s: %s", path, strerror(errno));
    if (rc == 0)
        rc = becomes_stdin(fd, path);
    if (out)
        fclose(out);
    else
        moxd_closep(&fd);
    return rc;
}

/* --- files --------------------------------------------------------------------------------------- */

int moxctl_stdin_file(void *arg, const char *path)
{
    int fd MOXD_CLEANUP(moxd_closep) = open(path, O_RDONLY | O_CLOEXEC);

    (void)arg;
    return becomes_stdin(fd, path);
}

int moxctl_stdin_dir(void *arg, const char *path)
{
    (void)arg;
    moxd_closep(&dir_fd);
    dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0)
        return moxctl_fail(-1, "%s: %s", path, strerror(errno));
    return open_list(path);
}

/* No component of the path may lead out of the directory. */
int moxctl_stdin_below(void *arg, const char *path)
{
    int at MOXD_CLEANUP(moxd_closep) = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);
    const char *slash;

    (void)arg;
    for (; at >= 0 && (slash = strchr(path, '/')) != NULL; path = slash + 1) {
        char name[NAME_MAX + 1];
        int up = at;

        if (moxd_str_copy(moxd_str(path, (size_t)(slash - path)), name, sizeof(name)) < 0 ||
            strcmp(name, "..") == 0)
            return moxctl_fail(-1, "the server asks for %s", path);
        at = openat(up, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        close(up);
    }
    int fd MOXD_CLEANUP(moxd_closep) = at >= 0 && strcmp(path, "..") != 0
                                           ? openat(at, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
                                           : -1;
    return becomes_stdin(fd, path);
}
