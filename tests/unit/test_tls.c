/* TLS on streams: both ends are ours, except where the other end must be something that we are not:
 * then OpenSSL itself plays the client in a thread. */
#include "peer.h"

#include <moxd/tls.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

static char dir[64];

static const char *in_dir(const char *name)
{
    static char paths[8][128];
    static unsigned next;
    char *p = paths[next++ % 8];

    snprintf(p, sizeof(paths[0]), "%s/%s", dir, name);
    return p;
}

static void make_cert(const char *cert, const char *key, const char *name, const char *other)
{
    const char *names[] = { name, other, NULL };
    struct moxd_err err;

    ck_assert_int_eq(moxd_tls_selfsigned(in_dir(cert), in_dir(key), names, &err), 0);
}

static struct moxd_tls_pair open_pair(const char *cert, const char *key)
{
    struct moxd_tls_pair p = { .cert_path = in_dir(cert), .key_path = in_dir(key) };

    p.cert_fd = open(p.cert_path, O_RDONLY | O_CLOEXEC);
    p.key_fd = open(p.key_path, O_RDONLY | O_CLOEXEC);
    ck_assert(p.cert_fd >= 0 && p.key_fd >= 0);
    return p;
}

static void close_pairs(struct moxd_tls_pair *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        close(p[i].cert_fd);
        close(p[i].key_fd);
    }
}

/* A server with certificates for a.example and *.b.example. */
static struct moxd_tls *make_server(const struct moxd_tls_opts *opts)
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

static void accept_tls(void *arg)
{
    struct ends *e = arg;

    e->accepted = moxd_stream_tls_accept(e->server, e->tls, NULL);
}

/* Both handshakes on a new pair of streams. */
static struct ends shake_hands(struct moxd_tls *tls, const char *name, const char *ca)
{
    struct ends e = { .tls = tls, .c = { .name = name, .verify = ca != NULL } };
    int fd[2];

    e.c.ca_file = ca != NULL ? in_dir(ca) : NULL;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    e.server = moxd_stream_new(fd[0]);
    e.client = moxd_stream_new(fd[1]);
    struct moxd_fid f = moxd_fiber_spawn("server", accept_tls, &e);
    e.connected = moxd_stream_tls_connect(e.client, &e.c);
    moxd_fiber_join(f, MOXD_NEVER);
    return e;
}

static void close_ends(struct ends *e)
{
    moxd_stream_close(e->client);
    moxd_stream_close(e->server);
}

static void check_works(struct ends *e)
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

IN_FIBER(encrypts)
{
    struct moxd_tls *tls = make_server(&(struct moxd_tls_opts){ .hostname = "a.example" });
    struct ends e = shake_hands(tls, "a.example", "a.pem");

    check_works(&e);
    ck_assert(moxd_stream_is_tls(e.server));
    ck_assert_str_eq(moxd_stream_tls_version(e.server), "TLSv1.3");
    ck_assert_str_eq(moxd_stream_tls_sni(e.server), "a.example");
    ck_assert_str_eq(moxd_stream_tls_cipher(e.server), moxd_stream_tls_cipher(e.client));
    /* close_notify ends it properly; the other side sees the end. */
    moxd_stream_close(e.client);
    struct moxd_str line;
    ck_assert_int_eq(moxd_stream_line(e.server, &line, 10, NULL), MOXD_CLOSED);
    ck_assert_str_eq(moxd_stream_error(e.server), "");
    moxd_stream_close(e.server);
    moxd_tls_free(tls);
}

