/* Two ends of a stream with TLS, and certificates for them. */
#ifndef MOXD_UNIT_TLS_H
#define MOXD_UNIT_TLS_H

#include "peer.h"

#include <moxd/tls.h>
#include <sys/stat.h>

static char dir[64];

static inline const char *in_dir(const char *name)
{
    static char paths[8][128];
    static unsigned next;
    char *p = paths[next++ % 8];

    snprintf(p, sizeof(paths[0]), "%s/%s", dir, name);
    return p;
}

static inline void make_cert(const char *cert, const char *key, const char *name, const char *other)
{
    const char *names[] = { name, other, NULL };
    struct moxd_err err;

    ck_assert_int_eq(moxd_tls_selfsigned(in_dir(cert), in_dir(key), names, &err), 0);
}

static inline struct moxd_tls_pair open_pair(const char *cert, const char *key)
{
    struct moxd_tls_pair p = { .cert_path = in_dir(cert), .key_path = in_dir(key) };

    p.cert_fd = open(p.cert_path, O_RDONLY | O_CLOEXEC);
    p.key_fd = open(p.key_path, O_RDONLY | O_CLOEXEC);
    ck_assert(p.cert_fd >= 0 && p.key_fd >= 0);
    return p;
}

static inline void close_pairs(struct moxd_tls_pair *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        close(p[i].cert_fd);
        close(p[i].key_fd);
    }
}

/* A server with certificates for a.example and *.b.example. */
static inline struct moxd_tls *make_server(const struct moxd_tls_opts *opts)
{
    struct moxd_tls_pair pairs[2];
    struct moxd_err err = { 0 };

    make_cert("a.pem", "a.key", "a.example", "127.0.0.1");
    make_cert("b.pem", "b.key", "*.b.example", NULL);
    pairs[0] = open_pair("a.pem", "a.key");
    pairs[1] = open_pair("b.pem", "b.key");
    struct moxd_tls *tls = moxd_tls_new(opts, pairs, 2, &err);
    ck_assert_msg(tls != NULL, "%s", err.priv);
    ck_assert_ptr_null(moxd_tls_warning(tls));
    close_pairs(pairs, 2);
    return tls;
}

struct ends {
    struct moxd_stream *server, *client;
    struct moxd_tls *tls;
    struct moxd_tls_client c;
    int accepted, connected;
};

static inline void accept_tls(void *arg)
{
    struct ends *e = arg;

    e->accepted = moxd_stream_tls_accept(e->server, e->tls, NULL);
}

/* Both handshakes on a new pair of streams. */
static inline struct ends shake_hands_as(struct moxd_tls *tls, const struct moxd_tls_client *c)
{
    struct ends e = { .tls = tls, .c = *c };
    int fd[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    e.server = moxd_stream_new(fd[0]);
    e.client = moxd_stream_new(fd[1]);
    struct moxd_fid f = moxd_fiber_spawn("server", accept_tls, &e);
    e.connected = moxd_stream_tls_connect(e.client, &e.c);
    moxd_fiber_join(f, MOXD_NEVER);
    return e;
}

static inline struct ends shake_hands(struct moxd_tls *tls, const char *name, const char *ca)
{
    const struct moxd_tls_client c = { .name = name,
                                       .verify = ca != NULL,
                                       .ca_file = ca != NULL ? in_dir(ca) : NULL };

    return shake_hands_as(tls, &c);
}

static inline void close_ends(struct ends *e)
{
    moxd_stream_close(e->client);
    moxd_stream_close(e->server);
}

static inline void check_works(struct ends *e)
{
    ck_assert_msg(e->accepted == 0, "%s", moxd_stream_error(e->server));
    ck_assert_msg(e->connected == 0, "%s", moxd_stream_error(e->client));
    ck_assert_int_eq(moxd_stream_puts(e->client, "question\r\n"), 0);
    ck_assert_int_eq(moxd_stream_flush(e->client), 0);
    check_line(e->server, "question");
    ck_assert_int_eq(moxd_stream_puts(e->server, "answer\r\n"), 0);
    ck_assert_int_eq(moxd_stream_flush(e->server), 0);
    check_line(e->client, "answer");
}

static inline void remove_dir(void)
{
    char command[100];

    snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    if (system(command) != 0)
        perror(command);
}

/* Runs the tests in a directory for certificates. */
static inline int tls_run(const char *suite, const TTest *const *tests, size_t n)
{
    const char *tmp = getenv("TMPDIR");

    snprintf(dir, sizeof(dir), "%s/moxd-tls-XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(dir) == NULL)
        return 1;
    int status = unit_run(suite, tests, n);
    remove_dir();
    return status;
}

#endif
