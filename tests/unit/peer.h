/* A stream under test, and the other end of its connection as a bare descriptor. */
#ifndef MOXD_UNIT_PEER_H
#define MOXD_UNIT_PEER_H

#include "in_fiber.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <moxd/stream.h>
#include <sys/socket.h>
#include <unistd.h>

struct pair {
    struct moxd_stream *st;
    int fd; /* non-blocking */
};

__attribute__((unused)) static struct pair pair_unix(void)
{
    int fd[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
    fcntl(fd[1], F_SETFL, O_NONBLOCK);
    return (struct pair){ moxd_stream_new(fd[0]), fd[1] };
}

__attribute__((unused)) static int listen_local(struct sockaddr_in *in)
{
    socklen_t len = sizeof(*in);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    *in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    ck_assert_int_eq(bind(fd, (struct sockaddr *)in, sizeof(*in)), 0);
    ck_assert_int_eq(listen(fd, 5), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)in, &len), 0);
    return fd;
}

__attribute__((unused)) static struct pair pair_tcp(void)
{
    struct sockaddr_in in;
    int l = listen_local(&in), fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(connect(fd, (struct sockaddr *)&in, sizeof(in)), 0);
    struct pair p = { moxd_stream_new(accept(l, NULL, NULL)), fd };
    fcntl(fd, F_SETFL, O_NONBLOCK);
    close(l);
    return p;
}

__attribute__((unused)) static void pair_close(struct pair *p)
{
    moxd_stream_close(p->st);
    if (p->fd >= 0)
        close(p->fd);
}

__attribute__((unused)) static void peer_send(int fd, const void *data, size_t n)
{
    const char *q = data;

    while (n > 0) {
        ssize_t k = write(fd, q, n);
        if (k < 0)
            ck_assert_int_ge(moxd_wait_fd(fd, MOXD_FD_WRITE, MOXD_NEVER), 0);
        else
            q += k, n -= (size_t)k;
    }
}

#define peer_puts(fd, literal) peer_send((fd), (literal), sizeof(literal) - 1)

/* Reads until the end of the stream, or n bytes; the number read. */
__attribute__((unused)) static size_t peer_recv(int fd, char *out, size_t n)
{
    size_t have = 0;

    while (have < n) {
        ssize_t k = read(fd, out + have, n - have);
        if (k == 0)
            break;
        if (k < 0)
            ck_assert_int_ge(moxd_wait_fd(fd, MOXD_FD_READ, MOXD_NEVER), 0);
        else
            have += (size_t)k;
    }
    return have;
}

#define check_line(st, want)                                                                       \
    do {                                                                                           \
        struct moxd_str line_;                                                                     \
        ck_assert_int_eq(moxd_stream_line((st), &line_, 100, NULL), sizeof(want) - 1);             \
        ck_assert_mem_eq(line_.p, (want), sizeof(want));                                           \
    } while (0)

#endif
