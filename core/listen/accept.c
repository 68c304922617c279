/* Accepting connections: one fiber per listening socket. */
#include "listen/ports.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BATCH = 16,     /* connections taken before other fibers run again */
    RETRY_MS = 100, /* after an error of the system that may pass */
};

struct acceptor {
    struct core_port *port;
    int fd;
    bool starved; /* out of descriptors, and it was logged */
};

/* Without a descriptor left the connection would stay in the queue, and the loop would spin on it. The
 * reserve is given up for a moment to tell it that we are busy. */
static void refuse_starved(struct acceptor *a)
{
    if (!a->starved)
        moxd_error(&a->port->log, "out of file descriptors, refusing connections: raise the limit "
                                  "(LimitNOFILE in the systemd unit)");
    a->starved = true;
    moxd_closep(&core_ports.reserve);
    int fd = accept4(a->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0)
        core_session_refuse(a->port, fd);
    core_ports.reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Errors of the connection, which is gone then: accept(2) asks to treat them like EAGAIN. */
static bool of_connection(int error)
{
    return error == ECONNABORTED || error == EINTR || error == EPROTO || error == ENETDOWN ||
           error == ENOPROTOOPT || error == EHOSTDOWN || error == EHOSTUNREACH ||
           error == EOPNOTSUPP || error == ENETUNREACH || error == EPERM;
}

/* Takes one; false when there is none, or none can be had now. */
static bool accept_one(struct acceptor *a)
{
    int fd = accept4(a->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd >= 0) {
        a->starved = false;
        core_session_begin(a->port, fd);
        return true;
    }
    if (errno == EAGAIN)
        return false;
    if (of_connection(errno))
        return true;
    if (errno == EMFILE || errno == ENFILE)
        refuse_starved(a);
    else
        moxd_log_check(&a->port->log, -1, "accept");
    (void)moxd_sleep(RETRY_MS * MOXD_MS);
    return false;
}

static void accept_fiber(void *arg)
{
    struct acceptor a = *(struct acceptor *)arg;

    while (!moxd_fiber_cancelled()) {
        int n = 0;
        if (moxd_wait_fd(a.fd, MOXD_FD_READ, MOXD_NEVER) < 0)
            return;
        while (n < BATCH && accept_one(&a))
            n++;
        if (n == BATCH && moxd_yield() != MOXD_OK)
            return;
    }
}

void core_accept_begin(struct core_port *port, int fd, struct moxd_fid *fid)
{
    struct acceptor *a = moxd_arena_alloc(core_ports.a, sizeof(*a));

    *a = (struct acceptor){ .port = port, .fd = fd };
    *fid = moxd_fiber_spawn("accept", accept_fiber, a);
}