static int connect_trusting(struct moxd_tls *tls)
{
    struct ends e = { .tls = tls, .c = { .name = "a.example", .verify = true } };
    int fd[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    e.server = moxd_stream_new(fd[0]);
    e.client = moxd_stream_new(fd[1]);
    struct moxd_fid f = moxd_fiber_spawn("server", accept_tls, &e);
    int rc = moxd_stream_tls_connect(e.client, &e.c);
    moxd_stream_close(e.client);
    moxd_fiber_join(f, MOXD_NEVER);
    moxd_stream_close(e.server);
    return rc;
}

/* proves: P-CORE-11 */
IN_FIBER(trusts_whom_it_is_told_to)
{
    struct moxd_tls *tls = make_server(&(struct moxd_tls_opts){ .hostname = "a.example" });
    const char *files[] = { in_dir("b.pem"), in_dir("a.pem"), in_dir("none.pem") };
    struct moxd_err err = { 0 };

    ck_assert_int_eq(connect_trusting(tls), MOXD_TLSERR);
    ck_assert_int_eq(moxd_tls_trust(files, 2, true, &err), 0);
    ck_assert_int_eq(connect_trusting(tls), 0);
    ck_assert_int_eq(moxd_tls_trust(files, 3, true, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.priv, "none.pem"));
    ck_assert_int_eq(connect_trusting(tls), 0);
    ck_assert_int_eq(moxd_tls_trust(files, 1, false, &err), 0);
    ck_assert_int_eq(connect_trusting(tls), MOXD_TLSERR);
    ck_assert_int_eq(moxd_tls_trust(NULL, 0, false, &err), 0);
    moxd_tls_free(tls);
}

/* The certificate that the client gets: the one that verifies it. */
static void check_served(struct moxd_tls *tls, const char *name, const char *ca)
{
    struct ends e = shake_hands(tls, name, ca);

    check_works(&e);
    close_ends(&e);
}

static void check_refused(struct moxd_tls *tls, const char *name, const char *ca, const char *why)
{
    struct ends e = shake_hands(tls, name, ca);

    ck_assert_int_eq(e.connected, MOXD_TLSERR);
    ck_assert_ptr_nonnull(strstr(moxd_stream_error(e.client), why));
    close_ends(&e);
}

/* proves: P-CORE-14 */
IN_FIBER(chooses_certificates)
{
    struct moxd_tls *tls = make_server(&(struct moxd_tls_opts){ .hostname = "a.example" });

    check_served(tls, "a.example", "a.pem");
    check_served(tls, "x.b.example", "b.pem");
    check_served(tls, "127.0.0.1", "a.pem"); /* no SNI: the host's own */
    check_refused(tls, "a.example", "b.pem", "certificate");
    check_refused(tls, "b.example", "b.pem", "unrecognized name");
    check_refused(tls, "other.example", "a.pem", "unrecognized name");
    moxd_tls_free(tls);
    tls = make_server(&(struct moxd_tls_opts){ .hostname = "x.b.example", .lenient_sni = true });
    check_served(tls, "x.b.example", "b.pem");
    check_refused(tls, "other.example", "b.pem", "mismatch");
    check_served(tls, "other.example", NULL);
    check_refused(tls, "127.0.0.1", "b.pem", "mismatch");
    moxd_tls_free(tls);
}

IN_FIBER(reloads)
{
    struct moxd_tls *tls = make_server(&(struct moxd_tls_opts){ .hostname = "a.example" });
    struct ends old = shake_hands(tls, "a.example", "a.pem");
    struct moxd_err err;

    make_cert("new.pem", "new.key", "new.example", "a.example");
    struct moxd_tls_pair pair = open_pair("new.pem", "new.key");
    ck_assert_int_eq(moxd_tls_reload(tls, &pair, 1, &err), 0);
    check_served(tls, "a.example", "new.pem");
    check_works(&old);
    /* A failure changes nothing. */
    struct moxd_tls_pair wrong = open_pair("a.pem", "b.key");
    ck_assert_int_eq(moxd_tls_reload(tls, &wrong, 1, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.priv, "a.pem"));
    ck_assert_ptr_nonnull(strstr(err.priv, "b.key"));
    ck_assert_int_eq(moxd_tls_reload(tls, NULL, 0, &err), -1);
    check_served(tls, "new.example", "new.pem");
    close_pairs(&pair, 1);
    close_pairs(&wrong, 1);
    /* The connection outlives the configuration. */
    moxd_tls_free(tls);
    check_works(&old);
    close_ends(&old);
}

static void write_file(const char *name, const char *text)
{
    FILE *f = fopen(in_dir(name), "w");

    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

static void check_unusable(const char *cert, const char *key, const char *culprit)
{
    struct moxd_tls_pair p = open_pair(cert, key);
    struct moxd_err err = { 0 };

    ck_assert_ptr_null(moxd_tls_new(&(struct moxd_tls_opts){ 0 }, &p, 1, &err));
    ck_assert_ptr_nonnull(strstr(err.priv, culprit));
    close_pairs(&p, 1);
}

static void write_encrypted_key(const char *from, const char *to)
{
    FILE *f = fopen(in_dir(from), "r");
    EVP_PKEY *key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
    unsigned char password[] = "secret";

    fclose(f);
    f = fopen(in_dir(to), "w");
    ck_assert_int_eq(PEM_write_PrivateKey(f, key, EVP_aes_128_cbc(), password, 6, NULL, NULL), 1);
    fclose(f);
    EVP_PKEY_free(key);
}

IN_FIBER(says_what_is_wrong_with_files)
{
    static char big[600 * 1024];

    make_cert("a.pem", "a.key", "a.example", NULL);
    write_file("empty.pem", "");
    write_file("broken.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
    memset(big, 'x', sizeof(big) - 1);
    write_file("big.pem", big);
    write_encrypted_key("a.key", "locked.key");
    check_unusable("empty.pem", "a.key", "empty.pem");
    check_unusable("broken.pem", "a.key", "broken.pem");
    check_unusable("big.pem", "a.key", "big.pem");
    check_unusable("a.pem", "empty.pem", "empty.pem");
    check_unusable("a.pem", "locked.key", "locked.key");
    struct moxd_tls_pair gone = { "gone.pem", "gone.key", -1, -1 };
    struct moxd_err err;
    ck_assert_ptr_null(moxd_tls_new(&(struct moxd_tls_opts){ 0 }, &gone, 1, &err));
    ck_assert_ptr_nonnull(strstr(err.priv, "gone.pem"));
}

static void age(const char *cert, const char *key)
{
    FILE *f = fopen(in_dir(cert), "r");
    X509 *x = PEM_read_X509(f, NULL, NULL, NULL);
    fclose(f);
    f = fopen(in_dir(key), "r");
    EVP_PKEY *k = PEM_read_PrivateKey(f, NULL, NULL, NULL);
    fclose(f);
    X509_time_adj_ex(X509_getm_notAfter(x), -1, 0, NULL);
    ck_assert_int_gt(X509_sign(x, k, EVP_sha256()), 0);
    f = fopen(in_dir(cert), "w");
    PEM_write_X509(f, x);
    fclose(f);
    X509_free(x);
    EVP_PKEY_free(k);
}

IN_FIBER(expired_is_a_warning)
{
    struct moxd_err err;

    make_cert("a.pem", "a.key", "a.example", NULL);
    age("a.pem", "a.key");
    struct moxd_tls_pair p = open_pair("a.pem", "a.key");
    struct moxd_tls *tls = moxd_tls_new(&(struct moxd_tls_opts){ 0 }, &p, 1, &err);
    ck_assert_ptr_nonnull(tls);
    ck_assert_ptr_nonnull(strstr(moxd_tls_warning(tls), "a.pem has expired"));
    check_refused(tls, "a.example", "a.pem", "expired");
    close_pairs(&p, 1);
    moxd_tls_free(tls);
}

IN_FIBER(self_signed)
{
    const char *bad[] = { "a.example,DNS:evil.example", NULL }, *none[] = { NULL };
    struct moxd_err err;
    struct stat st;

    write_file("s.key", "");
    ck_assert_int_eq(chmod(in_dir("s.key"), 0644), 0);
    make_cert("s.pem", "s.key", "a.example", "::1");
    ck_assert_int_eq(stat(in_dir("s.key"), &st), 0);
    ck_assert_int_eq(st.st_mode & 07777, 0600);
    ck_assert_int_eq(moxd_tls_selfsigned(in_dir("x.pem"), in_dir("x.key"), bad, &err), -1);
    ck_assert_int_eq(moxd_tls_selfsigned(in_dir("x.pem"), in_dir("x.key"), none, &err), -1);
    ck_assert_int_eq(
        moxd_tls_selfsigned("/nonexistent/x", in_dir("x.key"), (const char *[]){ "a", NULL }, &err),
        -1);
    ck_assert_ptr_nonnull(strstr(err.priv, "/nonexistent/x"));
}

/* STARTTLS: what came in plaintext after it is gone. */
struct starttls {
    int fd;
    struct moxd_stream *st;
};

static void inject(void *arg)
{
    struct starttls *s = arg;
    struct moxd_tls_client c = { .name = "a.example" };
    char reply[4];

    peer_puts(s->fd, "STARTTLS\r\nNOOP\r\nMAIL FROM:<evil@example>\r\n");
    ck_assert_uint_eq(peer_recv(s->fd, reply, 4), 4);
    s->st = moxd_stream_new(s->fd);
    ck_assert_int_eq(moxd_stream_tls_connect(s->st, &c), 0);
    moxd_stream_puts(s->st, "EHLO\r\n");
    moxd_stream_flush(s->st);
}

/* proves: P-SMTP-16 */
IN_FIBER(starttls_discards_plaintext)
{
    struct moxd_tls *tls = make_server(&(struct moxd_tls_opts){ .hostname = "a.example" });
    struct pair p = pair_unix();
    struct starttls s = { .fd = p.fd };
    size_t discarded = 0;
    struct moxd_fid f = moxd_fiber_spawn("client", inject, &s);

    check_line(p.st, "STARTTLS");
    ck_assert_int_eq(moxd_stream_puts(p.st, "220\n"), 0);
    ck_assert_int_eq(moxd_stream_tls_accept(p.st, tls, &discarded), 0);
    ck_assert_uint_eq(discarded, 32);
    check_line(p.st, "EHLO");
    moxd_fiber_join(f, MOXD_NEVER);
    moxd_stream_close(s.st);
    moxd_stream_close(p.st);
    moxd_tls_free(tls);
}

IN_FIBER(garbage_is_no_handshake)
{
    struct moxd_tls *tls = make_server(&(struct moxd_tls_opts){ 0 });
    struct pair p = pair_unix();
    struct moxd_str line;

    peer_puts(p.fd, "EHLO this is not TLS at all\r\n");
    ck_assert_int_eq(moxd_stream_tls_accept(p.st, tls, NULL), MOXD_TLSERR);
    ck_assert_str_ne(moxd_stream_error(p.st), "");
    /* Nothing goes on in plaintext. */
    peer_puts(p.fd, "QUIT\r\n");
    ck_assert_int_eq(moxd_stream_line(p.st, &line, 100, NULL), MOXD_TLSERR);
    ck_assert_int_eq(moxd_stream_puts(p.st, "x"), 0);
    ck_assert_int_eq(moxd_stream_flush(p.st), MOXD_TLSERR);
    pair_close(&p);
    moxd_tls_free(tls);
}

static void step_hour(void *arg)
{
    (void)arg;
    for (int i = 0; i < 4; i++)
        moxd_yield();
    moxd_clock_step(3600 * MOXD_SEC);
}

IN_FIBER(silent_peer_ends_the_handshake)
{
    struct moxd_tls *tls = make_server(&(struct moxd_tls_opts){ 0 });
    struct pair p = pair_unix();

    moxd_fiber_spawn("step", step_hour, NULL);
    ck_assert_int_eq(moxd_stream_tls_accept(p.st, tls, NULL), MOXD_TIMEOUT);
    pair_close(&p);
    moxd_tls_free(tls);
}

/* The end without close_notify is an end, and it can be told. */
IN_FIBER(connection_is_cut)
{
    struct moxd_tls *tls = make_server(&(struct moxd_tls_opts){ .hostname = "a.example" });
    struct ends e = shake_hands(tls, "a.example", NULL);
    struct moxd_str line;

    check_works(&e);
    shutdown(moxd_stream_fd(e.client), SHUT_WR);
    ck_assert_int_eq(moxd_stream_line(e.server, &line, 100, NULL), MOXD_CLOSED);
    ck_assert_ptr_nonnull(strstr(moxd_stream_error(e.server), "close_notify"));
    close_ends(&e);
    moxd_tls_free(tls);
}

/* Errors that others left in OpenSSL's queue are not ours. */
IN_FIBER(stale_errors_do_not_count)
{
    struct moxd_tls *tls = make_server(&(struct moxd_tls_opts){ .hostname = "a.example" });
    struct ends e = shake_hands(tls, "a.example", NULL);

    ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH);
    check_works(&e);
    ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH);
    ck_assert_int_eq(moxd_stream_wait(e.server, moxd_deadline(0)), MOXD_TIMEOUT);
    ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH);
    check_works(&e);
    close_ends(&e);
    moxd_tls_free(tls);
}

