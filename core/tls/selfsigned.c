#include "tls/tls_priv.h"

#include <fcntl.h>
#include <moxd/tls.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { YEARS = 10, SERIAL_BYTES = 16, NAMES_MAX = 64 };

static bool add_extension(X509 *x, int nid, const char *value)
{
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    bool ok = ext != NULL && X509_add_ext(x, ext, -1) == 1;

    X509_EXTENSION_free(ext);
    return ok;
}

/* A name with characters that the extension's syntax uses would add names of its own. */
static bool is_plain(const char *name)
{
    return *name != '\0' && name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                              "0123456789-.:*_")] == '\0';
}

static bool add_names(X509 *x, const char *const *names)
{
    struct moxd_buf b = MOXD_BUF_INIT(NAMES_MAX * 300);
    bool ok = names[0] != NULL;

    for (size_t i = 0; ok && names[i] != NULL; i++) {
        ok = is_plain(names[i]);
        moxd_buf_addf(&b, "%s%s:%s", i > 0 ? "," : "", core_is_ip(names[i]) ? "IP" : "DNS",
                      names[i]);
    }
    ok = ok && !b.overflow && add_extension(x, NID_subject_alt_name, moxd_buf_cstr(&b));
    moxd_buf_fini(&b);
    return ok;
}

static bool set_serial(X509 *x)
{
    unsigned char bytes[SERIAL_BYTES];

    moxd_random(bytes, sizeof(bytes));
    bytes[0] = (bytes[0] & 0x7f) | 0x40; /* positive, and always of the same length */
    BIGNUM *bn = BN_bin2bn(bytes, sizeof(bytes), NULL);
    bool ok = bn != NULL && BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(x)) != NULL;
    BN_free(bn);
    return ok;
}

/* EdDSA hashes by itself (RFC 8410). */
static const EVP_MD *digest_for(const EVP_PKEY *key)
{
    return EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448") ? NULL : EVP_sha256();
}

static bool fill(X509 *x, EVP_PKEY *key, const char *const *names)
{
    X509_NAME *subject = X509_get_subject_name(x);

    return X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) &&
           X509_gmtime_adj(X509_getm_notBefore(x), -3600) != NULL &&
           X509_time_adj_ex(X509_getm_notAfter(x), YEARS * 365, 0, NULL) != NULL &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)names[0],
                                      -1, -1, 0) == 1 &&
           X509_set_issuer_name(x, subject) == 1 && X509_set_pubkey(x, key) == 1 &&
           add_extension(x, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(x, NID_key_usage, "critical,digitalSignature") &&
           add_extension(x, NID_ext_key_usage, "serverAuth,clientAuth") && add_names(x, names) &&
           X509_sign(x, key, digest_for(key)) > 0;
}

X509 *core_tls_certificate(EVP_PKEY *key, const char *const *names)
{
    X509 *x = X509_new();

    if (x && fill(x, key, names))
        return x;
    X509_free(x);
    return NULL;
}

/* The descriptor's mode is set before anything is written. */
static FILE *create(const char *path, mode_t mode, struct moxd_err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

    if (fd < 0 || fchmod(fd, mode) != 0) {
        moxd_err_sys(err, "creating %s", path);
        moxd_closep(&fd);
        return NULL;
    }
    FILE *f = fdopen(fd, "w");
    if (f == NULL)
        moxd_panic("out of memory for a file");
    return f;
}

static int finish(FILE *f, bool ok, const char *path, struct moxd_err *err)
{
    ok = fflush(f) == 0 && ok;
    if (fclose(f) != 0 || !ok)
        return moxd_err_sys(err, "writing %s", path);
    return 0;
}

static int write_key(const char *path, EVP_PKEY *key, struct moxd_err *err)
{
    FILE *f = create(path, 0600, err);

    if (f == NULL)
        return -1;
    return finish(f, PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1, path, err);
}

static int write_both(const char *cert_path, X509 *x, const char *key_path, EVP_PKEY *key,
                      struct moxd_err *err)
{
    if (write_key(key_path, key, err) != 0)
        return -1;
    FILE *f = create(cert_path, 0644, err);
    if (f == NULL)
        return -1;
    return finish(f, PEM_write_X509(f, x) == 1, cert_path, err);
}

int moxd_tls_selfsigned(const char *cert_path, const char *key_path, const char *const *names,
                        struct moxd_err *err)
{
    ERR_clear_error();
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = key != NULL && names[0] != NULL ? core_tls_certificate(key, names) : NULL;
    int r;

    if (x != NULL)
        r = write_both(cert_path, x, key_path, key, err);
    else
        r = core_tls_err(err, MOXD_ERR_INVALID, "self-signed certificate");
    X509_free(x);
    EVP_PKEY_free(key);
    return r;
}

int moxd_tls_ed25519_key(const char *path, unsigned char public[32], struct moxd_err *err)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    size_t n = 32;
    int r = key && EVP_PKEY_get_raw_public_key(key, public, &n) == 1
                ? write_key(path, key, err)
                : core_tls_err(err, MOXD_ERR_INVALID, "private key");

    EVP_PKEY_free(key);
    return r;
}
