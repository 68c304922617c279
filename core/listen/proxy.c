/* Reading the header of the PROXY protocol: from the socket, since what follows may be the beginning of TLS, of which
 * the stream must not have read anything. */
#include "listen/proxy.h"

#include "core_config.h"

#include <errno.h>
#include <moxd/clock.h>
#include <moxd/fiber.h>
#include <sys/socket.h>

enum {
    HEADER_S = 5, /* "a few seconds", at least 3 to cover a TCP retransmit (section 2) */
    PIECE = 256,
};

static bool is_proxy(const struct moxd_listener_conf *listener, int fd)
{
    union core_proxy_addr peer = { 0 };
    socklen_t len = sizeof(peer);

    if (getpeername(fd, &peer.sa, &len) < 0)
        return false;
    for (size_t i = 0; i < listener->proxies.n; i++)
        if (core_network_has(listener->proxies.v[i], &peer.sa))
            return true;
    return false;
}

/* Looks at what is there, and takes what belongs to the header. */
static bool read_piece(int fd, struct core_proxy_header *h)
{
    char piece[PIECE];
    ssize_t n = recv(fd, piece, sizeof(piece), MSG_PEEK | MSG_DONTWAIT);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    if (n == 0)
        return false;
    size_t used = core_proxy_feed(h, piece, (size_t)n);
    return recv(fd, piece, used, MSG_DONTWAIT) == (ssize_t)used;
}

bool core_proxy_read(const struct moxd_listener_conf *listener, int fd, struct core_proxy_header *h,
                     const char **why)
{
    int64_t deadline = moxd_deadline(HEADER_S * MOXD_SEC);

    *h = (struct core_proxy_header){ 0 };
    *why = "not an address that proxies connect from";
    if (!is_proxy(listener, fd))
        return false;
    while (h->state == CORE_PROXY_MORE) {
        *why = "no PROXY header in time";
        if (moxd_wait_fd(fd, MOXD_FD_READ, deadline) < 0)
            return false;
        *why = "closed before the end of the PROXY header";
        if (!read_piece(fd, h))
            return false;
    }
    *why = "not a PROXY header";
    return h->state == CORE_PROXY_DONE;
}
