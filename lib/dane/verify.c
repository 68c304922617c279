/* Whether TLSA records vouch for a server's certificates. */
#include "dane.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <time.h>

struct check {
    const struct moxd_dane_server *server;
    const struct moxd_tlsa *records[MOXD_DANE_RECORDS_MAX]; /* that count */
    size_t nrecords;
    X509 *leaf;
    STACK_OF(X509) * rest; /* of what the server sent */
    const struct moxd_tlsa *matched;
};

/* --- which records count -------------------------------------------------------------------------- */

/* Of the digests for one usage and selector only the strongest counts (RFC 7671 9); numbers go up with strength. */
static bool is_outdone(const struct moxd_tlsa *t, const struct check *c)
{
    for (size_t i = 0; i < c->nrecords; i++) {
        const struct moxd_tlsa *o = c->records[i];
        if (t->matching != MOXD_TLSA_FULL && o->usage == t->usage && o->selector == t->selector &&
            o->matching > t->matching)
            return true;
    }
    return false;
}

static void take_records(struct check *c)
{
    size_t n = 0;

    for (size_t i = 0; i < c->server->nrecords && c->nrecords < MOXD_DANE_RECORDS_MAX; i++)
        if (moxd_tlsa_usable(&c->server->records[i]))
            c->records[c->nrecords++] = &c->server->records[i];
    struct check all = *c;
    for (size_t i = 0; i < all.nrecords; i++)
        if (!is_outdone(all.records[i], &all))
            c->records[n++] = all.records[i];
    c->nrecords = n;
}

/* --- matching (RFC 6698 2.1) ------------------------------------------------------------------- */

const EVP_MD *mail_dane_digest(unsigned matching)
{
    switch (matching) {
    case MOXD_TLSA_SHA256:
        return EVP_sha256();
    case MOXD_TLSA_SHA512:
        return EVP_sha512();
    default:
        return NULL;
    }
}

int mail_dane_select(X509 *cert, unsigned selector, unsigned char **out)
{
    *out = NULL;
    return selector == MOXD_TLSA_CERT ? i2d_X509(cert, out)
                                      : i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), out);
}

static bool is_data(const struct moxd_tlsa *t, const unsigned char *der, size_t n)
{
    unsigned char digest[MAIL_DANE_DIGEST_MAX];
    unsigned len = 0;

    if (t->matching == MOXD_TLSA_FULL)
        return moxd_str_eq(t->data, moxd_str((const char *)der, n));
    return EVP_Digest(der, n, digest, &len, mail_dane_digest(t->matching), NULL) == 1 &&
           moxd_str_eq(t->data, moxd_str((const char *)digest, len));
}

static bool is_about(const struct moxd_tlsa *t, X509 *cert)
{
    unsigned char *der;
    int n = mail_dane_select(cert, t->selector, &der);
    bool same = n > 0 && is_data(t, der, (size_t)n);

    OPENSSL_free(der);
    return same;
}

/* Names and dates do not count (RFC 7672 3.1.1). */
static bool is_end_entity(struct check *c)
{
    for (size_t i = 0; i < c->nrecords; i++)
        if (c->records[i]->usage == MOXD_TLSA_DANE_EE && is_about(c->records[i], c->leaf)) {
            c->matched = c->records[i];
            return true;
        }
    return false;
}

/* --- trust anchors (RFC 7671 5.2) ----------------------------------------------------------------- */

static void add(STACK_OF(X509) * anchors, X509 *cert)
{
    if (sk_X509_push(anchors, cert) <= 0)
        moxd_panic("out of memory for certificates");
}

/* Of a record with a whole certificate the server need not send that (RFC 7671 5.2.2). */
static X509 *whole_certificate(const struct moxd_tlsa *t)
{
    const unsigned char *p = (const unsigned char *)t->data.p;

    if (t->selector != MOXD_TLSA_CERT || t->matching != MOXD_TLSA_FULL)
        return NULL;
    return d2i_X509(NULL, &p, (long)t->data.n);
}

/* Those of its certificates, but its own, that the record is about. */
static bool sent_anchors(const struct check *c, const struct moxd_tlsa *t, STACK_OF(X509) * anchors)
{
    bool found = false;

    for (int i = 0; i < sk_X509_num(c->rest); i++) {
        X509 *cert = sk_X509_value(c->rest, i);
        if (!is_about(t, cert))
            continue;
        X509_up_ref(cert);
        add(anchors, cert);
        found = true;
    }
    return found;
}

static X509 *top_of_chain(const struct check *c)
{
    int n = sk_X509_num(c->rest);

    return n > 0 ? sk_X509_value(c->rest, n - 1) : c->leaf;
}

/* A certificate of a key: only its name and key are looked at. */
static X509 *certificate_of(EVP_PKEY *key, const X509_NAME *name, int64_t now)
{
    time_t t = (time_t)now;
    X509 *cert = X509_new();
    EVP_PKEY *signer = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    X509_EXTENSION *ca = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:TRUE");
    bool made = cert && signer && ca && X509_set_version(cert, X509_VERSION_3) &&
                X509_set_subject_name(cert, name) && X509_set_pubkey(cert, key) &&
                X509_time_adj_ex(X509_getm_notBefore(cert), -1, 0, &t) &&
                X509_time_adj_ex(X509_getm_notAfter(cert), 1, 0, &t) &&
                X509_add_ext(cert, ca, -1) && X509_sign(cert, signer, NULL) > 0;

    X509_EXTENSION_free(ca);
    EVP_PKEY_free(signer);
    if (made)
        return cert;
    X509_free(cert);
    return NULL;
}