/* A session ticket comes, but only together with data. */
IN_FIBER(records_of_tls_itself_are_no_input)
{
    struct moxd_tls *tls = make_server(&(struct moxd_tls_opts){ .hostname = "a.example" });
    struct ends e = shake_hands(tls, "a.example", NULL);
    int n = -1;

    ck_assert_int_eq(moxd_stream_wait(e.client, moxd_deadline(0)), MOXD_TIMEOUT);
    ck_assert_int_eq(ioctl(moxd_stream_fd(e.client), FIONREAD, &n), 0);
    ck_assert_int_eq(n, 0);
    check_works(&e);
    close_ends(&e);
    moxd_tls_free(tls);
}

enum { BULK = 2 * 1024 * 1024 };

static void send_bulk(void *arg)
{
    char piece[5000];

    for (size_t n = 0; n < BULK; n += sizeof(piece)) {
        memset(piece, (int)(n / sizeof(piece) % 100), sizeof(piece));
        ck_assert_int_eq(moxd_stream_write(arg, piece, sizeof(piece)), 0);
    }
    ck_assert_int_eq(moxd_stream_flush(arg), 0);
}

static void read_bulk(struct moxd_stream *st)
{
    char piece[5000];

    for (size_t n = 0; n < BULK; n += sizeof(piece)) {
        size_t same = 0;
        ck_assert_int_eq(moxd_stream_readn(st, piece, sizeof(piece)), 0);
        while (same < sizeof(piece) && piece[same] == (char)(n / sizeof(piece) % 100))
            same++;
        ck_assert_uint_eq(same, sizeof(piece));
    }
}

