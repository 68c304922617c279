#include "tls/tls_priv.h"

#include <arpa/inet.h>
#include <openssl/err.h>

bool core_is_ip(const char *text)
{
    unsigned char address[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

int core_tls_err(struct moxd_err *err, enum moxd_err_kind kind, const char *what)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;

    ERR_clear_error();
    return moxd_err_set(err, kind, "%s: %s", what, reason != NULL ? reason : "failed");
}

SSL_CTX *core_tls_ctx_new(const SSL_METHOD *method, int min_version, struct moxd_err *err)
{
    SSL_CTX *ctx;

    ERR_clear_error();
    ctx = SSL_CTX_new(method);
    if (ctx == NULL) {
        core_tls_err(err, MOXD_ERR_INTERNAL, "OpenSSL");
        return NULL;
    }
    SSL_CTX_set_min_proto_version(ctx, min_version != 0 ? min_version : TLS1_2_VERSION);
    /* Idle connections give their buffers back: 45 KiB become 25. Writes may be retried from memory
     * that has moved, and may be cut short. */
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    return ctx;
}
