/* Server-side TLS configurations: certificates by server name, minimum version, reload in place. */
#ifndef MOXD_TLS_H
#define MOXD_TLS_H

#include <moxd/err.h>
#include <openssl/ssl.h>

struct moxd_tls;

/* Key and certificate as open descriptors, opened by the privileged parent. */
struct moxd_tls_pair {
    const char *cert_path, *key_path; /* for messages */
    int cert_fd, key_fd;              /* read from offset 0; not closed */
};
struct moxd_tls_opts {
    const char *hostname;     /* used without SNI, and for unknown names when `lenient_sni` */
    int min_version;          /* TLS1_2_VERSION (default when 0), TLS1_3_VERSION */
    bool lenient_sni;         /* unknown SNI gets the first certificate (SMTP); else an alert
                                 unrecognized_name (P-CORE-14) */
    bool client_certs;        /* ask for a client certificate; any is accepted, none verified */
    bool no_tickets;          /* P-SMTP-15 */
    const char *const *alpn;  /* NULL-ended protocol names, or NULL */
    bool alpn_required;       /* who asks for no protocol gets the alert no_application_protocol too */
};
/* Builds one; NULL with *err naming file and reason (unreadable, key does not match; that one has
 * expired is only a warning, see moxd_tls_warning). SSL_MODE_RELEASE_BUFFERS is on. A key that is
 * encrypted is unreadable. Of several certificates for one name the one is used that the client knows
 * (ECDSA, RSA). */
struct moxd_tls *moxd_tls_new(const struct moxd_tls_opts *opts, const struct moxd_tls_pair *pairs,
                              size_t n, struct moxd_err *err);
/* Replaces certificates; connections in progress keep theirs. On failure the old ones stay. */
int moxd_tls_reload(struct moxd_tls *tls, const struct moxd_tls_pair *pairs, size_t n,
                    struct moxd_err *err) MOXD_CHECKED;
/* Text about a certificate that has expired or is not valid yet, or NULL; until the next reload. */
const char *moxd_tls_warning(const struct moxd_tls *tls);
/* Connections in progress, also in the handshake, go on. NULL is fine. */
void moxd_tls_free(struct moxd_tls *tls);
/* The context for a new connection (borrowed until the next reload; SSL_new takes its reference). */
SSL_CTX *moxd_tls_ctx(struct moxd_tls *tls);
/* Whom outgoing connections that verify trust (P-CORE-11): the authorities in these PEM files, which are
 * read now, and those of the system unless `no_system`, which are read when they are needed. Without this call: the system's. -1 with *err
 * naming a file that cannot be used; nothing is changed then. */
int moxd_tls_trust(const char *const *ca_files, size_t n, bool no_system, struct moxd_err *err)
    MOXD_CHECKED;
/* Writes a self-signed P-256 certificate and key (PEM, mode 0600 for the key) for the names (DNS
 * names or IP addresses), valid 10 years; for the local instance and for tests. */
int moxd_tls_selfsigned(const char *cert_path, const char *key_path, const char *const *names,
                        struct moxd_err *err) MOXD_CHECKED;
/* Writes a new Ed25519 private key (PEM, PKCS#8, mode 0600), and gives the public one (RFC 8032); for the local
 * instance. */
int moxd_tls_ed25519_key(const char *path, unsigned char public[32], struct moxd_err *err)
    MOXD_CHECKED;
/* What our side shows to servers that ask for a certificate (moxd_stream_tls_connect): a private key with its
 * certificate and those that lead to an authority, in any order but the first certificate is its own; or a private key
 * alone, such as one of Ed25519, for which a certificate without meaning is made. In PEM; an encrypted key cannot be
 * read. NULL: SYNTAX, LIMIT. */
struct moxd_tls_identity;
struct moxd_tls_identity *moxd_tls_identity_new(struct moxd_str pem, struct moxd_err *err);
/* The same from a file, which is read now. Also when the file cannot be read. */
struct moxd_tls_identity *moxd_tls_identity_load(const char *path, struct moxd_err *err);
/* NULL is fine; connections go on. */
void moxd_tls_identity_free(struct moxd_tls_identity *id);
/* SHA-256 of the public key (SubjectPublicKeyInfo) of a certificate or of a public key in PEM, as
 * moxd_stream_tls_client_key gives it. SYNTAX. */
int moxd_tls_pem_key(struct moxd_str pem, unsigned char out[32], struct moxd_err *err) MOXD_CHECKED;

#endif