static void read_bulk_fiber(void *arg)
{
    read_bulk(arg);
}

/* Both ways at once, on one stream a reader and a writer. */
IN_FIBER(bulk_both_ways)
{
    struct moxd_tls *tls = make_server(&(struct moxd_tls_opts){ .hostname = "a.example" });
    struct ends e = shake_hands(tls, "a.example", NULL);
    struct moxd_fid f[3] = { moxd_fiber_spawn("server sends", send_bulk, e.server),
                             moxd_fiber_spawn("client sends", send_bulk, e.client),
                             moxd_fiber_spawn("server reads", read_bulk_fiber, e.server) };

    read_bulk(e.client);
    for (int i = 0; i < 3; i++)
        moxd_fiber_join(f[i], MOXD_NEVER);
    close_ends(&e);
    moxd_tls_free(tls);
}

static void check_binding(struct ends *e, const char *type, bool there)
{
    struct moxd_buf a = MOXD_BUF_INIT(100), b = MOXD_BUF_INIT(100);
    int r = moxd_stream_tls_binding(e->server, type, &a);

    ck_assert_int_eq(r, there ? 0 : -1);
    ck_assert_int_eq(moxd_stream_tls_binding(e->client, type, &b), r);
    ck_assert(moxd_str_eq(moxd_buf_str(&a), moxd_buf_str(&b)));
    ck_assert_int_eq(a.n > 0, there);
    moxd_buf_fini(&a);
    moxd_buf_fini(&b);
}

