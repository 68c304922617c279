/* domains.conf is read again when it changes on disk (P-CORE-02). With inotify where there is one,
 * else by looking at the file now and then. */
#include "config/conf.h"

#include <moxd/fiber.h>
#include <moxd/log.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/inotify.h>
#endif

enum {
    SETTLE_MS = 100, /* editors write, rename and touch in a row: one reload for all of it */
    POLL_MS = 2000,
};

static const struct moxd_log config_log = { .component = "config" };
static struct moxd_fid watcher;

/* Waits until something may have happened. */
#ifdef __linux__
static int watch_open(const char *path)
{
    struct moxd_arena *a = moxd_arena_new(0);
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    uint32_t events = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_ATTRIB;

    if (fd >= 0 && inotify_add_watch(fd, conf_dir_of(path, a), events) < 0)
        moxd_closep(&fd);
    moxd_arena_free(a);
    return fd;
}

static void drain(int fd)
{
    char events[4096];

    while (read(fd, events, sizeof(events)) > 0)
        ;
}

static int watch_wait(int fd)
{
    if (fd < 0)
        return moxd_sleep(POLL_MS * MOXD_MS);
    int rc = moxd_wait_fd(fd, MOXD_FD_READ, MOXD_NEVER);
    if (rc < 0)
        return rc;
    rc = moxd_sleep(SETTLE_MS * MOXD_MS);
    drain(fd);
    return rc;
}
#else
static int watch_open(const char *path)
{
    (void)path;
    return -1;
}

static int watch_wait(int fd)
{
    (void)fd;
    return moxd_sleep(POLL_MS * MOXD_MS);
}
#endif

static void look(const char *path)
{
    struct moxd_err err = { 0 };

    if (conf_file_same(path, &conf_seen))
        return;
    if (moxd_conf_reload(&err) < 0)
        moxd_error(&config_log, "domains.conf changed but cannot be used; the old one stays",
                   moxd_kve(&err));
}

static void watch_main(void *arg)
{
    const char *path = core_conf_of(conf_current())->domains_path;
    MOXD_CLEANUP(moxd_closep) int fd = watch_open(path);

    (void)arg;
    look(path);
    while (watch_wait(fd) == MOXD_OK)
        look(path);
}

void core_conf_watch(void)
{
    moxd_assert(conf_current() && !moxd_fiber_alive(watcher));
    watcher = moxd_fiber_spawn("config watch", watch_main, NULL);
}

void core_conf_unwatch(void)
{
    moxd_fiber_cancel(watcher);
}
