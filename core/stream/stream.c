#include "stream/stream_priv.h"

#include <fcntl.h>
#include <moxd/loop.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <unistd.h>

typedef int name_fn(int fd, struct sockaddr *sa, socklen_t *len);

/* Whatever is neither IPv4 nor IPv6 is "unix" to us, without a name. */
static void get_addr(name_fn *fn, int fd, union core_addr *out)
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof(ss);

    out->sa.sa_family = AF_UNIX;
    if (fn(fd, (struct sockaddr *)&ss, &len) != 0)
        return;
    if (ss.ss_family == AF_INET || ss.ss_family == AF_INET6)
        memcpy(out, &ss, sizeof(*out));
}

/* Replies are collected in the stream: the kernel need not wait for more. Keepalive ends sessions whose
 * peer has vanished while nothing is sent. Failures (no TCP) do not matter. */
static void set_options(int fd)
{
    int on = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

struct moxd_stream *moxd_stream_new(int fd)
{
    struct moxd_stream *st = moxd_xcalloc(1, sizeof(*st));
    int flags = fcntl(fd, F_GETFL);

    moxd_assert(fd >= 0 && flags >= 0);
    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    st->fd = fd;
    st->read_timeout = st->write_timeout = CORE_STREAM_TIMEOUT;
    get_addr(getpeername, fd, &st->peer);
    get_addr(getsockname, fd, &st->local);
    if (st->peer.sa.sa_family != AF_UNIX)
        set_options(fd);
    return st;
}

/* One attempt for what is buffered. */
static void push_rest(struct moxd_stream *st)
{
    while (core_stream_unsent(st)) {
        struct moxd_str out = core_stream_next_out(st);
        long k = core_stream_try_write(st, out.p, out.n);
        if (k <= 0)
            return;
        core_stream_advance(st, (size_t)k);
    }
}

static void throw_input_away(int fd)
{
    char junk[4096];

    for (size_t n = 0; n < CORE_STREAM_LINGER;) {
        ssize_t k = read(fd, junk, sizeof(junk));
        if (k <= 0)
            return;
        n += (size_t)k;
    }
}

static void say_goodbye(struct moxd_stream *st)
{
    if (st->ssl != NULL && !st->broken && SSL_is_init_finished(st->ssl)) {
        ERR_clear_error();
        SSL_shutdown(st->ssl);
        ERR_clear_error();
    }
    if (shutdown(st->fd, SHUT_WR) == 0)
        throw_input_away(st->fd);
}

void moxd_stream_close(struct moxd_stream *st)
{
    if (st == NULL)
        return;
    moxd_assert(st->readable.head == NULL && st->writable.head == NULL && !st->flushing);
    push_rest(st);
    say_goodbye(st);
    if (st->rd_on)
        ev_io_stop(moxd_loop_ev(), &st->rd);
    if (st->wr_on)
        ev_io_stop(moxd_loop_ev(), &st->wr);
    SSL_free(st->ssl);
    close(st->fd);
    core_stream_drop_input(st);
    free(st->out);
    core_deflate_free(st->z);
    free(st->error);
    free(st);
}

/* What is in the input already came after the command that started compression. */
static void take_over_input(struct moxd_stream *st, size_t n)
{
    size_t room;

    if (n == 0)
        return;
    memcpy(core_deflate_room(st->z, &room), core_stream_data(st), n);
    core_deflate_got(st->z, n);
    core_stream_drop_input(st);
}

int moxd_stream_deflate(struct moxd_stream *st)
{
    moxd_assert(st->z == NULL);
    int r = moxd_stream_flush(st);
    if (r < 0)
        return r;
    st->z = core_deflate_new();
    if (core_stream_have(st) > CORE_DEFLATE_CHUNK)
        return core_stream_fail(st, MOXD_IOERR, "data came before compression began");
    take_over_input(st, core_stream_have(st));
    return 0;
}

bool moxd_stream_is_deflated(const struct moxd_stream *st)
{
    return st->z != NULL;
}

size_t moxd_stream_deflate_memory(const struct moxd_stream *st)
{
    return st->z != NULL ? core_deflate_memory(st->z) : 0;
}

void moxd_stream_timeouts(struct moxd_stream *st, int64_t read_ns, int64_t write_ns)
{
    st->read_timeout = read_ns < 0 ? MOXD_NEVER : read_ns;
    st->write_timeout = write_ns < 0 ? MOXD_NEVER : write_ns;
}

const char *moxd_stream_error(const struct moxd_stream *st)
{
    return st->error != NULL ? st->error : "";
}

int moxd_stream_fd(const struct moxd_stream *st)
{
    return st->fd;
}

const struct sockaddr *moxd_stream_peer(const struct moxd_stream *st)
{
    return &st->peer.sa;
}

const struct sockaddr *moxd_stream_local(const struct moxd_stream *st)
{
    return &st->local.sa;
}

static void set_addr(union core_addr *out, const struct sockaddr *sa)
{
    moxd_assert(sa->sa_family == AF_INET || sa->sa_family == AF_INET6);
    if (sa->sa_family == AF_INET)
        memcpy(out, sa, sizeof(struct sockaddr_in));
    else
        memcpy(out, sa, sizeof(struct sockaddr_in6));
}

void moxd_stream_set_addresses(struct moxd_stream *st, const struct sockaddr *peer,
                               const struct sockaddr *local)
{
    set_addr(&st->peer, peer);
    set_addr(&st->local, local);
}

void moxd_stream_counts(const struct moxd_stream *st, uint64_t *in, uint64_t *out)
{
    *in = st->count_in;
    *out = st->count_out;
}