IN_FIBER(channel_bindings)
{
    struct moxd_tls *tls = make_server(&(struct moxd_tls_opts){ .hostname = "a.example" });
    struct ends e = shake_hands(tls, "a.example", NULL);
    struct pair plain = pair_unix();
    struct moxd_buf b = MOXD_BUF_INIT(100);

    check_binding(&e, "tls-exporter", true);
    check_binding(&e, "tls-unique", false);
    check_binding(&e, "tls-server-end-point", false);
    ck_assert_int_eq(moxd_stream_tls_binding(plain.st, "tls-exporter", &b), -1);
    pair_close(&plain);
    close_ends(&e);
    moxd_tls_free(tls);
}

/* A client of OpenSSL's own, in a thread: says "hi", and notes what it saw. */
struct raw_client {
    int fd, max_version;
    const char *cert, *key, *alpn;
    SSL_SESSION *session; /* to resume, and the new one */
    bool ok, reused;
    unsigned long error;
    unsigned char finished[64], chosen[32];
    size_t finished_n;
    unsigned chosen_n;
    pthread_t thread;
};

static SSL *raw_setup(struct raw_client *c, SSL_CTX *ctx)
{
    SSL_CTX_set_max_proto_version(ctx, c->max_version);
    /* Sessions in the context's own cache would be spoilt with it. */
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    if (c->cert != NULL) {
        SSL_CTX_use_certificate_file(ctx, c->cert, SSL_FILETYPE_PEM);
        SSL_CTX_use_PrivateKey_file(ctx, c->key, SSL_FILETYPE_PEM);
    }
    SSL *ssl = SSL_new(ctx);
    SSL_set_fd(ssl, c->fd);
    SSL_set_tlsext_host_name(ssl, "a.example");
    if (c->alpn != NULL)
        SSL_set_alpn_protos(ssl, (const unsigned char *)c->alpn, (unsigned)strlen(c->alpn));
    if (c->session != NULL)
        SSL_set_session(ssl, c->session);
    return ssl;
}

