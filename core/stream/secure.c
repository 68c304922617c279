#include "stream/stream_priv.h"
#include "tls/tls_priv.h"

#include <errno.h>
#include <moxd/tls.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

static int handshake(struct moxd_stream *st)
{
    int64_t limit = CORE_STREAM_HANDSHAKE;
    int64_t deadline = moxd_deadline(st->read_timeout < limit ? st->read_timeout : limit);

    for (;;) {
        ERR_clear_error();
        errno = 0;
        int k = SSL_do_handshake(st->ssl);
        if (k == 1)
            return 0;
        int ssl_error = SSL_get_error(st->ssl, k);
        int want = ssl_error == SSL_ERROR_WANT_READ ? CORE_WANT_READ : CORE_WANT_WRITE;
        if (ssl_error != SSL_ERROR_WANT_READ && ssl_error != SSL_ERROR_WANT_WRITE)
            return core_stream_fail_tls(st, ssl_error);
        int r = core_stream_wait_io(st, want, deadline, false);
        if (r >= 0 && st->stopping)
            r = core_stream_fail(st, MOXD_STOPPED, "the server is stopping");
        if (r < 0)
            return r;
    }
}

/* After a handshake that failed, neither side can say anything in this connection. */
static int secure(struct moxd_stream *st, SSL *ssl)
{
    st->ssl = ssl;
    if (SSL_set_fd(ssl, st->fd) != 1)
        return core_stream_fail_tls(st, SSL_ERROR_SSL);
    int r = handshake(st);
    if (r < 0)
        st->broken = true;
    return r;
}

int moxd_stream_tls_accept(struct moxd_stream *st, struct moxd_tls *tls, size_t *discarded)
{
    moxd_assert(st->ssl == NULL && st->z == NULL);
    int r = moxd_stream_flush(st);
    if (r < 0)
        return r;
    if (discarded != NULL)
        *discarded = core_stream_have(st);
    core_stream_drop_input(st);
    SSL *ssl = SSL_new(moxd_tls_ctx(tls));
    if (ssl == NULL)
        moxd_panic("out of memory for TLS");
    SSL_set_accept_state(ssl);
    r = secure(st, ssl);
    st->ticket_due = r == 0;
    return r;
}

/* The name is what the certificate must be for; an address is compared with addresses in it, and is
 * no SNI (RFC 6066 3). */
static void set_name(SSL *ssl, const struct moxd_tls_client *c)
{
    const char *sni = c->sni != NULL ? c->sni : c->name;

    if (!core_is_ip(sni))
        SSL_set_tlsext_host_name(ssl, sni);
    if (!c->verify)
        return;
    if (core_is_ip(c->name))
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), c->name);
    else
        SSL_set1_host(ssl, c->name);
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
}

int moxd_stream_tls_connect(struct moxd_stream *st, const struct moxd_tls_client *c)
{
    struct moxd_err err;

    moxd_assert(st->ssl == NULL && st->z == NULL);
    int r = moxd_stream_flush(st);
    if (r < 0)
        return r;
    core_stream_drop_input(st);
    SSL *ssl = core_tls_client_new(c, &err);
    if (ssl == NULL)
        return core_stream_fail(st, MOXD_TLSERR, err.priv);
    if (c->name != NULL)
        set_name(ssl, c);
    SSL_set_connect_state(ssl);
    if (c->report)
        SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
    if (c->resume != NULL && c->identity == NULL)
        core_tls_resume(ssl, c->resume);
    if (c->identity != NULL && !core_tls_show(ssl, c->identity)) {
        SSL_free(ssl);
        return core_stream_fail_tls(st, SSL_ERROR_SSL);
    }
    st->verified = c->verify;
    return secure(st, ssl);
}

bool moxd_stream_is_tls(const struct moxd_stream *st)
{
    return st->ssl != NULL;
}

const char *moxd_stream_tls_version(const struct moxd_stream *st)
{
    return st->ssl != NULL ? SSL_get_version(st->ssl) : NULL;
}

const char *moxd_stream_tls_cipher(const struct moxd_stream *st)
{
    return st->ssl != NULL ? SSL_get_cipher_name(st->ssl) : NULL;
}

const char *moxd_stream_tls_sni(const struct moxd_stream *st)
{
    return st->ssl != NULL ? SSL_get_servername(st->ssl, TLSEXT_NAMETYPE_host_name) : NULL;
}

struct moxd_str moxd_stream_alpn(const struct moxd_stream *st)
{
    return st->ssl != NULL ? core_tls_alpn(st->ssl) : moxd_str(NULL, 0);
}

int moxd_stream_tls_binding(struct moxd_stream *st, const char *type, struct moxd_buf *out)
{
    return st->ssl != NULL ? core_tls_binding(st->ssl, type, out) : -1;
}

enum moxd_tls_fault moxd_stream_tls_fault(const struct moxd_stream *st)
{
    return st->ssl != NULL && st->verified ? core_tls_fault(st->ssl) : MOXD_TLS_UNVERIFIED;
}

const char *moxd_stream_tls_fault_text(const struct moxd_stream *st)
{
    switch (moxd_stream_tls_fault(st)) {
    case MOXD_TLS_FINE:
        return "";
    case MOXD_TLS_UNVERIFIED:
        return "nothing was verified";
    default:
        return X509_verify_cert_error_string(SSL_get_verify_result(st->ssl));
    }
}

size_t moxd_stream_tls_chain(const struct moxd_stream *st, struct moxd_arena *a,
                             struct moxd_str **out)
{
    *out = NULL;
    return st->ssl != NULL ? core_tls_chain(st->ssl, a, out) : 0;
}

bool moxd_stream_tls_resumed(const struct moxd_stream *st)
{
    return st->ssl != NULL && SSL_session_reused(st->ssl) == 1;
}

void moxd_stream_tls_forget(struct moxd_stream *st)
{
    if (st->ssl != NULL)
        core_tls_resume_not(st->ssl);
}

int moxd_stream_tls_client_key(const struct moxd_stream *st, unsigned char out[32])
{
    return st->ssl != NULL ? core_tls_peer_key(st->ssl, out) : -1;
}
