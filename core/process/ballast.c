#include "process/ballast.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

static const char ballast_name[] = "ballast";

static int open_dir(const char *data_dir, const struct moxd_log *log)
{
    int dir = open(data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    moxd_log_check(log, dir, "ballast");
    return dir;
}

/* Bytes that users other than root may still write; -1 unknown. */
static int64_t room(int dir)
{
    struct statvfs st;

    if (fstatvfs(dir, &st) < 0)
        return -1;
    return (int64_t)st.f_bavail * (int64_t)st.f_frsize;
}

/* Real blocks: a file with holes would free nothing. */
static int fill(int dir, const struct core_user *user)
{
    MOXD_CLEANUP(moxd_closep)
    int fd = openat(dir, ballast_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return errno == EEXIST ? 0 : -1;
    if ((!user || fchown(fd, user->uid, user->gid) == 0) &&
        posix_fallocate(fd, 0, CORE_BALLAST_SIZE) == 0)
        return 0;
    moxd_closep(&fd);
    (void)unlinkat(dir, ballast_name, 0);
    return -1;
}

bool core_ballast_make(const char *data_dir, const struct core_user *user,
                       const struct moxd_log *log)
{
    MOXD_CLEANUP(moxd_closep) int dir = open_dir(data_dir, log);

    if (dir < 0 || room(dir) / CORE_BALLAST_SHARE <= CORE_BALLAST_SIZE)
        return false;
    if (fill(dir, user) == 0)
        return true;
    moxd_warn(log, "no ballast file: recovery from a full disk will need help",
              moxd_kvs("data-dir", data_dir));
    return false;
}

void core_ballast_release(const char *data_dir, const struct moxd_log *log)
{
    MOXD_CLEANUP(moxd_closep) int dir = open_dir(data_dir, log);
    int64_t free_bytes = dir < 0 ? -1 : room(dir);

    if (free_bytes < 0 || free_bytes >= CORE_DISK_FULL)
        return;
    if (unlinkat(dir, ballast_name, 0) == 0)
        moxd_error(log, "disk is full: removed the ballast file so that recovery has room",
                   moxd_kvs("data-dir", data_dir), moxd_kvi("free", free_bytes));
    else
        moxd_error(log, "disk is full, and there is no ballast file",
                   moxd_kvs("data-dir", data_dir), moxd_kvi("free", free_bytes));
}