static void *run_raw(void *arg)
{
    struct raw_client *c = arg;
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = raw_setup(c, ctx);
    const unsigned char *chosen;
    char reply[2];

    if (SSL_connect(ssl) == 1 && SSL_write(ssl, "hi\n", 3) == 3 && SSL_read(ssl, reply, 2) > 0) {
        c->ok = true;
        c->reused = SSL_session_reused(ssl);
        c->finished_n = c->reused ? SSL_get_peer_finished(ssl, c->finished, 64)
                                  : SSL_get_finished(ssl, c->finished, 64);
        SSL_get0_alpn_selected(ssl, &chosen, &c->chosen_n);
        memcpy(c->chosen, chosen != NULL ? (const void *)chosen : "", c->chosen_n);
        SSL_SESSION_free(c->session);
        c->session = SSL_get1_session(ssl);
        SSL_shutdown(ssl);
    }
    c->error = ERR_peek_last_error();
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    close(c->fd);
    return NULL;
}

/* Serves one raw client; the stream, to be closed by the caller. */
static struct moxd_stream *serve_raw(struct moxd_tls *tls, struct raw_client *c, int want)
{
    int fd[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    c->fd = fd[1];
    struct moxd_stream *st = moxd_stream_new(fd[0]);
    ck_assert_int_eq(pthread_create(&c->thread, NULL, run_raw, c), 0);
    ck_assert_int_eq(moxd_stream_tls_accept(st, tls, NULL), want);
    if (want == 0) {
        check_line(st, "hi");
        ck_assert_int_eq(moxd_stream_puts(st, "ok"), 0);
        ck_assert_int_eq(moxd_stream_flush(st), 0);
    }
    pthread_join(c->thread, NULL);
    ck_assert_int_eq(c->ok, want == 0);
    return st;
}

static void check_tls_unique(struct moxd_stream *st, const struct raw_client *c)
{
    struct moxd_buf b = MOXD_BUF_INIT(100);

    ck_assert_int_eq(moxd_stream_tls_binding(st, "tls-unique", &b), 0);
    ck_assert_uint_eq(b.n, c->finished_n);
    ck_assert_mem_eq(b.p, c->finished, b.n);
    moxd_buf_fini(&b);
}

/* RFC 5929: of a resumed session it is the server's Finished that comes first. */
IN_FIBER(tls_unique_in_tls_1_2)
{
    struct moxd_tls *tls = make_server(&(struct moxd_tls_opts){ .hostname = "a.example" });
    struct raw_client c = { .max_version = TLS1_2_VERSION };
    struct moxd_stream *st = serve_raw(tls, &c, 0);

    ck_assert_str_eq(moxd_stream_tls_version(st), "TLSv1.2");
    check_tls_unique(st, &c);
    moxd_stream_close(st);
    ck_assert(!c.reused);
    st = serve_raw(tls, &c, 0);
    ck_assert(c.reused);
    check_tls_unique(st, &c);
    moxd_stream_close(st);
    /* The keys of tickets survive a reload. */
    struct moxd_tls_pair pair = open_pair("a.pem", "a.key");
    ck_assert_int_eq(moxd_tls_reload(tls, &pair, 1, NULL), 0);
    close_pairs(&pair, 1);
    st = serve_raw(tls, &c, 0);
    ck_assert(c.reused);
    moxd_stream_close(st);
    SSL_SESSION_free(c.session);
    moxd_tls_free(tls);
}

IN_FIBER(tickets_of_tls_1_3)
{
    struct moxd_tls *tls = make_server(&(struct moxd_tls_opts){ .hostname = "a.example" });
    struct raw_client c = { .max_version = TLS1_3_VERSION };

    for (int i = 0; i < 3; i++) {
        moxd_stream_close(serve_raw(tls, &c, 0));
        ck_assert_int_eq(c.reused, i > 0);
        ck_assert(SSL_SESSION_is_resumable(c.session));
    }
    SSL_SESSION_free(c.session);
    moxd_tls_free(tls);
}

/* proves: P-SMTP-15 */
IN_FIBER(without_tickets_nothing_is_resumed)
{
    struct moxd_tls *tls =
        make_server(&(struct moxd_tls_opts){ .hostname = "a.example", .no_tickets = true });

    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        struct raw_client c = { .max_version = version };
        moxd_stream_close(serve_raw(tls, &c, 0));
        moxd_stream_close(serve_raw(tls, &c, 0));
        ck_assert(!c.reused);
        SSL_SESSION_free(c.session);
    }
    moxd_tls_free(tls);
}

