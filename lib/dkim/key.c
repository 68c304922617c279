/* Key records (RFC 6376 3.6.1, RFC 8463 4) and the keys in them. */
#include "dkim.h"

#include <moxmail/taglist.h>
#include <openssl/err.h>
#include <openssl/x509.h>

static int no_record(struct moxd_dkim_verdict *why, const char *reason)
{
    return mail_dkim_fail(why, MOXD_DKIM_PERMERROR, reason);
}

static struct moxd_str value_of(const struct moxd_taglist *l, const char *name)
{
    const struct moxd_tag *t = moxd_taglist_find(l, name);
    return t ? t->value : moxd_str(NULL, 0);
}

static enum moxd_dkim_key_type type_of(struct moxd_str k)
{
    if (k.p == NULL || moxd_str_caseeqs(k, "rsa"))
        return MOXD_DKIM_KEY_RSA;
    return moxd_str_caseeqs(k, "ed25519") ? MOXD_DKIM_KEY_ED25519 : MOXD_DKIM_KEY_UNKNOWN;
}

int moxd_dkim_key_parse(struct moxd_str record, struct moxd_arena *a, struct moxd_dkim_key *out,
                        struct moxd_dkim_verdict *why)
{
    struct moxd_taglist *l = moxd_arena_alloc(a, sizeof(*l));

    *out = (struct moxd_dkim_key){ .type = MOXD_DKIM_KEY_UNKNOWN };
    if (record.n > MOXD_DKIM_RECORD_MAX)
        return no_record(why, "key record too long");
    if (moxd_taglist_parse(record, l) < 0)
        return no_record(why, "malformed key record");
    const struct moxd_tag *v = moxd_taglist_find(l, "v"), *p = moxd_taglist_find(l, "p");
    if (v && (v != &l->v[0] || !moxd_str_eqs(v->value, "DKIM1")))
        return no_record(why, "unknown version of key record");
    if (p == NULL)
        return no_record(why, "no key in key record");
    out->type = type_of(value_of(l, "k"));
    out->hashes = value_of(l, "h");
    out->services = value_of(l, "s");
    out->notes = value_of(l, "n");
    out->testing = moxd_taglist_has(value_of(l, "t"), "y");
    out->strict = moxd_taglist_has(value_of(l, "t"), "s");
    return mail_dkim_base64(p->value, a, &out->p) == 0 ? 0 : no_record(why, "key is not base64");
}

bool moxd_dkim_key_serves(const struct moxd_dkim_key *key, const char *service)
{
    return key->services.p == NULL || moxd_taglist_has(key->services, "*") ||
           moxd_taglist_has(key->services, service);
}

int moxd_dkim_key_check(const struct moxd_dkim_key *key, const struct moxd_dkim_sig *sig,
                        struct moxd_dkim_verdict *why)
{
    return moxd_dkim_key_check_for(key, sig, "email", why);
}

int moxd_dkim_key_check_for(const struct moxd_dkim_key *key, const struct moxd_dkim_sig *sig,
                            const char *service, struct moxd_dkim_verdict *why)
{
    bool ed25519 = sig->alg == MOXD_DKIM_ED25519_SHA256;
    const char *hash = sig->alg == MOXD_DKIM_RSA_SHA1 ? "sha1" : "sha256";
    const char *reason = NULL;

    if (key->p.n == 0)
        reason = "key revoked";
    else if (key->hashes.p != NULL && !moxd_taglist_has(key->hashes, hash))
        reason = "key not for this hash algorithm";
    else if (key->type != (ed25519 ? MOXD_DKIM_KEY_ED25519 : MOXD_DKIM_KEY_RSA))
        reason = "key of another algorithm";
    else if (!moxd_dkim_key_serves(key, service))
        reason = "key not for email";
    else if (key->strict && !moxd_str_eq(sig->identity_domain, sig->domain))
        reason = "key not for subdomains";
    return reason ? no_record(why, reason) : 0;
}

/* 3.6.1 asks for RSAPublicKey, and 3.3.4 of RFC 3279 has what everybody publishes: SubjectPublicKeyInfo. */
static EVP_PKEY *decode_rsa(struct moxd_str p)
{
    const unsigned char *at = (const unsigned char *)p.p, *end = at + p.n;
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)p.n);
    if (pkey == NULL) {
        at = (const unsigned char *)p.p;
        pkey = d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, (long)p.n);
    }
    if (pkey == NULL || (at == end && EVP_PKEY_get_base_id(pkey) == EVP_PKEY_RSA))
        return pkey;
    EVP_PKEY_free(pkey);
    return NULL;
}

/* OpenSSL's decoder goes through all that it could be, and takes locks for it: hundreds of microseconds. */
EVP_PKEY *mail_dkim_key_decode(const struct moxd_dkim_key *key)
{
    if (key->ready)
        return (EVP_PKEY *)moxd_dkim_public_ref(key->ready);
    const unsigned char *raw = (const unsigned char *)key->p.p;
    EVP_PKEY *pkey = NULL;
    if (key->type == MOXD_DKIM_KEY_RSA)
        pkey = decode_rsa(key->p);
    else if (key->type == MOXD_DKIM_KEY_ED25519)
        pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw, key->p.n);
    ERR_clear_error();
    return pkey;
}

/* It is OpenSSL's object, which counts references itself. */
struct moxd_dkim_public *moxd_dkim_public_new(const struct moxd_dkim_key *key)
{
    return (struct moxd_dkim_public *)mail_dkim_key_decode(key);
}

struct moxd_dkim_public *moxd_dkim_public_ref(struct moxd_dkim_public *k)
{
    moxd_assert(EVP_PKEY_up_ref((EVP_PKEY *)k) == 1);
    return k;
}

void moxd_dkim_public_unref(struct moxd_dkim_public *k)
{
    EVP_PKEY_free((EVP_PKEY *)k);
}

unsigned moxd_dkim_key_bits(const struct moxd_dkim_key *key)
{
    EVP_PKEY *pkey = mail_dkim_key_decode(key);
    int bits = pkey ? EVP_PKEY_get_bits(pkey) : 0;
    EVP_PKEY_free(pkey);
    return bits > 0 ? (unsigned)bits : 0;
}