/* Of a record with a bare key the certificate need not be there either, when the key has signed the last one of the
 * chain (RFC 7671 5.2.3). */
static X509 *key_above(const struct check *c, const struct moxd_tlsa *t)
{
    const unsigned char *p = (const unsigned char *)t->data.p;
    X509 *top = top_of_chain(c), *cert = NULL;

    if (t->selector != MOXD_TLSA_SPKI || t->matching != MOXD_TLSA_FULL)
        return NULL;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)t->data.n);
    if (key && X509_verify(top, key) == 1)
        cert = certificate_of(key, X509_get_issuer_name(top), c->server->now);
    EVP_PKEY_free(key);
    return cert;
}

static STACK_OF(X509) * find_anchors(struct check *c)
{
    STACK_OF(X509) *anchors = sk_X509_new_null();

    for (size_t i = 0; i < c->nrecords; i++) {
        const struct moxd_tlsa *t = c->records[i];
        if (t->usage != MOXD_TLSA_DANE_TA)
            continue;
        bool sent = sent_anchors(c, t, anchors);
        X509 *other = sent ? NULL : whole_certificate(t);
        if (!sent && !other)
            other = key_above(c, t);
        if (other)
            add(anchors, other);
        if (sent || other)
            c->matched = c->matched ? c->matched : t;
    }
    return anchors;
}

/* --- the chain ---------------------------------------------------------------------------------- */

static enum moxd_dane_result result_of(int error)
{
    switch (error) {
    case X509_V_OK:
        return MOXD_DANE_OK;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return MOXD_DANE_EXPIRED;
    default:
        return MOXD_DANE_NOT_TRUSTED;
    }
}

static enum moxd_dane_result verify_chain(const struct check *c, STACK_OF(X509) * anchors)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();

    if (!store || !ctx || X509_STORE_CTX_init(ctx, store, c->leaf, c->rest) != 1)
        moxd_panic("out of memory for certificates");
    X509_STORE_CTX_set0_trusted_stack(ctx, anchors);
    X509_STORE_CTX_set_default(ctx, "ssl_server");
    X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(ctx),
                                X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
    X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), (time_t)c->server->now);
    int ok = X509_verify_cert(ctx), error = X509_STORE_CTX_get_error(ctx);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    if (ok == 1)
        return MOXD_DANE_OK;
    return error == X509_V_OK ? MOXD_DANE_NOT_TRUSTED : result_of(error);
}

/* DNS-IDs, or the CN where there are none; a wildcard is the whole first label (RFC 7672 3.2.3). */
static bool has_name(const struct check *c)
{
    for (const char *const *name = c->server->names; name && *name; name++)
        if (X509_check_host(c->leaf, *name, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1)
            return true;
    return false;
}

static enum moxd_dane_result by_anchor(struct check *c)
{
    STACK_OF(X509) *anchors = find_anchors(c);
    enum moxd_dane_result r = MOXD_DANE_NO_MATCH;

    if (sk_X509_num(anchors) > 0)
        r = verify_chain(c, anchors);
    if (r == MOXD_DANE_OK && !has_name(c))
        r = MOXD_DANE_HOST_MISMATCH;
    sk_X509_pop_free(anchors, X509_free);
    return r;
}

/* --- all of it ----------------------------------------------------------------------------------- */

static X509 *parse(struct moxd_str der)
{
    const unsigned char *p = (const unsigned char *)der.p;

    return d2i_X509(NULL, &p, (long)der.n);
}

static void take_chain(struct check *c)
{
    c->rest = sk_X509_new_null();
    if (c->server->nchain > 0)
        c->leaf = parse(c->server->chain[0]);
    for (size_t i = 1; i < c->server->nchain && i < MOXD_DANE_CHAIN_MAX; i++) {
        X509 *cert = parse(c->server->chain[i]);
        if (cert)
            add(c->rest, cert);
    }
}

enum moxd_dane_result moxd_dane_verify(const struct moxd_dane_server *server,
                                       const struct moxd_tlsa **matched)
{
    struct check c = { .server = server };
    enum moxd_dane_result r = MOXD_DANE_NO_MATCH;

    take_records(&c);
    take_chain(&c);
    if (c.leaf)
        r = is_end_entity(&c) ? MOXD_DANE_OK : by_anchor(&c);
    X509_free(c.leaf);
    sk_X509_pop_free(c.rest, X509_free);
    ERR_clear_error();
    if (matched)
        *matched = c.matched;
    return r;
}

const char *moxd_dane_result_text(enum moxd_dane_result r)
{
    static const char *const texts[] = {
        [MOXD_DANE_OK] = "",
        [MOXD_DANE_NO_MATCH] = "no TLSA record matches the certificate",
        [MOXD_DANE_HOST_MISMATCH] = "the certificate has none of the names that it should",
        [MOXD_DANE_EXPIRED] = "a certificate of the chain has expired or is not valid yet",
        [MOXD_DANE_NOT_TRUSTED] = "the chain does not lead to the trust anchor in the TLSA record",
    };

    return texts[r];
}
