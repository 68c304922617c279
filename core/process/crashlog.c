#include "process/crashlog.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <moxd/clock.h>
#include <moxd/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char current_name[] = "current";

static int open_dir(const char *data_dir, const struct core_user *user)
{
    MOXD_CLEANUP(moxd_closep)
    int data = open(data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (data < 0 || (mkdirat(data, "crash", 0700) < 0 && errno != EEXIST))
        return -1;
    int dir = openat(data, "crash", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir >= 0 && user && fchown(dir, user->uid, user->gid) < 0)
        moxd_closep(&dir);
    return dir;
}

void core_crashlog_open(struct core_crashlog *c, const char *data_dir, const struct core_user *user,
                        const struct moxd_log *log)
{
    c->fd = -1;
    c->dir = open_dir(data_dir, user);
    if (c->dir >= 0) {
        (void)unlinkat(c->dir, current_name, 0);
        c->fd =
            openat(c->dir, current_name, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    }
    if (c->fd < 0)
        moxd_log_check(log, -1, "crash log");
    else if (user)
        moxd_log_check(log, fchown(c->fd, user->uid, user->gid), "crash log");
}

static int is_log(const struct dirent *e)
{
    return moxd_str_ends(moxd_cstr(e->d_name), MOXD_STR(".log"));
}

/* Names begin with the time, so the first ones are the oldest. */
static void remove_oldest(int dir)
{
    struct dirent **v;
    int n = scandirat(dir, ".", &v, is_log, alphasort);

    for (int i = 0; i < n; i++) {
        if (i + CORE_CRASHLOGS_KEPT < n)
            (void)unlinkat(dir, v[i]->d_name, 0);
        free(v[i]);
    }
    if (n >= 0)
        free(v);
}

static void keep(struct core_crashlog *c, pid_t pid, const char *how, const struct moxd_log *log)
{
    time_t now = (time_t)(moxd_wall() / MOXD_SEC);
    char stamp[32], name[80];
    struct tm tm;

    (void)gmtime_r(&now, &tm);
    (void)strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
    (void)snprintf(name, sizeof(name), "%s-%ld.log", stamp, (long)pid);
    (void)dprintf(c->fd, "moxd %s, process %ld, ended by %s, %s\n", moxd_version(), (long)pid, how,
                  stamp);
    moxd_closep(&c->fd);
    if (renameat(c->dir, current_name, c->dir, name) < 0) {
        moxd_log_check(log, -1, "crash log");
        return;
    }
    moxd_error(log, "crash log written", moxd_kvs("file", name));
    remove_oldest(c->dir);
}

void core_crashlog_close(struct core_crashlog *c, pid_t pid, const char *how,
                         const struct moxd_log *log)
{
    bool opened = c->fd >= 0;

    if (opened && how)
        keep(c, pid, how, log);
    moxd_closep(&c->fd);
    if (opened && !how)
        (void)unlinkat(c->dir, current_name, 0);
    moxd_closep(&c->dir);
}
