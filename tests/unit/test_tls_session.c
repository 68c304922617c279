/* What the two ends of TLS agree on: bindings, tickets, versions, protocols, keys of clients. Where the other end must
 * be something that we are not OpenSSL itself plays the client in a thread. */
#include "tls_unit.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <pthread.h>

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

static void check_resumes(struct moxd_tls *tls, const struct moxd_tls_client *c, bool want)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_str *chain;
    struct ends e = shake_hands_as(tls, c);

    check_works(&e);
    ck_assert_int_eq(moxd_stream_tls_resumed(e.client), want);
    /* What is known of the server is known in a resumed session too. */
    ck_assert_int_eq(moxd_stream_tls_fault(e.client), MOXD_TLS_FINE);
    ck_assert_uint_eq(moxd_stream_tls_chain(e.client, a, &chain), 1);
    ck_assert_uint_gt(chain[0].n, 100);
    close_ends(&e);
    moxd_arena_free(a);
}

IN_FIBER(clients_resume_by_key)
{
    struct moxd_tls *tls = make_server(&(struct moxd_tls_opts){ .hostname = "a.example" });
    struct moxd_tls_client c = {
        .name = "a.example", .verify = true, .ca_file = in_dir("a.pem"), .resume = "a pkix"
    };
    struct moxd_tls_client other = c, none = c;

    other.resume = "a tlsa 3 1 1";
    none.resume = NULL;
    check_resumes(tls, &c, false);
    check_resumes(tls, &c, true);
    check_resumes(tls, &other, false);
    check_resumes(tls, &none, false);
    check_resumes(tls, &c, true);
    struct ends e = shake_hands_as(tls, &c);
    moxd_stream_tls_forget(e.client);
    check_works(&e);
    close_ends(&e);
    check_resumes(tls, &c, false);
    moxd_clock_step(2 * 3600 * MOXD_SEC);
    check_resumes(tls, &c, false);
    moxd_clock_reset();
    moxd_tls_free(tls);
}

/* The oldest session makes room. */
IN_FIBER(sessions_to_resume_are_limited)
{
    struct moxd_tls *tls = make_server(&(struct moxd_tls_opts){ .hostname = "a.example" });
    struct moxd_tls_client c = { .name = "a.example", .resume = "the first" };
    struct ends e = shake_hands_as(tls, &c);
    char key[20];

    check_works(&e);
    close_ends(&e);
    for (int i = 0; i < 257; i++) {
        snprintf(key, sizeof(key), "key %d", i);
        c.resume = key;
        e = shake_hands_as(tls, &c);
        check_works(&e);
        close_ends(&e);
    }
    e = shake_hands_as(tls, &c);
    ck_assert(moxd_stream_tls_resumed(e.client));
    close_ends(&e);
    c.resume = "the first";
    e = shake_hands_as(tls, &c);
    ck_assert(!moxd_stream_tls_resumed(e.client));
    close_ends(&e);
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

IN_FIBER(protocol_required)
{
    static const char *const names[] = { "imap", NULL };
    struct moxd_tls *tls = make_server(
        &(struct moxd_tls_opts){ .hostname = "a.example", .alpn = names, .alpn_required = true });

    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        struct raw_client c = { .max_version = version, .alpn = "\4imap" },
                          none = { .max_version = version };
        moxd_stream_close(serve_raw(tls, &c, 0));
        ck_assert_uint_eq(c.chosen_n, 4);
        SSL_SESSION_free(c.session);
        moxd_stream_close(serve_raw(tls, &none, MOXD_TLSERR));
        ck_assert_int_eq(ERR_GET_REASON(none.error), SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL);
    }
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

int main(void)
{
    const TTest *const tests[] = { channel_bindings,      tls_unique_in_tls_1_2,
                                   tickets_of_tls_1_3,    without_tickets_nothing_is_resumed,
                                   minimum_version,       protocol_negotiation,
                                   protocol_required,     client_certificates,
                                   clients_resume_by_key, sessions_to_resume_are_limited };

    return tls_run("tls_session", tests, MOXD_NELEMS(tests));
}