/* proves: P-CORE-13 */
IN_FIBER(minimum_version)
{
    struct moxd_tls *tls = make_server(&(struct moxd_tls_opts){ .hostname = "a.example" });
    struct raw_client old = { .max_version = TLS1_1_VERSION },
                      c = { .max_version = TLS1_2_VERSION };

    moxd_stream_close(serve_raw(tls, &old, MOXD_TLSERR));
    moxd_tls_free(tls);
    tls = make_server(
        &(struct moxd_tls_opts){ .hostname = "a.example", .min_version = TLS1_3_VERSION });
    moxd_stream_close(serve_raw(tls, &c, MOXD_TLSERR));
    moxd_tls_free(tls);
}

IN_FIBER(protocol_negotiation)
{
    static const char *const names[] = { "imap", "x", NULL };
    struct moxd_tls *tls =
        make_server(&(struct moxd_tls_opts){ .hostname = "a.example", .alpn = names });
    struct raw_client c = { .alpn = "\2h2\4imap" }, none = { 0 }, other = { .alpn = "\2h2" };

    moxd_stream_close(serve_raw(tls, &c, 0));
    ck_assert_uint_eq(c.chosen_n, 4);
    ck_assert_mem_eq(c.chosen, "imap", 4);
    SSL_SESSION_free(c.session);
    moxd_stream_close(serve_raw(tls, &none, 0));
    SSL_SESSION_free(none.session);
    moxd_stream_close(serve_raw(tls, &other, MOXD_TLSERR));
    ck_assert_int_eq(ERR_GET_REASON(other.error), SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL);
    moxd_tls_free(tls);
}

