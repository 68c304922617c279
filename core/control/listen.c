/* The socket: who may connect, how many, and how it ends. */
#include "control/control.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static const struct moxd_log control_log = { .component = "control" };
static struct listener {
    int fd;
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    struct moxd_fid accepting;
    struct moxd_fid sessions[CONTROL_SESSIONS]; /* gen 0: free */
} server = { .fd = -1 };
struct core_control_server control_server;

/* ---- binding */

static int bind_socket(int fd, struct sockaddr_un *addr, struct moxd_err *err)
{
    mode_t before = umask(0177);
    int rc = bind(fd, (struct sockaddr *)addr, sizeof(*addr));

    umask(before);
    if (rc < 0 || listen(fd, CONTROL_SESSIONS) < 0)
        return moxd_err_sys(err, "control socket %s", addr->sun_path);
    return 0;
}

/* The data directory is locked by this server, so what lies there belongs to a dead one. */
static int open_socket(const char *path, struct moxd_err *err)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int fd;

    if (moxd_str_copy(moxd_cstr(path), addr.sun_path, sizeof(addr.sun_path)) < 0)
        return moxd_err_set(err, MOXD_ERR_LIMIT,
                            "control socket %s: the path has more than %zu bytes; use a shorter "
                            "data-dir",
                            path, sizeof(addr.sun_path) - 1);
    if (unlink(path) < 0 && errno != ENOENT)
        return moxd_err_sys(err, "removing the old control socket %s", path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return moxd_err_sys(err, "control socket");
    if (bind_socket(fd, &addr, err) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* ---- accepting */

#ifdef SO_PEERCRED
static int peer_uid(int fd, uid_t *uid)
{
    struct ucred cred;
    socklen_t n = sizeof(cred);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) < 0)
        return -1;
    *uid = cred.uid;
    return 0;
}
#else
static int peer_uid(int fd, uid_t *uid)
{
    gid_t gid;

    return getpeereid(fd, uid, &gid);
}
#endif

static bool may_connect(int fd)
{
    uid_t uid;

    if (peer_uid(fd, &uid) == 0 && (uid == 0 || uid == geteuid()))
        return true;
    moxd_warn(&control_log, "control connection of another user refused");
    return false;
}

static void session_main(void *arg)
{
    control_session(arg);
}

static struct moxd_fid *free_slot(void)
{
    for (size_t i = 0; i < CONTROL_SESSIONS; i++) {
        if (!moxd_fiber_alive(server.sessions[i]))
            return &server.sessions[i];
    }
    return NULL;
}

static void take(int fd)
{
    struct moxd_fid *slot = free_slot();

    if (!slot || !may_connect(fd)) {
        close(fd);
        return;
    }
    *slot = moxd_fiber_spawn("control", session_main, moxd_stream_new(fd));
}

/* Takes everyone who waits. -1 when the process has no descriptors left. */
static int accept_all(void)
{
    for (;;) {
        int fd = accept4(server.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd >= 0)
            take(fd);
        else if (errno == EAGAIN)
            return 0;
        else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            return -1;
    }
}

static void accept_main(void *arg)
{
    (void)arg;
    while (moxd_wait_fd(server.fd, MOXD_FD_READ, MOXD_NEVER) > 0) {
        if (accept_all() == 0)
            continue;
        moxd_log_check(&control_log, -1, "accepting a control connection");
        if (moxd_sleep(MOXD_SEC) < 0)
            return;
    }
}

/* ---- start and stop */

int core_control_start(const char *path, const struct core_control_server *ops,
                       struct moxd_err *err)
{
    moxd_assert(server.fd < 0);
    server.fd = open_socket(path, err);
    if (server.fd < 0)
        return -1;
    moxd_assert(strlen(path) < sizeof(server.path));
    memcpy(server.path, path, strlen(path) + 1);
    control_server = *ops;
    server.accepting = moxd_fiber_spawn("control accept", accept_main, NULL);
    return 0;
}

static void stop_accepting(void)
{
    moxd_fiber_cancel(server.accepting);
    moxd_fiber_join(server.accepting, MOXD_NEVER);
    moxd_closep(&server.fd);
    moxd_log_check(&control_log, unlink(server.path), "removing the control socket");
}

void core_control_stop(int64_t deadline)
{
    if (server.fd < 0)
        return;
    stop_accepting();
    for (size_t i = 0; i < CONTROL_SESSIONS; i++) {
        struct moxd_fid f = server.sessions[i];

        if (moxd_fiber_join(f, deadline) == MOXD_OK)
            continue;
        moxd_fiber_cancel(f);
        moxd_fiber_join(f, MOXD_NEVER);
    }
}
