/* What our side shows of itself as a client: a certificate with its key. */
#include "tls/tls_priv.h"

#include <fcntl.h>
#include <moxd/tls.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>

struct moxd_tls_identity {
    X509 *leaf;
    STACK_OF(X509) * chain; /* without the leaf */
    EVP_PKEY *key;
};

/* OpenSSL would ask for the password of an encrypted key on the terminal. */
static int no_password(char *buf, int size, int writing, void *arg)
{
    (void)buf, (void)size, (void)writing, (void)arg;
    return -1;
}

static int read_key(struct moxd_tls_identity *id, BIO *in, struct moxd_err *err)
{
    id->key = PEM_read_bio_PrivateKey(in, NULL, no_password, NULL);
    return id->key ? 0 : core_tls_err(err, MOXD_ERR_SYNTAX, "no private key that can be read");
}

static int read_certificates(struct moxd_tls_identity *id, BIO *in, struct moxd_err *err)
{
    X509 *x;

    id->chain = sk_X509_new_null();
    if (!id->chain)
        moxd_panic("out of memory for TLS");
    id->leaf = PEM_read_bio_X509(in, NULL, no_password, NULL);
    while (id->leaf && (x = PEM_read_bio_X509(in, NULL, no_password, NULL))) {
        if (sk_X509_push(id->chain, x) == 0)
            moxd_panic("out of memory for TLS");
        if (sk_X509_num(id->chain) > CORE_TLS_CHAIN_MAX)
            return moxd_err_set(err, MOXD_ERR_LIMIT, "more than %d certificates",
                                CORE_TLS_CHAIN_MAX);
    }
    if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        return core_tls_err(err, MOXD_ERR_SYNTAX, "no certificate that can be read");
    ERR_clear_error();
    return 0;
}

/* A key alone gets a certificate that says nothing: who knows the key looks at nothing else. */
static int complete(struct moxd_tls_identity *id, struct moxd_err *err)
{
    static const char *const names[] = { "mail-client", NULL };

    if (!id->leaf)
        id->leaf = core_tls_certificate(id->key, names);
    if (!id->leaf)
        return core_tls_err(err, MOXD_ERR_SYNTAX, "no certificate can be made for the key");
    if (X509_check_private_key(id->leaf, id->key) == 1)
        return 0;
    ERR_clear_error();
    return moxd_err_set(err, MOXD_ERR_SYNTAX,
                        "the private key is not that of the first certificate");
}

struct moxd_tls_identity *moxd_tls_identity_new(struct moxd_str pem, struct moxd_err *err)
{
    struct moxd_tls_identity *id = moxd_xcalloc(1, sizeof(*id));
    BIO *in = BIO_new_mem_buf(pem.n > 0 ? pem.p : "", (int)(pem.n <= CORE_TLS_PEM_MAX ? pem.n : 0));
    int rc;

    if (!in)
        moxd_panic("out of memory for TLS");
    ERR_clear_error();
    rc = read_key(id, in, err);
    if (rc == 0 && BIO_reset(in) == 1)
        rc = read_certificates(id, in, err);
    if (rc == 0)
        rc = complete(id, err);
    BIO_free(in);
    if (rc == 0)
        return id;
    moxd_tls_identity_free(id);
    return NULL;
}

struct moxd_tls_identity *moxd_tls_identity_load(const char *path, struct moxd_err *err)
{
    MOXD_CLEANUP(moxd_closep)
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct moxd_buf pem = MOXD_BUF_INIT(CORE_TLS_PEM_MAX);
    struct moxd_tls_identity *id = NULL;

    if (fd < 0)
        (void)moxd_err_sys(err, "%s", path);
    else if (core_pem_read(fd, path, &pem, err) == 0) {
        id = moxd_tls_identity_new(moxd_buf_str(&pem), err);
        if (!id)
            (void)moxd_err_wrap(err, "%s", path);
    }
    moxd_buf_wipe(&pem);
    return id;
}

void moxd_tls_identity_free(struct moxd_tls_identity *id)
{
    if (!id)
        return;
    X509_free(id->leaf);
    sk_X509_pop_free(id->chain, X509_free);
    EVP_PKEY_free(id->key);
    free(id);
}

bool core_tls_show(SSL *ssl, const struct moxd_tls_identity *id)
{
    return SSL_use_cert_and_key(ssl, id->leaf, id->key, id->chain, 1) == 1;
}
