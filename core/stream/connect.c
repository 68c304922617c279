#include <errno.h>
#include <moxd/stream.h>
#include <netinet/in.h>
#include <unistd.h>

static int connect_result(int fd)
{
    int error = 0;
    socklen_t len = sizeof(error);

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        return -1;
    errno = error;
    return error == 0 ? 0 : -1;
}

static int fail_wait(struct moxd_err *err, int r, const char *ip, unsigned port)
{
    if (r == MOXD_CANCELLED)
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "connect to %s port %u: cancelled", ip, port);
    return moxd_err_set(err, MOXD_ERR_TIMEOUT, "connect to %s port %u: timeout", ip, port);
}

static int wait_connected(int fd, int64_t deadline, const char *ip, unsigned port,
                          struct moxd_err *err)
{
    int r = moxd_wait_fd(fd, MOXD_FD_WRITE, deadline);

    if (r < 0)
        return fail_wait(err, r, ip, port);
    if (connect_result(fd) != 0)
        return moxd_err_sys(err, "connect to %s port %u", ip, port);
    return 0;
}

static socklen_t length_of(const struct sockaddr *sa)
{
    return sa->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

/* The port is chosen when the connection is made, so that it need only be free for that peer. */
static int bind_to(int fd, const struct sockaddr *from, struct moxd_err *err)
{
    char text[64];
    int on = 1;

    if (moxd_addr_port(from) == 0)
        (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    if (bind(fd, from, length_of(from)) == 0)
        return 0;
    return moxd_err_sys(err, "connect from %s", moxd_addr_ip(from, text));
}

static struct moxd_stream *connect_stream(const struct sockaddr *from, const struct sockaddr *to,
                                          socklen_t len, int64_t deadline, struct moxd_err *err)
{
    char text[64];
    const char *ip = moxd_addr_ip(to, text);
    unsigned port = moxd_addr_port(to);
    MOXD_CLEANUP(moxd_closep) int fd = -1;

    fd = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        moxd_err_sys(err, "socket");
        return NULL;
    }
    if (from != NULL && bind_to(fd, from, err) < 0)
        return NULL;
    if (connect(fd, to, len) != 0) {
        if (errno != EINPROGRESS) {
            moxd_err_sys(err, "connect to %s port %u", ip, port);
            return NULL;
        }
        if (wait_connected(fd, deadline, ip, port, err) != 0)
            return NULL;
    }
    struct moxd_stream *st = moxd_stream_new(fd);
    fd = -1;
    return st;
}

struct moxd_stream *moxd_stream_connect(const struct sockaddr *to, socklen_t len, int64_t deadline,
                                        struct moxd_err *err)
{
    return connect_stream(NULL, to, len, deadline, err);
}

struct moxd_stream *moxd_stream_connect_from(const struct sockaddr *from, const struct sockaddr *to,
                                             int64_t deadline, struct moxd_err *err)
{
    return connect_stream(from, to, length_of(to), deadline, err);
}
