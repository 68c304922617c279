/* What a server decides in a handshake. The certificate is chosen by name; of several for one name
 * (ECDSA and RSA) OpenSSL takes the one that the client can use. The certificates belong to the SSL_CTX,
 * so that connections in progress keep theirs after a reload. */
#include "tls/server_priv.h"

#include <openssl/x509v3.h>
#include <string.h>

static void on_ctx_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
    (void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
    if (ptr != NULL)
        core_certs_free(ptr);
}

static int certs_index(void)
{
    static int index = -1;

    if (index < 0)
        index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, on_ctx_free);
    moxd_assert(index >= 0);
    return index;
}

static bool is_for(const struct core_cert *c, const char *name)
{
    return X509_check_host(c->leaf, name, strlen(name), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS,
                           NULL) == 1;
}

static bool use(SSL *ssl, const struct core_cert *c)
{
    return SSL_use_cert_and_key(ssl, c->leaf, c->key, c->chain, 1) == 1;
}

static bool use_for(SSL *ssl, const struct core_certs *certs, const char *name)
{
    bool any = false;

    for (size_t i = 0; i < certs->n; i++) {
        if (is_for(&certs->v[i], name))
            any = use(ssl, &certs->v[i]) || any;
    }
    return any;
}

/* The name that the client asks for; NULL: none. Some clients send an address, which RFC 6066 3 forbids:
 * that names nobody. */
static const char *wanted_name(SSL *ssl)
{
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

    return name != NULL && core_is_ip(name) ? NULL : name;
}

/* Without SNI the listener's own name counts; where that has no certificate, the first one serves. */
static int on_servername(SSL *ssl, int *alert, void *arg)
{
    const struct moxd_tls *tls = arg;
    const struct core_certs *certs = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), certs_index());
    const char *name = wanted_name(ssl);
    bool own = name == NULL || tls->lenient_sni;

    if ((name != NULL && use_for(ssl, certs, name)) ||
        (own && tls->hostname != NULL && use_for(ssl, certs, tls->hostname)) ||
        (own && use(ssl, &certs->v[0])))
        return SSL_TLSEXT_ERR_OK;
    *alert = own ? SSL_AD_INTERNAL_ERROR : SSL_AD_UNRECOGNIZED_NAME;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* RFC 7301 3.2: no protocol in common is fatal. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *n, const unsigned char *in,
                   unsigned in_n, void *arg)
{
    const struct moxd_tls *tls = arg;
    unsigned char *chosen;

    (void)ssl;
    if (SSL_select_next_proto(&chosen, n, tls->alpn, tls->alpn_n, in, in_n) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* OpenSSL calls on_alpn only for clients that ask for something (RFC 7301 3.2 has the alert). */
static int on_hello(SSL *ssl, int *alert, void *arg)
{
    const unsigned char *in;
    size_t n;

    (void)arg;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &in,
                                  &n) == 1)
        return SSL_CLIENT_HELLO_SUCCESS;
    *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
    return SSL_CLIENT_HELLO_ERROR;
}

/* Any client certificate will do: its key is what counts, and whoever asks for it judges it. */
static int accept_any(X509_STORE_CTX *store, void *arg)
{
    (void)store, (void)arg;
    return 1;
}

SSL_CTX *core_tls_server_ctx(struct moxd_tls *tls, struct core_certs *certs, struct moxd_err *err)
{
    static const unsigned char session_context[] = "moxd";
    SSL_CTX *ctx = core_tls_ctx_new(TLS_server_method(), tls->min_version, err);

    if (ctx == NULL)
        return NULL;
    SSL_CTX_set_ex_data(ctx, certs_index(), certs);
    SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_tlsext_servername_callback(ctx, on_servername);
    SSL_CTX_set_tlsext_servername_arg(ctx, tls);
    SSL_CTX_set_session_id_context(ctx, session_context, sizeof(session_context) - 1);
    if (tls->alpn_n > 0)
        SSL_CTX_set_alpn_select_cb(ctx, on_alpn, tls);
    if (tls->alpn_required)
        SSL_CTX_set_client_hello_cb(ctx, on_hello, NULL);
    if (tls->client_certs) {
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
        SSL_CTX_set_cert_verify_callback(ctx, accept_any, NULL);
    }
    /* TLS 1.3: core_tls_ticket sends one with the first reply. */
    SSL_CTX_set_num_tickets(ctx, 0);
    if (tls->no_tickets)
        SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    return ctx;
}

void core_tls_ticket(SSL *ssl)
{
    if ((SSL_get_options(ssl) & SSL_OP_NO_TICKET) == 0)
        (void)SSL_new_session_ticket(ssl); /* of older versions it is part of the handshake */
}
