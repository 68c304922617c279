/* The client's end of the control protocol (control/frame.h). Blocking: moxctl does one thing. */
#include "core_config.h"
#include "moxctl/moxctl.h"

#include <errno.h>
#include <moxd/enc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct client {
    int fd, argc;
    char *const *argv;
    const struct moxctl_io *io;
    const char *dir; /* argument that was a directory; or NULL */
    const char *out; /* argument that files are put into; or NULL */
    struct moxd_buf payload;
    bool wait_gone; /* EXIT said that the server is stopping */
    int status;     /* -1 until EXIT */
};

/* ---- bytes */

static int write_full(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t k = write(fd, p, n);

        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return -1;
        p += k;
        n -= (size_t)k;
    }
    return 0;
}

/* 1, 0 when the server closed, -1. */
static int read_full(int fd, char *p, size_t n)
{
    while (n > 0) {
        ssize_t k = read(fd, p, n);

        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return k < 0 ? -1 : 0;
        p += k;
        n -= (size_t)k;
    }
    return 1;
}

static int send_frame(struct client *c, enum core_frame_type type, struct moxd_str payload)
{
    char head[CORE_FRAME_HEAD];

    core_frame_head(head, type, payload.n);
    if (write_full(c->fd, head, sizeof(head)) < 0)
        return -1;
    return write_full(c->fd, payload.p, payload.n);
}

static int receive_frame(struct client *c, enum core_frame_type *type)
{
    char head[CORE_FRAME_HEAD], *p;
    size_t n;

    if (read_full(c->fd, head, sizeof(head)) <= 0 || core_frame_parse_head(head, type, &n) < 0)
        return -1;
    moxd_buf_reset(&c->payload);
    p = moxd_buf_room(&c->payload, n);
    if (!p || read_full(c->fd, p, n) <= 0)
        return -1;
    moxd_buf_grew(&c->payload, n);
    return 0;
}

/* ---- frames */

/* The server's command wants input. Returns 1 to go on, 0 when moxctl gives up. */
static int give_input(struct client *c, bool line)
{
    struct moxd_buf in = MOXD_BUF_INIT(CORE_FRAME_MAX);
    size_t max = CORE_FRAME_MAX;
    int rc;

    if (!line && c->payload.n == 4 && moxd_get_be32(c->payload.p) < max)
        max = moxd_get_be32(c->payload.p);
    rc = line ? c->io->line(c->io->arg, &in) : c->io->data(c->io->arg, &in, max);
    if (rc < 0)
        c->status = MOXCTL_FAILED;
    else if (send_frame(c, rc ? CORE_FRAME_INPUT : CORE_FRAME_END, moxd_buf_str(&in)) < 0)
        rc = -1;
    moxd_buf_wipe(&in);
    return rc >= 0;
}

/* The word of the command that the server names; NULL when it is none. */
static const char *word(const struct client *c)
{
    for (int i = 1; i < c->argc; i++)
        if (moxd_str_eqs(moxd_buf_str(&c->payload), c->argv[i]))
            return c->argv[i];
    return NULL;
}

/* What the server names in a directory that the user named, perhaps with a slash at its end: its path there. NULL when it
 * is none. */
static const char *below(struct client *c, const char *dir)
{
    struct moxd_str want = moxd_buf_str(&c->payload);
    size_t n = dir ? strlen(dir) : 0;

    while (n > 1 && dir[n - 1] == '/')
        n--;
    if (n == 0 || want.n < n + 2 || want.p[n] != '/' || memchr(want.p, '\0', want.n) ||
        !moxd_str_starts(want, moxd_str(dir, n)))
        return NULL;
    want = moxd_str_from(want, n);
    while (want.n > 1 && want.p[0] == '/')
        want = moxd_str_from(want, 1);
    return moxd_buf_cstr(&c->payload) + c->payload.n - want.n;
}

/* Only what the user named is opened, and what is in a directory that the user named. */
static int open_file(struct client *c)
{
    const char *path = word(c);

    if (path && strcmp(path, "-") == 0)
        return 0;
    if (path)
        return c->io->file ? c->io->file(c->io->arg, path) : -1;
    path = below(c, c->dir);
    return path ? c->io->below(c->io->arg, path) : -1;
}

static int open_dir(struct client *c)
{
    c->dir = word(c);
    return c->dir && c->io->dir ? c->io->dir(c->io->arg, c->dir) : -1;
}

/* --- files as output: the same */

static int make_dir(struct client *c)
{
    const char *path = word(c);

    if (!c->io->put_dir)
        return -1;
    if (!path) {
        path = below(c, c->out);
        return path ? c->io->put_dir(c->io->arg, c->out, path) : -1;
    }
    c->out = path;
    return c->io->put_dir(c->io->arg, path, NULL);
}

static int put_file(struct client *c)
{
    const char *path = below(c, c->out);

    return path ? c->io->put(c->io->arg, path) : -1;
}

static int put_data(struct client *c)
{
    return c->out ? c->io->put_data(c->io->arg, moxd_buf_str(&c->payload)) : -1;
}

static int put_end(struct client *c)
{
    if (!c->out || c->payload.n != 8)
        return -1;
    return c->io->put_end(c->io->arg, (int64_t)moxd_get_be64(c->payload.p));
}

/* 1 to go on, 0 when moxctl gives up. */
static int take_open(struct client *c, int (*open)(struct client *c))
{
    if (open(c) == 0)
        return 1;
    c->status = MOXCTL_FAILED;
    return 0;
}

