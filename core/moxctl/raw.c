/* A command that takes the connection over (control/frame.h, RAW): bytes between it and standard input and
 * output. A direction that is stopped up does not hold the other up. */
#include "moxctl/moxctl.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RAW_CHUNK = 32 * 1024 }; /* held in each direction */

struct way {
    int from, to;
    bool ended;  /* nothing more comes */
    bool broken; /* nothing more can be written */
    size_t off, n;
    char data[RAW_CHUNK];
};

/* After poll said so, never waits: of a pipe in blocking mode only so much is sure to be free. */
static ssize_t put(int fd, const char *p, size_t n)
{
    ssize_t k = send(fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);

    return k < 0 && errno == ENOTSOCK ? write(fd, p, n < PIPE_BUF ? n : PIPE_BUF) : k;
}

static bool is_passing(void)
{
    return errno == EINTR || errno == EAGAIN;
}

static void fill(struct way *w)
{
    ssize_t k = read(w->from, w->data, sizeof(w->data));

    if (k > 0)
        w->n = (size_t)k;
    else if (k == 0 || !is_passing())
        w->ended = true;
}

static void drain(struct way *w)
{
    ssize_t k = put(w->to, w->data + w->off, w->n - w->off);

    if (k < 0 && !is_passing()) {
        w->broken = w->ended = true;
        w->off = w->n = 0;
    } else if (k > 0) {
        w->off += (size_t)k;
    }
    if (w->off == w->n)
        w->off = w->n = 0;
}

/* What the way waits for now; with nothing to wait for poll is told to look past it. */
static struct pollfd waits_for(const struct way *w)
{
    if (w->n > 0)
        return (struct pollfd){ .fd = w->to, .events = POLLOUT };
    return (struct pollfd){ .fd = w->ended ? -1 : w->from, .events = POLLIN };
}

static void step(struct way *w, const struct pollfd *ready)
{
    if (ready->fd < 0 || ready->revents == 0)
        return;
    if (w->n > 0)
        drain(w);
    else
        fill(w);
}

static bool is_done(const struct way *w)
{
    return w->ended && w->n == 0;
}

/* The end of standard input is told to the server once, which still answers what came before. */
static void tell_end(struct way *in, bool *told)
{
    if (!is_done(in) || *told)
        return;
    *told = true;
    shutdown(in->to, SHUT_WR);
}

int moxctl_stdin_raw(void *arg, int socket)
{
    static struct way in, out; /* too large for the stack */
    bool told = false;

    (void)arg;
    in = (struct way){ .from = STDIN_FILENO, .to = socket };
    out = (struct way){ .from = socket, .to = STDOUT_FILENO };
    while (!is_done(&out)) {
        /* the third sees that nobody reads any more while there is nothing to write */
        struct pollfd p[] = { waits_for(&in), waits_for(&out), { .fd = out.to } };

        if (poll(p, MOXD_NELEMS(p), -1) < 0 && errno != EINTR)
            return moxctl_fail(MOXCTL_FAILED, "poll: %s", strerror(errno));
        if (p[2].revents & POLLERR)
            out.broken = true;
        if (out.broken)
            break;
        step(&in, &p[0]);
        step(&out, &p[1]);
        tell_end(&in, &told);
    }
    return out.broken ? MOXCTL_FAILED : MOXCTL_OK;
}
