#include "process/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <moxd/path.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PID_TEXT = 32 };

static int taken(int fd, const char *data_dir, struct moxd_err *err)
{
    char pid[PID_TEXT];
    ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

    pid[n > 0 ? n : 0] = '\0';
    pid[strcspn(pid, "\n")] = '\0';
    return moxd_err_set(err, MOXD_ERR_STATE,
                        "another moxd (process %s) runs with the data directory %s: stop it first, "
                        "or give this one another data-dir",
                        pid[0] ? pid : "unknown", data_dir);
}

/* A file of its own: another name of it would be changed with it. */
static int open_lock(const char *path, struct moxd_err *err)
{
    MOXD_CLEANUP(moxd_closep)
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return moxd_err_sys(err, "%s", path);
    if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
        return moxd_err_set(err, MOXD_ERR_INVALID, "%s is not a plain file: remove it", path);
    int opened = fd;
    fd = -1;
    return opened;
}

int core_lock_take(const char *data_dir, const struct core_user *user, struct moxd_err *err)
{
    MOXD_CLEANUP(moxd_freep) char *path = moxd_path_dup(data_dir, "lock");
    char pid[PID_TEXT];

    MOXD_CLEANUP(moxd_closep) int fd = open_lock(path, err);
    if (fd < 0)
        return -1;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? taken(fd, data_dir, err) : moxd_err_sys(err, "%s", path);
    int n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
    if ((user && fchown(fd, user->uid, user->gid) < 0) || ftruncate(fd, 0) < 0 ||
        pwrite(fd, pid, (size_t)n, 0) != n)
        return moxd_err_sys(err, "%s", path);
    int locked = fd;
    fd = -1;
    return locked;
}
