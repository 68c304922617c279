/* Hashes and signature against the key (RFC 6376 6.1.3, RFC 8463 3). */
#include "dkim.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

static struct moxd_dkim_verdict verdict(enum moxd_dkim_result result, const char *reason)
{
    return (struct moxd_dkim_verdict){ result, reason };
}

/* A wrong signature of a key in test mode counts as none (3.6.1, t=y). */
static struct moxd_dkim_verdict failed(const struct moxd_dkim_key *key, const char *reason)
{
    return verdict(key->testing ? MOXD_DKIM_NONE : MOXD_DKIM_FAIL, reason);
}

/* What would take long to compute with, and what is too easy to forge. */
static const char *rsa_problem(EVP_PKEY *pkey, bool weak)
{
    BIGNUM *e = NULL;
    int bits = EVP_PKEY_get_bits(pkey);
    int exponent = EVP_PKEY_get_bn_param(pkey, "e", &e) == 1 ? BN_num_bits(e) : 0;
    BN_free(e);
    if (bits < MOXD_DKIM_RSA_MIN && !weak)
        return "RSA key below 1024 bits";
    if (bits > MOXD_DKIM_RSA_MAX)
        return "RSA key above 8192 bits";
    return exponent < 2 || exponent > MOXD_DKIM_EXPONENT_MAX ? "RSA key with a bad exponent" : NULL;
}

static bool matches_rsa(EVP_PKEY *pkey, const EVP_MD *md, struct moxd_str hash, struct moxd_str sig)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
    bool ok = ctx && EVP_PKEY_verify_init(ctx) == 1 &&
              EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
              EVP_PKEY_CTX_set_signature_md(ctx, md) == 1 &&
              EVP_PKEY_verify(ctx, (const unsigned char *)sig.p, sig.n,
                              (const unsigned char *)hash.p, hash.n) == 1;
    EVP_PKEY_CTX_free(ctx);
    return ok;
}

/* The hash is what is signed, by PureEdDSA. */
static bool matches_ed25519(EVP_PKEY *pkey, struct moxd_str hash, struct moxd_str sig)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
              EVP_DigestVerify(ctx, (const unsigned char *)sig.p, sig.n,
                               (const unsigned char *)hash.p, hash.n) == 1;
    EVP_MD_CTX_free(ctx);
    return ok;
}

static struct moxd_dkim_verdict verify_with(EVP_PKEY *pkey, const struct moxd_dkim_sig *sig,
                                            const struct moxd_dkim_key *key, struct moxd_str hash,
                                            bool weak)
{
    bool ed25519 = sig->alg == MOXD_DKIM_ED25519_SHA256;
    const char *problem = ed25519 ? NULL : rsa_problem(pkey, weak);

    if (problem)
        return verdict(MOXD_DKIM_PERMERROR, problem);
    if (ed25519 ? matches_ed25519(pkey, hash, sig->b)
                : matches_rsa(pkey, mail_dkim_md(sig->alg), hash, sig->b))
        return verdict(MOXD_DKIM_PASS, NULL);
    return failed(key, "signature does not match");
}

struct moxd_dkim_verdict mail_dkim_verify_hash(const struct moxd_dkim_sig *sig,
                                               const struct moxd_dkim_key *key,
                                               struct moxd_str hash, bool weak)
{
    EVP_PKEY *pkey = mail_dkim_key_decode(key);

    if (pkey == NULL)
        return verdict(MOXD_DKIM_PERMERROR, "malformed key");
    struct moxd_dkim_verdict v = verify_with(pkey, sig, key, hash, weak);
    EVP_PKEY_free(pkey);
    ERR_clear_error();
    return v;
}

struct moxd_dkim_verdict moxd_dkim_verify(const struct moxd_dkim_header *h,
                                          const struct moxd_dkim_sig *sig,
                                          const struct moxd_dkim_key *key,
                                          const struct moxd_dkim_bodies *bs, int body, bool weak)
{
    unsigned char header[MOXD_DKIM_HASH_MAX];
    uint64_t canonical;
    size_t n;
    struct moxd_str hash = moxd_dkim_bodies_hash(bs, body, &canonical);

    if (h->overflow)
        return verdict(MOXD_DKIM_POLICY, "too many header fields");
    if (sig->has_length && sig->length > canonical)
        return failed(key, "body is shorter than its signed length");
    if (!moxd_str_eq(hash, sig->bh))
        return failed(key, "body hash does not match");
    mail_dkim_header_hash(h, sig, header, &n);
    return mail_dkim_verify_hash(sig, key, moxd_str((const char *)header, n), weak);
}
