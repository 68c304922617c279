#include "tls/tls_priv.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <unistd.h>

/* The whole file from offset 0, whatever the descriptor's offset: it is shared with the parent. */
int core_pem_read(int fd, const char *path, struct moxd_buf *out, struct moxd_err *err)
{
    char piece[4096];
    ssize_t k;

    while ((k = pread(fd, piece, sizeof(piece), (off_t)out->n)) > 0) {
        moxd_buf_add(out, piece, (size_t)k);
        if (out->overflow)
            break;
    }
    moxd_wipe(piece, sizeof(piece));
    if (k < 0)
        return moxd_err_sys(err, "reading %s", path);
    if (out->overflow)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "%s: larger than %d bytes", path,
                            CORE_TLS_PEM_MAX);
    return 0;
}

static int load_chain(struct core_cert *c, BIO *bio, const char *path, struct moxd_err *err)
{
    X509 *x;

    c->leaf = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    if (c->leaf == NULL)
        return core_tls_err(err, MOXD_ERR_INVALID, path);
    c->chain = sk_X509_new_null();
    if (c->chain == NULL)
        moxd_panic("out of memory for TLS");
    while ((x = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        if (sk_X509_push(c->chain, x) == 0)
            moxd_panic("out of memory for TLS");
        if (sk_X509_num(c->chain) > CORE_TLS_CHAIN_MAX)
            return moxd_err_set(err, MOXD_ERR_LIMIT, "%s: more than %d certificates", path,
                                CORE_TLS_CHAIN_MAX);
    }
    /* The end of the file is no error, a damaged certificate is. */
    if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        return core_tls_err(err, MOXD_ERR_INVALID, path);
    ERR_clear_error();
    return 0;
}

/* OpenSSL would ask for the password of an encrypted key on the terminal. */
static int no_password(char *buf, int size, int writing, void *arg)
{
    (void)buf, (void)size, (void)writing, (void)arg;
    return -1;
}

static int load_key(struct core_cert *c, BIO *bio, const char *path, struct moxd_err *err)
{
    c->key = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
    return c->key != NULL ? 0 : core_tls_err(err, MOXD_ERR_INVALID, path);
}

typedef int load_fn(struct core_cert *c, BIO *bio, const char *path, struct moxd_err *err);

static int load_file(struct core_cert *c, load_fn *fn, const char *path, int fd,
                     struct moxd_err *err)
{
    struct moxd_buf b = MOXD_BUF_INIT(CORE_TLS_PEM_MAX);
    int r = core_pem_read(fd, path, &b, err);

    if (r == 0) {
        BIO *bio = BIO_new_mem_buf(moxd_buf_cstr(&b), (int)b.n);
        if (bio == NULL)
            moxd_panic("out of memory for TLS");
        ERR_clear_error();
        r = fn(c, bio, path, err);
        BIO_free(bio);
    }
    moxd_buf_wipe(&b);
    return r;
}

int core_cert_load(struct core_cert *c, const char *cert_path, int cert_fd, const char *key_path,
                   int key_fd, struct moxd_err *err)
{
    *c = (struct core_cert){ .name = moxd_xstrdup(cert_path) };
    if (load_file(c, load_chain, cert_path, cert_fd, err) != 0 ||
        load_file(c, load_key, key_path, key_fd, err) != 0)
        goto fail;
    if (X509_check_private_key(c->leaf, c->key) != 1) {
        ERR_clear_error();
        moxd_err_set(err, MOXD_ERR_INVALID, "the key in %s is not that of the certificate in %s",
                     key_path, cert_path);
        goto fail;
    }
    return 0;
fail:
    core_cert_fini(c);
    return -1;
}

void core_cert_fini(struct core_cert *c)
{
    X509_free(c->leaf);
    sk_X509_pop_free(c->chain, X509_free);
    EVP_PKEY_free(c->key);
    free(c->name);
    *c = (struct core_cert){ 0 };
}
