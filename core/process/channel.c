#include "process/channel.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    HEAD = offsetof(struct core_msg, fd),
    PATIENCE_MS = 1000, /* how long a send waits for a side that does not read */
};

void core_msg_init(struct core_msg *msg, enum core_msg_type type)
{
    msg->type = type;
    msg->id = 0;
    msg->n = 0;
    for (size_t i = 0; i < CORE_MSG_FDS; i++)
        msg->fd[i] = -1;
}

int core_msg_add(struct core_msg *msg, const char *field)
{
    size_t n = strlen(field) + 1;

    if (n > sizeof(msg->text) - msg->n)
        return -1;
    memcpy(msg->text + msg->n, field, n);
    msg->n += n;
    return 0;
}

const char *core_msg_field(const struct core_msg *msg, size_t i)
{
    size_t at = 0;

    for (; i > 0 && at < msg->n; i--)
        at += strlen(msg->text + at) + 1;
    return at < msg->n ? msg->text + at : "";
}

void core_msg_close(struct core_msg *msg)
{
    for (size_t i = 0; i < CORE_MSG_FDS; i++)
        moxd_closep(&msg->fd[i]);
}

int core_channel_pair(int fd[2], struct moxd_err *err)
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd) < 0)
        return moxd_err_sys(err, "socketpair");
    return 0;
}

union control {
    struct cmsghdr align;
    char space[CMSG_SPACE(sizeof(int) * CORE_MSG_FDS)];
};

static void attach_fds(struct msghdr *h, union control *control, const struct core_msg *msg)
{
    size_t n = 0;

    while (n < CORE_MSG_FDS && msg->fd[n] >= 0)
        n++;
    if (n == 0)
        return;
    memset(control, 0, sizeof(*control));
    h->msg_control = control->space;
    h->msg_controllen = CMSG_SPACE(sizeof(int) * n);
    struct cmsghdr *c = CMSG_FIRSTHDR(h);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int) * n);
    memcpy(CMSG_DATA(c), msg->fd, sizeof(int) * n);
}

static ssize_t send_once(int fd, const struct msghdr *h)
{
    ssize_t n;

    do
        n = sendmsg(fd, h, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    return n;
}

int core_channel_send(int fd, const struct core_msg *msg, struct moxd_err *err)
{
    struct iovec iov[2] = { { (void *)(uintptr_t)msg, HEAD },
                            { (void *)(uintptr_t)msg->text, msg->n } };
    struct msghdr h = { .msg_iov = iov, .msg_iovlen = 2 };
    struct pollfd room = { .fd = fd, .events = POLLOUT };
    union control control;

    attach_fds(&h, &control, msg);
    ssize_t n = send_once(fd, &h);
    if (n < 0 && errno == EAGAIN && poll(&room, 1, PATIENCE_MS) > 0)
        n = send_once(fd, &h);
    if (n >= 0)
        return 0;
    if (errno == EAGAIN || errno == ENOBUFS)
        return moxd_err_set(err, MOXD_ERR_TEMP, "the other process does not read");
    if (errno == EPIPE || errno == ECONNRESET)
        return moxd_err_set(err, MOXD_ERR_CLOSED, "the other process is gone");
    return moxd_err_sys(err, "sendmsg");
}

static void take_fds(struct msghdr *h, struct core_msg *msg)
{
    struct cmsghdr *c = CMSG_FIRSTHDR(h);

    if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
        return;
    memcpy(msg->fd, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
}

int core_channel_recv(int fd, struct core_msg *msg, struct moxd_err *err)
{
    struct iovec iov[2] = { { msg, HEAD }, { msg->text, sizeof(msg->text) } };
    union control control;
    struct msghdr h = { .msg_iov = iov,
                        .msg_iovlen = 2,
                        .msg_control = control.space,
                        .msg_controllen = sizeof(control.space) };
    ssize_t n;

    core_msg_init(msg, 0);
    do
        n = recvmsg(fd, &h, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN)
        return 0;
    if (n < 0 && errno != ECONNRESET)
        return moxd_err_sys(err, "recvmsg");
    if (n <= 0)
        return moxd_err_set(err, MOXD_ERR_CLOSED, "the other process is gone");
    take_fds(&h, msg);
    msg->n = (size_t)n > HEAD ? (size_t)n - HEAD : 0;
    if ((size_t)n >= HEAD && (msg->n == 0 || msg->text[msg->n - 1] == '\0'))
        return 1;
    core_msg_close(msg);
    return moxd_err_set(err, MOXD_ERR_INTERNAL, "a message between the processes is malformed");
}
