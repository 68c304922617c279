/* TLSA records of certificates and keys. */
#include "dane.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>

static int number_of(const char *text, const char *const *names)
{
    for (int i = 0; names[i]; i++)
        if (moxd_str_caseeqs(moxd_cstr(text), names[i]) || (text[0] == '0' + i && text[1] == '\0'))
            return i;
    return -1;
}

int moxd_tlsa_usage_number(const char *text)
{
    static const char *const names[] = { "PKIX-TA", "PKIX-EE", "DANE-TA", "DANE-EE", NULL };

    return number_of(text, names);
}

int moxd_tlsa_selector_number(const char *text)
{
    static const char *const names[] = { "Cert", "SPKI", NULL };

    return number_of(text, names);
}

int moxd_tlsa_matching_number(const char *text)
{
    static const char *const names[] = { "Full", "SHA2-256", "SHA2-512", NULL };

    return number_of(text, names);
}

/* A key that wants a password has none here. */
static int no_password(char *out, int cap, int writing, void *arg)
{
    (void)out, (void)cap, (void)writing, (void)arg;
    return -1;
}

static EVP_PKEY *read_key(BIO *in)
{
    EVP_PKEY *key = BIO_reset(in) == 1 ? PEM_read_bio_PUBKEY(in, NULL, NULL, NULL) : NULL;

    if (!key && BIO_reset(in) == 1)
        key = PEM_read_bio_PrivateKey(in, NULL, no_password, NULL);
    return key;
}

/* What is selected of the first certificate, or else of a key; < 0: *err says why not. */
static int read_pem(struct moxd_str pem, unsigned selector, unsigned char **out,
                    struct moxd_err *err)
{
    BIO *in = BIO_new_mem_buf(pem.p, (int)pem.n);
    X509 *cert = PEM_read_bio_X509(in, NULL, no_password, NULL);
    EVP_PKEY *key = cert ? NULL : read_key(in);
    int n = -1;

    if (cert)
        n = mail_dane_select(cert, selector, out);
    else if (!key)
        moxd_err_set(err, MOXD_ERR_SYNTAX, "no certificate and no key in PEM");
    else if (selector == MOXD_TLSA_CERT)
        moxd_err_set(err, MOXD_ERR_INVALID, "selector Cert(0) needs a certificate, this is a key");
    else
        n = i2d_PUBKEY(key, out);
    X509_free(cert);
    EVP_PKEY_free(key);
    BIO_free(in);
    ERR_clear_error();
    return n;
}

static struct moxd_str digest_of(unsigned matching, const unsigned char *der, size_t n,
                                 struct moxd_arena *a)
{
    unsigned char digest[MAIL_DANE_DIGEST_MAX];
    unsigned len = 0;

    if (matching == MOXD_TLSA_FULL)
        return moxd_arena_str(a, moxd_str((const char *)der, n));
    if (EVP_Digest(der, n, digest, &len, mail_dane_digest(matching), NULL) != 1)
        moxd_panic("no SHA-2 in OpenSSL");
    return moxd_arena_str(a, moxd_str((const char *)digest, len));
}

int moxd_tlsa_make(unsigned usage, unsigned selector, unsigned matching, struct moxd_str pem,
                   struct moxd_arena *a, struct moxd_tlsa *out, struct moxd_err *err)
{
    unsigned char *der = NULL;

    if (usage > MOXD_TLSA_DANE_EE || selector > MOXD_TLSA_SPKI || matching > MOXD_TLSA_SHA512)
        return moxd_err_set(err, MOXD_ERR_INVALID, "no such usage, selector or matching type");
    if (pem.n == 0 || pem.n > INT_MAX)
        return moxd_err_set(err, MOXD_ERR_SYNTAX, "no certificate and no key in PEM");
    int n = read_pem(pem, selector, &der, err);
    if (n <= 0)
        return -1;
    *out = (struct moxd_tlsa){ .usage = (unsigned char)usage,
                               .selector = (unsigned char)selector,
                               .matching = (unsigned char)matching,
                               .data = digest_of(matching, der, (size_t)n, a) };
    OPENSSL_free(der);
    return 0;
}
