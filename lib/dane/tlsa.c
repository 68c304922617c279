/* TLSA records (RFC 6698 2). */
#include <moxd/enc.h>
#include <moxmail/dane.h>
#include <openssl/err.h>
#include <openssl/x509.h>

enum {
    HEAD = 3, /* usage, selector, matching type */
    SHA256_BYTES = 32,
    SHA512_BYTES = 64,
};

int moxd_tlsa_parse(struct moxd_str rdata, struct moxd_tlsa *out, struct moxd_err *err)
{
    const unsigned char *p = (const unsigned char *)rdata.p;

    if (rdata.n <= HEAD)
        return moxd_err_set(err, MOXD_ERR_SYNTAX, "TLSA record of %zu octets, without data",
                            rdata.n);
    *out = (struct moxd_tlsa){
        .usage = p[0], .selector = p[1], .matching = p[2], .data = moxd_str_from(rdata, HEAD)
    };
    return 0;
}

/* What is to be compared whole must be what the selector says, and nothing behind it. */
static bool is_whole(const struct moxd_tlsa *t)
{
    const unsigned char *p = (const unsigned char *)t->data.p, *end = p + t->data.n;
    X509 *cert = NULL;
    EVP_PKEY *key = NULL;

    if (t->selector == MOXD_TLSA_CERT)
        cert = d2i_X509(NULL, &p, (long)t->data.n);
    else
        key = d2i_PUBKEY(NULL, &p, (long)t->data.n);
    bool whole = (cert || key) && p == end;
    ERR_clear_error();
    X509_free(cert);
    EVP_PKEY_free(key);
    return whole;
}

bool moxd_tlsa_usable(const struct moxd_tlsa *t)
{
    if ((t->usage != MOXD_TLSA_DANE_TA && t->usage != MOXD_TLSA_DANE_EE) ||
        t->selector > MOXD_TLSA_SPKI)
        return false;
    switch (t->matching) {
    case MOXD_TLSA_FULL:
        return is_whole(t);
    case MOXD_TLSA_SHA256:
        return t->data.n == SHA256_BYTES;
    case MOXD_TLSA_SHA512:
        return t->data.n == SHA512_BYTES;
    default:
        return false;
    }
}

void moxd_tlsa_put(struct moxd_buf *b, const struct moxd_tlsa *t)
{
    moxd_buf_addf(b, "%u %u %u ", t->usage, t->selector, t->matching);
    moxd_hex_encode(b, t->data);
}
