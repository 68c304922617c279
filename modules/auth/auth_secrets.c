#include "auth_secrets.h"

#include <crypt.h>
#include <moxd/buf.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

static const EVP_MD *digest_of(enum auth_scram_hash hash)
{
    return hash == AUTH_SHA1 ? EVP_sha1() : EVP_sha256();
}

/* RFC 5802 3: SaltedPassword := Hi(password, salt, i), ClientKey := HMAC(SaltedPassword, "Client
 * Key"), StoredKey := H(ClientKey), ServerKey := HMAC(SaltedPassword, "Server Key"). */
static bool derive_scram(enum auth_scram_hash hash, struct moxd_str password,
                         struct auth_scram *out)
{
    static const unsigned char client_label[] = "Client Key", server_label[] = "Server Key";
    const EVP_MD *md = digest_of(hash);
    int n = (int)auth_scram_len(hash);
    unsigned char salted[AUTH_KEY_MAX], client_key[AUTH_KEY_MAX];

    out->iterations = AUTH_SCRAM_ITERATIONS;
    moxd_random(out->salt, sizeof(out->salt));
    bool ok = PKCS5_PBKDF2_HMAC(password.p, (int)password.n, out->salt, sizeof(out->salt),
                                (int)out->iterations, md, n, salted) == 1 &&
              HMAC(md, salted, n, client_label, sizeof(client_label) - 1, client_key, NULL) &&
              EVP_Digest(client_key, (size_t)n, out->stored_key, NULL, md, NULL) == 1 &&
              HMAC(md, salted, n, server_label, sizeof(server_label) - 1, out->server_key, NULL);
    moxd_wipe(salted, sizeof(salted));
    moxd_wipe(client_key, sizeof(client_key));
    return ok;
}

/* crypt_ra(3) with its memory wiped and freed. False when it fails. */
static bool crypt_into(struct moxd_str password, const char *setting, char out[AUTH_CRYPT_MAX])
{
    void *data = NULL;
    int size = 0;
    char *phrase = moxd_str_dup(password);
    const char *hash = crypt_ra(phrase, setting, &data, &size);
    bool ok = hash && moxd_str_copy(moxd_cstr(hash), out, AUTH_CRYPT_MAX) == 0;

    moxd_wipe(phrase, password.n);
    free(phrase);
    if (data)
        moxd_wipe(data, (size_t)size);
    free(data);
    return ok;
}

static bool derive_crypt(struct moxd_str password, char out[AUTH_CRYPT_MAX])
{
    char *setting = crypt_gensalt_ra("$y$", AUTH_YESCRYPT_COST, NULL, 0);
    bool ok = setting && crypt_into(password, setting, out);

    free(setting);
    return ok;
}

int auth_secrets_derive(struct moxd_str password, struct auth_secrets *out, struct moxd_err *err)
{
    *out = (struct auth_secrets){ 0 };
    if (!derive_crypt(password, out->crypt))
        return moxd_err_set(err, MOXD_ERR_INTERNAL, "yescrypt failed");
    for (int hash = 0; hash < AUTH_SCRAM_HASHES; hash++)
        if (!derive_scram((enum auth_scram_hash)hash, password, &out->scram[hash]))
            return moxd_err_set(err, MOXD_ERR_INTERNAL, "PBKDF2 failed");
    auth_cram_derive(password, &out->cram);
    out->has_cram = true;
    return 0;
}

bool auth_crypt_matches(struct moxd_str password, const char *hash)
{
    char got[AUTH_CRYPT_MAX] = { 0 };
    size_t n = strlen(hash);

    if (n == 0 || (password.n > 0 && memchr(password.p, '\0', password.n)))
        return false;
    bool ok = crypt_into(password, hash, got) && strlen(got) == n && moxd_memeq_ct(got, hash, n);
    moxd_wipe(got, sizeof(got));
    return ok;
}

/* A setting with a hash that nothing was hashed to. */
int auth_crypt_dummy(char out[AUTH_CRYPT_MAX], struct moxd_err *err)
{
    enum { HASH_LEN = 43 };
    unsigned char hash[HASH_LEN];
    char *setting = crypt_gensalt_ra("$y$", AUTH_YESCRYPT_COST, NULL, 0);
    struct moxd_buf b = MOXD_BUF_INIT(AUTH_CRYPT_MAX);

    moxd_random(hash, sizeof(hash));
    moxd_buf_addf(&b, "%s$", setting ? setting : "");
    for (size_t i = 0; i < sizeof(hash); i++)
        moxd_buf_addc(&b, (char)('a' + hash[i] % 26));
    bool ok = setting && moxd_str_copy(moxd_buf_str(&b), out, AUTH_CRYPT_MAX) == 0;
    moxd_buf_fini(&b);
    free(setting);
    return ok ? 0 : moxd_err_set(err, MOXD_ERR_INTERNAL, "yescrypt failed");
}
