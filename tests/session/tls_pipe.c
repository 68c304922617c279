/* tls_pipe NETWORK-FD PLAIN-FD: a TLS 1.3 client on a connected socket, for test programs in languages
 * that cannot export keying material. It does the handshake, writes the base64 of the "tls-exporter"
 * channel binding (RFC 9266) as the first line to PLAIN-FD, then copies both ways until either side
 * closes. Exit status 1 when the handshake fails. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BINDING_LEN = 32, CHUNK = 4096 };

static SSL *handshake(int fd)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = ctx ? SSL_new(ctx) : NULL;

    SSL_CTX_free(ctx);
    /* A record without data, such as a session ticket, must not make SSL_read wait for the next. */
    if (ssl)
        SSL_clear_mode(ssl, SSL_MODE_AUTO_RETRY);
    if (!ssl || !SSL_set_min_proto_version(ssl, TLS1_3_VERSION) ||
        !SSL_set_tlsext_host_name(ssl, "mox.example") || !SSL_set_fd(ssl, fd) ||
        SSL_connect(ssl) != 1) {
        ERR_print_errors_fp(stderr);
        SSL_free(ssl);
        return NULL;
    }
    return ssl;
}

static bool write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, p, n);
        if (done <= 0)
            return false;
        p += done;
        n -= (size_t)done;
    }
    return true;
}

/* RFC 9266 2: label "EXPORTER-Channel-Binding", an empty context, 32 bytes. */
static bool tell_binding(SSL *ssl, int fd)
{
    static const char label[] = "EXPORTER-Channel-Binding";
    unsigned char binding[BINDING_LEN];
    char text[4 * ((BINDING_LEN + 2) / 3) + 2];

    if (SSL_export_keying_material(ssl, binding, sizeof(binding), label, sizeof(label) - 1,
                                   (const unsigned char *)"", 0, 1) != 1)
        return false;
    int n = EVP_EncodeBlock((unsigned char *)text, binding, sizeof(binding));
    text[n] = '\n';
    return write_all(fd, text, (size_t)n + 1);
}

static bool from_network(SSL *ssl, int plain)
{
    char chunk[CHUNK];

    do {
        int n = SSL_read(ssl, chunk, sizeof(chunk));
        if (n <= 0)
            return SSL_get_error(ssl, n) == SSL_ERROR_WANT_READ;
        if (!write_all(plain, chunk, (size_t)n))
            return false;
    } while (SSL_pending(ssl) > 0);
    return true;
}

static bool from_plain(SSL *ssl, int plain)
{
    char chunk[CHUNK];
    ssize_t n = read(plain, chunk, sizeof(chunk));

    if (n > 0)
        return SSL_write(ssl, chunk, (int)n) == n;
    SSL_shutdown(ssl);
    return false;
}

static void copy(SSL *ssl, int network, int plain)
{
    struct pollfd fds[] = { { .fd = network, .events = POLLIN },
                            { .fd = plain, .events = POLLIN } };

    while (poll(fds, 2, -1) > 0) {
        if (fds[0].revents && !from_network(ssl, plain))
            return;
        if (fds[1].revents && !from_plain(ssl, plain))
            return;
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: tls_pipe NETWORK-FD PLAIN-FD\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    int network = atoi(argv[1]), plain = atoi(argv[2]);
    SSL *ssl = handshake(network);
    if (!ssl || !tell_binding(ssl, plain))
        return 1;
    copy(ssl, network, plain);
    SSL_free(ssl);
    close(plain);
    return 0;
}