static void take_exit(struct client *c)
{
    c->status = c->payload.n > 0 ? (unsigned char)c->payload.p[0] : MOXCTL_FAILED;
    c->wait_gone = c->payload.n > 1 && c->payload.p[1] == 1;
    if (c->out && c->status == MOXCTL_OK && c->io->put_sync(c->io->arg) < 0)
        c->status = MOXCTL_FAILED;
}

/* Handles one frame; 1 to go on. */
static int take_frame(struct client *c)
{
    enum core_frame_type type;

    if (receive_frame(c, &type) < 0)
        return 0;
    switch (type) {
    case CORE_FRAME_OUT:
        c->io->out(c->io->arg, moxd_buf_str(&c->payload));
        return 1;
    case CORE_FRAME_ERR:
        c->io->err(c->io->arg, moxd_buf_str(&c->payload));
        return 1;
    case CORE_FRAME_WANT_LINE:
    case CORE_FRAME_WANT_DATA:
        return give_input(c, type == CORE_FRAME_WANT_LINE);
    case CORE_FRAME_WANT_FILE:
        return take_open(c, open_file);
    case CORE_FRAME_WANT_DIR:
        return take_open(c, open_dir);
    case CORE_FRAME_MAKE_DIR:
        return take_open(c, make_dir);
    case CORE_FRAME_PUT:
        return take_open(c, put_file);
    case CORE_FRAME_PUT_DATA:
        return take_open(c, put_data);
    case CORE_FRAME_PUT_END:
        return take_open(c, put_end);
    case CORE_FRAME_RAW:
        c->status = c->io->raw ? c->io->raw(c->io->arg, c->fd) : MOXCTL_FAILED;
        return 0;
    case CORE_FRAME_EXIT:
        take_exit(c);
        return 0;
    default:
        return 0;
    }
}

static int converse(struct client *c, int argc, char *const *argv, struct moxd_err *err)
{
    struct moxd_buf command = MOXD_BUF_INIT(CORE_FRAME_MAX);
    char byte;

    if (core_command_format(&command, argc, argv) < 0) {
        moxd_buf_fini(&command);
        return moxd_err_set(err, MOXD_ERR_LIMIT, "the command is too long");
    }
    if (send_frame(c, CORE_FRAME_COMMAND, moxd_buf_str(&command)) == 0)
        while (take_frame(c))
            ;
    moxd_buf_wipe(&command);
    if (c->status < 0)
        return moxd_err_set(err, MOXD_ERR_CLOSED,
                            "the server closed the connection; its log says why");
    while (c->wait_gone && read_full(c->fd, &byte, 1) > 0)
        ;
    return c->status;
}

/* ---- connecting */

static int connect_error(const char *path, struct moxd_err *err)
{
    if (errno == ENOENT || errno == ECONNREFUSED)
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "the server is not running (no answer at %s)",
                            path);
    return moxd_err_sys(err, "connecting to the server at %s", path);
}

static int connect_to(const char *path, struct moxd_err *err)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int fd;

    if (moxd_str_copy(moxd_cstr(path), addr.sun_path, sizeof(addr.sun_path)) < 0)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "the path %s is too long for a socket", path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
        return fd;
    connect_error(path, err);
    moxd_closep(&fd);
    return -1;
}

int moxctl_call(const char *socket_path, int argc, char *const *argv, const struct moxctl_io *io,
                struct moxd_err *err)
{
    struct client c = {
        .io = io, .argc = argc, .argv = argv, .payload = MOXD_BUF_INIT(CORE_FRAME_MAX), .status = -1
    };
    int status = -1;

    signal(SIGPIPE, SIG_IGN); /* the server may close at any time */
    c.fd = connect_to(socket_path, err);
    if (c.fd >= 0)
        status = converse(&c, argc, argv, err);
    moxd_closep(&c.fd);
    moxd_buf_wipe(&c.payload);
    return status;
}

/* ---- standard input and output */

static void to_stdout(void *arg, struct moxd_str s)
{
    (void)arg;
    fwrite(s.p, 1, s.n, stdout);
    fflush(stdout);
}

static void to_stderr(void *arg, struct moxd_str s)
{
    (void)arg;
    fflush(stdout);
    fwrite(s.p, 1, s.n, stderr);
}

const struct moxctl_io moxctl_stdio = {
    .out = to_stdout,
    .err = to_stderr,
    .line = moxctl_stdin_line,
    .data = moxctl_stdin_data,
    .file = moxctl_stdin_file,
    .raw = moxctl_stdin_raw,
    .dir = moxctl_stdin_dir,
    .below = moxctl_stdin_below,
    .put_dir = moxctl_put_dir,
    .put = moxctl_put,
    .put_data = moxctl_put_data,
    .put_end = moxctl_put_end,
    .put_sync = moxctl_put_sync,
};

const char *moxctl_socket(struct moxctl *x, struct moxd_err *err)
{
    MOXD_CLEANUP(core_problems_freep) struct moxd_problems *problems = core_problems_new();
    const char *path = core_conf_control_path(x->config, x->a, problems);
    const struct core_problem *p = core_problems_get(problems, 0);

    if (!path)
        moxd_err_set(err, MOXD_ERR_INVALID, "%s%s%s", p->text, p->hint ? "; " : "",
                     p->hint ? p->hint : "");
    return path;
}

int moxctl_remote(struct moxctl *x, int argc, char **argv)
{
    struct moxd_err err = { 0 };
    const char *path = moxctl_socket(x, &err);
    int status = path ? moxctl_call(path, argc, argv, &moxctl_stdio, &err) : -1;

    return status < 0 ? moxctl_fail(MOXCTL_FAILED, "%s", err.priv) : status;
}
