#include "tls/tls_priv.h"

#include <moxd/tls.h>
#include <openssl/err.h>

/* Everybody trusts the same CAs, so those contexts are made once: [0] without verification. */
static SSL_CTX *cached[CORE_TLS_CLIENT_CACHE];
/* The system's CAs are still to be read into the other one: they take longer than all else of a start,
 * and some servers never need them. */
static bool system_due;

static int load_ca(SSL_CTX *ctx, const char *file, struct moxd_err *err)
{
    if (SSL_CTX_load_verify_file(ctx, file) == 1)
        return 0;
    core_tls_err(err, MOXD_ERR_INVALID, file);
    return -1;
}

static SSL_CTX *make(const char *const *files, size_t n, bool verify, bool no_system,
                     struct moxd_err *err)
{
    SSL_CTX *ctx = core_tls_ctx_new(TLS_client_method(), TLS1_2_VERSION, err);

    if (ctx != NULL)
        core_tls_resume_ctx(ctx);
    if (ctx == NULL || !verify)
        return ctx;
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    if (!no_system)
        SSL_CTX_set_default_verify_paths(ctx);
    for (size_t i = 0; i < n; i++) {
        if (load_ca(ctx, files[i], err) < 0) {
            SSL_CTX_free(ctx);
            return NULL;
        }
    }
    ERR_clear_error();
    return ctx;
}

int moxd_tls_trust(const char *const *ca_files, size_t n, bool no_system, struct moxd_err *err)
{
    SSL_CTX *ctx = make(ca_files, n, true, true, err);

    if (ctx == NULL)
        return -1;
    SSL_CTX_free(cached[true]);
    cached[true] = ctx;
    system_due = !no_system;
    return 0;
}

static SSL_CTX *get(const struct moxd_tls_client *c, struct moxd_err *err)
{
    SSL_CTX **ctx = &cached[c->verify];

    if (c->verify && c->ca_file != NULL)
        return make(&c->ca_file, 1, true, false, err);
    if (*ctx == NULL)
        *ctx = make(NULL, 0, c->verify, false, err);
    if (c->verify && system_due) {
        SSL_CTX_set_default_verify_paths(*ctx);
        ERR_clear_error();
        system_due = false;
    }
    if (*ctx != NULL)
        SSL_CTX_up_ref(*ctx);
    return *ctx;
}

int core_tls_use_trust(SSL_CTX *ctx, struct moxd_err *err)
{
    SSL_CTX *ours = get(&(struct moxd_tls_client){ .verify = true }, err);

    if (ours == NULL)
        return -1;
    SSL_CTX_set1_cert_store(ctx, SSL_CTX_get_cert_store(ours));
    SSL_CTX_free(ours);
    return 0;
}

SSL *core_tls_client_new(const struct moxd_tls_client *c, struct moxd_err *err)
{
    SSL_CTX *ctx = get(c, err);

    if (ctx == NULL)
        return NULL;
    SSL *ssl = SSL_new(ctx);
    SSL_CTX_free(ctx);
    if (ssl == NULL)
        moxd_panic("out of memory for TLS");
    return ssl;
}
