/* A cid is shown to the world as one block of AES-256: the id, the number of a transaction, and zeros, which tell on
 * decryption that the text is one of ours. */
#include "listen/cid.h"

#include <errno.h>
#include <fcntl.h>
#include <moxd/clock.h>
#include <moxd/enc.h>
#include <moxd/path.h>
#include <moxd/service.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    KEY_SIZE = 32,
    BLOCK = 16,
    PER_SECOND = 1 << 16, /* more connections do not come in a second */
};

static struct {
    unsigned char key[KEY_SIZE];
    uint64_t last;
} cids;

/* The first one says when the server started, so finely that the ids of the one before, which took some
 * time to come and to go, are smaller. */
static uint64_t first_cid(void)
{
    uint64_t now = (uint64_t)moxd_wall(), sec = MOXD_SEC;

    return now / sec * PER_SECOND + now % sec * PER_SECOND / sec;
}

uint64_t core_cid_next(void)
{
    if (cids.last == 0)
        cids.last = first_cid();
    return ++cids.last;
}

static int read_key(const char *path, struct moxd_err *err)
{
    MOXD_CLEANUP(moxd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    unsigned char text[KEY_SIZE + 1];
    ssize_t n;

    if (fd < 0)
        return errno == ENOENT ? 0 : moxd_err_sys(err, "%s", path);
    n = read(fd, text, sizeof(text));
    if (n < 0)
        return moxd_err_sys(err, "%s", path);
    if (n != KEY_SIZE)
        return moxd_err_set(err, MOXD_ERR_CORRUPT,
                            "%s must have %d bytes: remove it, a new one is made then", path,
                            KEY_SIZE);
    memcpy(cids.key, text, KEY_SIZE);
    moxd_wipe(text, sizeof(text));
    return 1;
}

/* Complete or not there at all, also after a crash. */
static int write_key(const char *path, const char *temporary, struct moxd_err *err)
{
    (void)unlink(temporary);
    MOXD_CLEANUP(moxd_closep)
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return moxd_err_sys(err, "%s", temporary);
    moxd_random(cids.key, KEY_SIZE);
    if (write(fd, cids.key, KEY_SIZE) != KEY_SIZE || fsync(fd) < 0)
        return moxd_err_sys(err, "%s", temporary);
    moxd_closep(&fd);
    return rename(temporary, path) < 0 ? moxd_err_sys(err, "%s", path) : 0;
}

int core_cid_init(const char *data_dir, struct moxd_err *err)
{
    MOXD_CLEANUP(moxd_freep) char *path = moxd_path_dup(data_dir, "receivedid.key");
    MOXD_CLEANUP(moxd_freep) char *temporary = moxd_xasprintf("%s.new", path);
    int rc = read_key(path, err);

    if (rc != 0)
        return rc < 0 ? -1 : 0;
    return write_key(path, temporary, err);
}

void core_cid_fini(void)
{
    moxd_wipe(&cids, sizeof(cids));
}

/* One block; the key schedule costs a microsecond, once per connection or message. */
static void crypt_block(const unsigned char in[BLOCK], unsigned char out[BLOCK], int encrypt)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n;

    if (!ctx || !EVP_CipherInit_ex(ctx, EVP_aes_256_ecb(), NULL, cids.key, NULL, encrypt) ||
        !EVP_CIPHER_CTX_set_padding(ctx, 0) || !EVP_CipherUpdate(ctx, out, &n, in, BLOCK) ||
        n != BLOCK)
        moxd_panic("AES does not work");
    EVP_CIPHER_CTX_free(ctx);
}

uint64_t moxd_cid_new(void)
{
    return core_cid_next();
}

const char *moxd_cid_public(uint64_t cid, char out[32])
{
    return moxd_cid_public_part(cid, 0, out);
}

const char *moxd_cid_public_part(uint64_t cid, uint32_t n, char out[32])
{
    unsigned char plain[BLOCK] = { 0 }, secret[BLOCK];
    struct moxd_buf b = MOXD_BUF_INIT(32 - 1);

    moxd_put_be64(plain, cid);
    moxd_put_be32(plain + 8, n);
    crypt_block(plain, secret, 1);
    moxd_b64url_encode(&b, moxd_str((const char *)secret, sizeof(secret)));
    moxd_assert(!b.overflow && moxd_str_copy(moxd_buf_str(&b), out, 32) == 0);
    moxd_buf_fini(&b);
    return out;
}

int moxd_cid_from_public(const char *id, uint64_t *cid)
{
    uint32_t n;

    return moxd_cid_from_public_part(id, cid, &n);
}

int moxd_cid_from_public_part(const char *id, uint64_t *cid, uint32_t *n)
{
    static const unsigned char zeros[4];
    unsigned char plain[BLOCK];
    struct moxd_buf b = MOXD_BUF_INIT(BLOCK);
    int rc = moxd_b64url_decode(&b, moxd_cstr(id));

    if (rc == 0 && !b.overflow && b.n == BLOCK) {
        crypt_block((const unsigned char *)b.p, plain, 0);
        rc = memcmp(plain + 12, zeros, sizeof(zeros)) == 0 ? 0 : -1;
        *cid = moxd_get_be64(plain);
        *n = moxd_get_be32(plain + 8);
    } else {
        rc = -1;
    }
    moxd_buf_fini(&b);
    return rc;
}
