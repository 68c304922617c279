/* Channel bindings, the peer's key and certificates. */
#include "tls/tls_priv.h"

#include <limits.h>
#include <moxd/tls.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

enum { EXPORTER_BYTES = 32, FINISHED_MAX = 64 };

/* Below TLS 1.3 both bindings are only unique with the extended master secret (RFC 7627, RFC 9266
 * 2); renegotiation is off. */
static bool is_unique(SSL *ssl)
{
    return SSL_version(ssl) >= TLS1_3_VERSION || SSL_get_extms_support(ssl) == 1;
}

/* RFC 9266 2. */
static int exporter(SSL *ssl, struct moxd_buf *out)
{
    static const char label[] = "EXPORTER-Channel-Binding";
    unsigned char secret[EXPORTER_BYTES];
    static const unsigned char context[1];

    if (!is_unique(ssl) || SSL_export_keying_material(ssl, secret, sizeof(secret), label,
                                                      sizeof(label) - 1, context, 0, 1) != 1) {
        ERR_clear_error();
        return -1;
    }
    moxd_buf_add(out, secret, sizeof(secret));
    moxd_wipe(secret, sizeof(secret));
    return out->overflow ? -1 : 0;
}

/* RFC 5929 3.1: the first Finished message of the handshake; the server's when it resumed a session. */
static int unique(SSL *ssl, struct moxd_buf *out)
{
    unsigned char finished[FINISHED_MAX];
    bool ours = SSL_is_server(ssl) == (SSL_session_reused(ssl) == 1);
    size_t n;

    if (SSL_version(ssl) != TLS1_2_VERSION || !is_unique(ssl))
        return -1;
    n = ours ? SSL_get_finished(ssl, finished, sizeof(finished))
             : SSL_get_peer_finished(ssl, finished, sizeof(finished));
    if (n == 0 || n > sizeof(finished))
        return -1;
    moxd_buf_add(out, finished, n);
    return out->overflow ? -1 : 0;
}

int core_tls_binding(SSL *ssl, const char *type, struct moxd_buf *out)
{
    if (moxd_str_eqs(MOXD_STR("tls-exporter"), type))
        return exporter(ssl, out);
    if (moxd_str_eqs(MOXD_STR("tls-unique"), type))
        return unique(ssl, out);
    return -1;
}

/* Takes the encoded key, of n bytes; n <= 0 when there is none. */
static int fingerprint(unsigned char *spki, int n, unsigned char out[32])
{
    int ok = n > 0 && EVP_Digest(spki, (size_t)n, out, NULL, EVP_sha256(), NULL) == 1;

    OPENSSL_free(spki);
    ERR_clear_error();
    return ok ? 0 : -1;
}

int core_tls_peer_key(const SSL *ssl, unsigned char out[32])
{
    X509 *cert = SSL_get0_peer_certificate(ssl);
    unsigned char *spki = NULL;

    if (cert == NULL)
        return -1;
    int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &spki);
    return fingerprint(spki, n, out);
}

static EVP_PKEY *public_key(struct moxd_str pem)
{
    BIO *in = BIO_new_mem_buf(pem.p, (int)pem.n);
    X509 *cert = PEM_read_bio_X509(in, NULL, NULL, NULL);
    EVP_PKEY *key = cert ? X509_get_pubkey(cert) : NULL;

    if (!cert && BIO_reset(in) == 1)
        key = PEM_read_bio_PUBKEY(in, NULL, NULL, NULL);
    X509_free(cert);
    BIO_free(in);
    ERR_clear_error();
    return key;
}

int moxd_tls_pem_key(struct moxd_str pem, unsigned char out[32], struct moxd_err *err)
{
    EVP_PKEY *key = pem.n > 0 && pem.n < INT_MAX ? public_key(pem) : NULL;
    unsigned char *spki = NULL;
    int n = key ? i2d_PUBKEY(key, &spki) : 0;

    EVP_PKEY_free(key);
    return fingerprint(spki, n, out) < 0
               ? moxd_err_set(err, MOXD_ERR_SYNTAX, "no certificate or public key in PEM")
               : 0;
}

struct moxd_str core_tls_alpn(const SSL *ssl)
{
    const unsigned char *name;
    unsigned n;

    SSL_get0_alpn_selected(ssl, &name, &n);
    return moxd_str((const char *)name, n);
}

enum moxd_tls_fault core_tls_fault(const SSL *ssl)
{
    switch (SSL_get_verify_result(ssl)) {
    case X509_V_OK: /* also as long as there is no certificate */
        return SSL_get0_peer_certificate(ssl) != NULL ? MOXD_TLS_FINE : MOXD_TLS_UNVERIFIED;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return MOXD_TLS_HOST_MISMATCH;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return MOXD_TLS_EXPIRED;
    default:
        return MOXD_TLS_NOT_TRUSTED;
    }
}

size_t core_tls_chain(const SSL *ssl, struct moxd_arena *a, struct moxd_str **out)
{
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
    int n = chain != NULL ? sk_X509_num(chain) : 0;
    size_t taken = 0;

    *out = moxd_arena_calloc(a, MOXD_TLS_CHAIN_MAX, sizeof(**out));
    for (int i = 0; i < n && taken < MOXD_TLS_CHAIN_MAX; i++) {
        unsigned char *der = NULL;
        int len = i2d_X509(sk_X509_value(chain, i), &der);
        if (len > 0)
            (*out)[taken++] = moxd_arena_str(a, moxd_str((const char *)der, (size_t)len));
        OPENSSL_free(der);
    }
    ERR_clear_error();
    return taken;
}
