/* TLS on streams: certificates, handshakes, data; both ends are ours. What a connection agrees on: test_tls_session.c */
#include "tls_unit.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <sys/ioctl.h>

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

static void check_report(struct moxd_tls *tls, const char *name, const char *ca,
                         enum moxd_tls_fault want)
{
    struct moxd_tls_client c = { .name = name, .sni = "a.example", .verify = true, .report = true };

    c.ca_file = ca ? in_dir(ca) : NULL;
    struct ends e = shake_hands_as(tls, &c);
    check_works(&e);
    ck_assert_int_eq(moxd_stream_tls_fault(e.client), want);
    ck_assert_int_eq(*moxd_stream_tls_fault_text(e.client) == '\0', want == MOXD_TLS_FINE);
    ck_assert_str_eq(moxd_stream_tls_sni(e.server), "a.example");
    close_ends(&e);
    /* Without `report` the same ends the handshake, and is known as well. */
    c.report = false;
    e = shake_hands_as(tls, &c);
    ck_assert_int_eq(e.connected, want == MOXD_TLS_FINE ? 0 : MOXD_TLSERR);
    ck_assert_int_eq(moxd_stream_tls_fault(e.client), want);
    close_ends(&e);
}

IN_FIBER(reports_what_is_wrong_with_a_certificate)
{
    struct moxd_tls *tls = make_server(&(struct moxd_tls_opts){ .hostname = "a.example" });

    check_report(tls, "a.example", "a.pem", MOXD_TLS_FINE);
    check_report(tls, "b.example", "a.pem", MOXD_TLS_HOST_MISMATCH);
    check_report(tls, "127.0.0.2", "a.pem", MOXD_TLS_HOST_MISMATCH);
    check_report(tls, "a.example", "b.pem", MOXD_TLS_NOT_TRUSTED);
    struct ends e = shake_hands(tls, "a.example", NULL);
    ck_assert_int_eq(moxd_stream_tls_fault(e.client), MOXD_TLS_UNVERIFIED);
    close_ends(&e);
    moxd_tls_free(tls);
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
                                   reports_what_is_wrong_with_a_certificate };

    return tls_run("tls", tests, MOXD_NELEMS(tests));
}
