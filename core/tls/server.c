#include "tls/server_priv.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

enum { TICKET_KEYS_MAX = 256 };

static void unref(struct moxd_tls *tls)
{
    if (--tls->refs > 0)
        return;
    free(tls->hostname);
    free(tls->warning);
    free(tls);
}

void core_certs_free(struct core_certs *c)
{
    for (size_t i = 0; i < c->n; i++)
        core_cert_fini(&c->v[i]);
    unref(c->tls);
    free(c->v);
    free(c);
}

/* About the first certificate that is out of its time; NULL: none. */
static char *find_warning(const struct core_certs *certs)
{
    for (size_t i = 0; i < certs->n; i++) {
        const struct core_cert *c = &certs->v[i];

        if (X509_cmp_current_time(X509_get0_notAfter(c->leaf)) < 0)
            return moxd_xasprintf("the certificate in %s has expired", c->name);
        if (X509_cmp_current_time(X509_get0_notBefore(c->leaf)) > 0)
            return moxd_xasprintf("the certificate in %s is not valid yet", c->name);
    }
    return NULL;
}

static struct core_certs *load(struct moxd_tls *tls, const struct moxd_tls_pair *pairs, size_t n,
                               struct moxd_err *err)
{
    struct core_certs *certs = moxd_xcalloc(1, sizeof(*certs));

    certs->tls = tls;
    tls->refs++;
    certs->v = moxd_xcalloc(n, sizeof(*certs->v));
    for (; certs->n < n; certs->n++) {
        const struct moxd_tls_pair *p = &pairs[certs->n];
        struct core_cert *c = &certs->v[certs->n];
        if (core_cert_load(c, p->cert_path, p->cert_fd, p->key_path, p->key_fd, err) != 0) {
            core_certs_free(certs);
            return NULL;
        }
    }
    return certs;
}

/* Sessions that clients keep in tickets survive a reload. */
static void keep_ticket_keys(SSL_CTX *from, SSL_CTX *to)
{
    unsigned char keys[TICKET_KEYS_MAX];
    long n = SSL_CTX_get_tlsext_ticket_keys(from, NULL, 0);

    if (n > 0 && n <= (long)sizeof(keys) && SSL_CTX_get_tlsext_ticket_keys(from, keys, n) == 1)
        SSL_CTX_set_tlsext_ticket_keys(to, keys, n);
    moxd_wipe(keys, sizeof(keys));
}

int moxd_tls_reload(struct moxd_tls *tls, const struct moxd_tls_pair *pairs, size_t n,
                    struct moxd_err *err)
{
    if (n == 0)
        return moxd_err_set(err, MOXD_ERR_INVALID, "no certificate");
    struct core_certs *certs = load(tls, pairs, n, err);
    if (certs == NULL)
        return -1;
    SSL_CTX *ctx = core_tls_server_ctx(tls, certs, err);
    if (ctx == NULL) {
        core_certs_free(certs);
        return -1;
    }
    if (tls->ctx != NULL) {
        keep_ticket_keys(tls->ctx, ctx);
        SSL_CTX_free(tls->ctx);
    }
    tls->ctx = ctx;
    free(tls->warning);
    tls->warning = find_warning(certs);
    return 0;
}

static void set_alpn(struct moxd_tls *tls, const char *const *names)
{
    for (; names != NULL && *names != NULL; names++) {
        size_t n = strlen(*names);

        moxd_assert(n > 0 && n <= CORE_ALPN_NAME_MAX && tls->alpn_n + n < sizeof(tls->alpn));
        tls->alpn[tls->alpn_n++] = (unsigned char)n;
        memcpy(tls->alpn + tls->alpn_n, *names, n);
        tls->alpn_n += (unsigned)n;
    }
}

struct moxd_tls *moxd_tls_new(const struct moxd_tls_opts *opts, const struct moxd_tls_pair *pairs,
                              size_t n, struct moxd_err *err)
{
    struct moxd_tls *tls = moxd_xcalloc(1, sizeof(*tls));

    tls->refs = 1;
    tls->hostname = opts->hostname != NULL ? moxd_xstrdup(opts->hostname) : NULL;
    tls->min_version = opts->min_version;
    tls->lenient_sni = opts->lenient_sni;
    tls->client_certs = opts->client_certs;
    tls->no_tickets = opts->no_tickets;
    tls->alpn_required = opts->alpn_required;
    set_alpn(tls, opts->alpn);
    if (moxd_tls_reload(tls, pairs, n, err) == 0)
        return tls;
    moxd_tls_free(tls);
    return NULL;
}

void moxd_tls_free(struct moxd_tls *tls)
{
    if (tls == NULL)
        return;
    SSL_CTX_free(tls->ctx);
    tls->ctx = NULL;
    unref(tls);
}

SSL_CTX *moxd_tls_ctx(struct moxd_tls *tls)
{
    return tls->ctx;
}

const char *moxd_tls_warning(const struct moxd_tls *tls)
{
    return tls->warning;
}
