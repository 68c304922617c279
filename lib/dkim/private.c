/* Private keys: read, made, written, their public half. */
#include "dkim.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "private.h"

static int invalid(struct moxd_err *err, const char *what)
{
    ERR_clear_error();
    return moxd_err_set(err, MOXD_ERR_INVALID, "%s", what);
}

static int check(EVP_PKEY *pkey, struct moxd_err *err)
{
    int id = EVP_PKEY_get_base_id(pkey), bits = EVP_PKEY_get_bits(pkey);
    if (id == EVP_PKEY_ED25519)
        return 0;
    if (id != EVP_PKEY_RSA)
        return invalid(err, "the key is neither RSA nor Ed25519");
    if (bits < MOXD_DKIM_RSA_MIN)
        return invalid(err, "RSA keys for DKIM have 1024 bits at least, and 2048 better");
    if (bits > MOXD_DKIM_RSA_MAX)
        return invalid(err, "RSA keys for DKIM have 8192 bits at most, and 2048 is best");
    return 0;
}

/* Consumes pkey. */
static struct moxd_dkim_private *wrap(EVP_PKEY *pkey, struct moxd_err *err)
{
    if (check(pkey, err) < 0) {
        EVP_PKEY_free(pkey);
        return NULL;
    }
    struct moxd_dkim_private *k = moxd_xcalloc(1, sizeof(*k));
    bool rsa = EVP_PKEY_get_base_id(pkey) == EVP_PKEY_RSA;
    k->pkey = pkey;
    k->alg = rsa ? MOXD_DKIM_RSA_SHA256 : MOXD_DKIM_ED25519_SHA256;
    atomic_init(&k->refs, 1);
    return k;
}

static int no_passphrase(char *buf, int size, int writing, void *arg)
{
    (void)buf, (void)size, (void)writing, (void)arg;
    return -1;
}

struct moxd_dkim_private *moxd_dkim_private_parse(struct moxd_str pem, struct moxd_err *err)
{
    BIO *bio = pem.n > 0 && pem.n <= INT32_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
    EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
    BIO_free(bio);
    if (pkey)
        return wrap(pkey, err);
    (void)invalid(err, "no private key in PEM (PKCS#8, without a passphrase)");
    return NULL;
}

struct moxd_dkim_private *moxd_dkim_private_generate(enum moxd_dkim_key_type type, unsigned bits,
                                                     struct moxd_err *err)
{
    EVP_PKEY *pkey = type == MOXD_DKIM_KEY_ED25519 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                     : bits <= MOXD_DKIM_RSA_MAX
                         ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits)
                         : NULL;
    if (pkey)
        return wrap(pkey, err);
    (void)invalid(err, "cannot make such a key");
    return NULL;
}

struct moxd_dkim_private *moxd_dkim_private_ref(struct moxd_dkim_private *k)
{
    atomic_fetch_add(&k->refs, 1);
    return k;
}

void moxd_dkim_private_unref(struct moxd_dkim_private *k)
{
    if (k == NULL || atomic_fetch_sub(&k->refs, 1) != 1)
        return;
    EVP_PKEY_free(k->pkey);
    free(k);
}

enum moxd_dkim_alg moxd_dkim_private_alg(const struct moxd_dkim_private *k)
{
    return k->alg;
}

unsigned moxd_dkim_private_bits(const struct moxd_dkim_private *k)
{
    return (unsigned)EVP_PKEY_get_bits(k->pkey);
}

void moxd_dkim_private_pem(struct moxd_buf *b, const struct moxd_dkim_private *k)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    char *p = NULL;
    if (bio && PEM_write_bio_PKCS8PrivateKey(bio, k->pkey, NULL, NULL, 0, NULL, NULL) == 1) {
        long n = BIO_get_mem_data(bio, &p);
        moxd_buf_add(b, p, (size_t)n);
    }
    BIO_free(bio);
}

/* Copies what OpenSSL allocated. */
static struct moxd_str taken(unsigned char *der, int n, struct moxd_arena *a)
{
    struct moxd_str s = moxd_arena_str(a, moxd_str((char *)der, n > 0 ? (size_t)n : 0));
    OPENSSL_free(der);
    return s;
}

void moxd_dkim_private_public(const struct moxd_dkim_private *k, struct moxd_arena *a,
                              struct moxd_dkim_key *out)
{
    unsigned char *der = NULL, raw[32];
    size_t n = sizeof(raw);
    *out = (struct moxd_dkim_key){ .hashes = MOXD_STR("sha256") };
    if (k->alg == MOXD_DKIM_RSA_SHA256) {
        out->type = MOXD_DKIM_KEY_RSA;
        int len = i2d_PUBKEY(k->pkey, &der);
        out->p = taken(der, len, a);
    } else if (EVP_PKEY_get_raw_public_key(k->pkey, raw, &n) == 1) {
        out->type = MOXD_DKIM_KEY_ED25519;
        out->p = moxd_arena_str(a, moxd_str((char *)raw, n));
    }
}