static void spki_hash(const char *cert, unsigned char out[32])
{
    FILE *f = fopen(in_dir(cert), "r");
    X509 *x = PEM_read_X509(f, NULL, NULL, NULL);
    unsigned char *der = NULL;
    int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);

    fclose(f);
    ck_assert_int_eq(EVP_Digest(der, (size_t)n, out, NULL, EVP_sha256(), NULL), 1);
    OPENSSL_free(der);
    X509_free(x);
}

/* Any certificate is taken, also from a resumed session; without one there is no key. */
IN_FIBER(client_certificates)
{
    struct moxd_tls *tls =
        make_server(&(struct moxd_tls_opts){ .hostname = "a.example", .client_certs = true });
    unsigned char want[32], got[32];
    struct raw_client c = { .cert = in_dir("b.pem"), .key = in_dir("b.key") }, anonymous = { 0 };

    spki_hash("b.pem", want);
    for (int i = 0; i < 2; i++) {
        struct moxd_stream *st = serve_raw(tls, &c, 0);
        ck_assert_int_eq(c.reused, i);
        ck_assert_int_eq(moxd_stream_tls_client_key(st, got), 0);
        ck_assert_mem_eq(got, want, 32);
        moxd_stream_close(st);
    }
    SSL_SESSION_free(c.session);
    struct moxd_stream *st = serve_raw(tls, &anonymous, 0);
    ck_assert_int_eq(moxd_stream_tls_client_key(st, got), -1);
    SSL_SESSION_free(anonymous.session);
    moxd_stream_close(st);
    moxd_tls_free(tls);
}

static void remove_dir(void)
{
    char command[100];

    snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    if (system(command) != 0)
        perror(command);
}

int main(void)
{
    const TTest *const tests[] = { encrypts,
                                   trusts_whom_it_is_told_to,
                                   chooses_certificates,
                                   reloads,
                                   says_what_is_wrong_with_files,
                                   expired_is_a_warning,
                                   self_signed,
                                   starttls_discards_plaintext,
                                   garbage_is_no_handshake,
                                   silent_peer_ends_the_handshake,
                                   connection_is_cut,
                                   stale_errors_do_not_count,
                                   records_of_tls_itself_are_no_input,
                                   bulk_both_ways,
                                   channel_bindings,
                                   tls_unique_in_tls_1_2,
                                   tickets_of_tls_1_3,
                                   without_tickets_nothing_is_resumed,
                                   minimum_version,
                                   protocol_negotiation,
                                   client_certificates };
    const char *tmp = getenv("TMPDIR");

    snprintf(dir, sizeof(dir), "%s/moxd-tls-XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(dir) == NULL)
        return 1;
    int status = unit_run("tls", tests, MOXD_NELEMS(tests));
    remove_dir();
    return status;
}
