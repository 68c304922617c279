/* Certificates that sign each other, made for a test. */
#ifndef MOXD_UNIT_CHAIN_H
#define MOXD_UNIT_CHAIN_H

#include "unit.h"

#include <moxd/arena.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <time.h>

struct made {
    EVP_PKEY *key;
    X509 *cert;
};
struct make {
    const char *subject;       /* CN */
    const char *names;         /* "DNS:a.example,DNS:b.example", or NULL */
    const struct made *issuer; /* NULL: itself */
    const struct made *like;   /* its key again */
    bool ca;
    int days;                /* that it is valid; < 0: it has expired so long ago; 0: 30 */
    const char *constraints; /* of a CA, instead of "critical,CA:TRUE" */
};

static inline void chain_ext(X509 *cert, int nid, const char *value)
{
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    ck_assert_ptr_nonnull(ext);
    ck_assert_int_eq(X509_add_ext(cert, ext, -1), 1);
    X509_EXTENSION_free(ext);
}

static inline struct made chain_make(struct make m)
{
    static long serial = 1;
    struct made out = { .cert = X509_new() };
    X509_NAME *name = X509_get_subject_name(out.cert);

    out.key = m.like ? m.like->key : EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    if (m.like)
        EVP_PKEY_up_ref(out.key);
    X509_set_version(out.cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(out.cert), ++serial);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)m.subject, -1, -1,
                               0);
    X509_set_issuer_name(out.cert, m.issuer ? X509_get_subject_name(m.issuer->cert) : name);
    X509_set_pubkey(out.cert, out.key);
    X509_time_adj_ex(X509_getm_notBefore(out.cert), m.days < 0 ? 2 * m.days : -1, 0, NULL);
    X509_time_adj_ex(X509_getm_notAfter(out.cert), m.days == 0 ? 30 : m.days, 0, NULL);
    if (m.ca)
        chain_ext(out.cert, NID_basic_constraints,
                  m.constraints ? m.constraints : "critical,CA:TRUE");
    if (m.names)
        chain_ext(out.cert, NID_subject_alt_name, m.names);
    ck_assert_int_gt(X509_sign(out.cert, m.issuer ? m.issuer->key : out.key, EVP_sha256()), 0);
    return out;
}

static inline void chain_free(struct made *m)
{
    EVP_PKEY_free(m->key);
    X509_free(m->cert);
}

static inline struct moxd_str chain_der(const struct made *m, struct moxd_arena *a)
{
    unsigned char *der = NULL;
    int n = i2d_X509(m->cert, &der);

    ck_assert_int_gt(n, 0);
    struct moxd_str out = moxd_arena_str(a, moxd_str((const char *)der, (size_t)n));
    OPENSSL_free(der);
    return out;
}

static inline struct moxd_str chain_bio(BIO *b, struct moxd_arena *a)
{
    char *p;
    long n = BIO_get_mem_data(b, &p);
    struct moxd_str out = moxd_arena_str(a, moxd_str(p, (size_t)n));

    BIO_free(b);
    return out;
}

static inline struct moxd_str chain_pem(const struct made *m, struct moxd_arena *a)
{
    BIO *b = BIO_new(BIO_s_mem());

    ck_assert_int_eq(PEM_write_bio_X509(b, m->cert), 1);
    return chain_bio(b, a);
}

static inline struct moxd_str chain_key_pem(const struct made *m, bool private,
                                            struct moxd_arena *a)
{
    BIO *b = BIO_new(BIO_s_mem());

    ck_assert_int_eq(private ? PEM_write_bio_PrivateKey(b, m->key, NULL, NULL, 0, NULL, NULL)
                             : PEM_write_bio_PUBKEY(b, m->key),
                     1);
    return chain_bio(b, a);
}

#endif
