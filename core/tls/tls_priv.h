/* What streams need of OpenSSL. */
#ifndef MOXD_CORE_TLS_PRIV_H
#define MOXD_CORE_TLS_PRIV_H

#include <moxd/buf.h>
#include <moxd/err.h>
#include <moxd/stream.h>
#include <openssl/ssl.h>

enum {
    CORE_TLS_CLIENT_CACHE = 2,     /* one context that verifies, one that does not */
    CORE_TLS_PEM_MAX = 512 * 1024, /* of a certificate or key file; long chains have 20 KiB */
    CORE_TLS_CHAIN_MAX = 16,       /* certificates in a file */
    CORE_TLS_SESSIONS_MAX = 256,   /* that clients of ours may resume: some KiB each */
    CORE_TLS_SESSION_KEY_MAX = 600,
};

/* Settings that all of our contexts share; NULL with *err when OpenSSL cannot make one. */
SSL_CTX *core_tls_ctx_new(const SSL_METHOD *method, int min_version, struct moxd_err *err);
/* For *err: the last text in OpenSSL's queue, which is emptied. Returns -1. */
int core_tls_err(struct moxd_err *err, enum moxd_err_kind kind, const char *what);

/* Whether the text is an IPv4 or IPv6 address. */
bool core_is_ip(const char *text);
/* Makes the context of a client verify with what is trusted (moxd_tls_trust). -1 with *err. */
int core_tls_use_trust(SSL_CTX *ctx, struct moxd_err *err) MOXD_CHECKED;
SSL *core_tls_client_new(const struct moxd_tls_client *c, struct moxd_err *err);
int core_tls_binding(SSL *ssl, const char *type, struct moxd_buf *out) MOXD_CHECKED;
/* The protocol that ALPN chose, empty without; lives as long as the connection. */
struct moxd_str core_tls_alpn(const SSL *ssl);
int core_tls_peer_key(const SSL *ssl, unsigned char out[32]) MOXD_CHECKED;
/* Client side: keeps sessions under the key, and resumes the one that is there. */
void core_tls_resume(SSL *ssl, const char *key);
/* Takes that back, and what it has kept. */
void core_tls_resume_not(SSL *ssl);
/* Client side: shows it to a server that asks. */
struct moxd_tls_identity;
bool core_tls_show(SSL *ssl, const struct moxd_tls_identity *id);
/* A self-signed certificate for the key and the names, valid 10 years; NULL with the reason in OpenSSL's queue. */
X509 *core_tls_certificate(EVP_PKEY *key, const char *const *names);
/* For a context of clients: its sessions are kept where core_tls_resume asks for it. */
void core_tls_resume_ctx(SSL_CTX *ctx);
/* Of the server's certificate, which was verified. */
enum moxd_tls_fault core_tls_fault(const SSL *ssl);
size_t core_tls_chain(const SSL *ssl, struct moxd_arena *a, struct moxd_str **out);
/* Server side: with the next SSL_write goes a session ticket (RFC 8446 4.6.1), unless there shall be none.
 * Only together with data: clients that read and write in two threads of their own take a lone ticket for
 * data, wait in SSL_read for more, and block or spoil what the other thread writes (imaplib2). */
void core_tls_ticket(SSL *ssl);

/* Certificates with keys, as files hold them. */
struct core_cert {
    X509 *leaf;
    STACK_OF(X509) * chain; /* without the leaf */
    EVP_PKEY *key;
    char *name; /* of the certificate's file, for messages */
};
/* A whole file of at most CORE_TLS_PEM_MAX, which is the limit of `out`. */
int core_pem_read(int fd, const char *path, struct moxd_buf *out, struct moxd_err *err) MOXD_CHECKED;
int core_cert_load(struct core_cert *c, const char *cert_path, int cert_fd, const char *key_path,
                   int key_fd, struct moxd_err *err) MOXD_CHECKED;
void core_cert_fini(struct core_cert *c);

#endif
