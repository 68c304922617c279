/* The record of derived secrets in an account's table. */
#include "auth_secrets.h"

#include <moxd/enc.h>

enum { RECORD_VERSION = 1 };
enum tag { TAG_CRYPT = 1, TAG_SCRAM_SHA1 = 2, TAG_SCRAM_SHA256 = 3, TAG_CRAM = 4 };
enum { CRAM_LEN = 2 * AUTH_MD5_LEN };

size_t auth_scram_len(enum auth_scram_hash hash)
{
    return hash == AUTH_SHA1 ? 20 : 32;
}

static void add_item(struct moxd_buf *b, enum tag tag, const void *p, size_t n)
{
    const unsigned char head[] = { (unsigned char)tag, (unsigned char)(n >> 8), (unsigned char)n };

    moxd_buf_add(b, head, sizeof(head));
    moxd_buf_add(b, p, n);
}

static size_t scram_item_len(enum auth_scram_hash hash)
{
    return 4 + AUTH_SALT_LEN + 2 * auth_scram_len(hash);
}

static void add_scram(struct moxd_buf *b, enum auth_scram_hash hash, const struct auth_scram *s)
{
    unsigned char item[4 + AUTH_SALT_LEN + 2 * AUTH_KEY_MAX];
    size_t n = auth_scram_len(hash);

    moxd_put_be32(item, s->iterations);
    memcpy(item + 4, s->salt, AUTH_SALT_LEN);
    memcpy(item + 4 + AUTH_SALT_LEN, s->stored_key, n);
    memcpy(item + 4 + AUTH_SALT_LEN + n, s->server_key, n);
    add_item(b, hash == AUTH_SHA1 ? TAG_SCRAM_SHA1 : TAG_SCRAM_SHA256, item, scram_item_len(hash));
    moxd_wipe(item, sizeof(item));
}

static void add_cram(struct moxd_buf *b, const struct auth_cram *c)
{
    unsigned char item[CRAM_LEN];

    for (size_t i = 0; i < MOXD_NELEMS(c->inner.h); i++) {
        moxd_put_be32(item + 4 * i, c->inner.h[i]);
        moxd_put_be32(item + AUTH_MD5_LEN + 4 * i, c->outer.h[i]);
    }
    add_item(b, TAG_CRAM, item, sizeof(item));
    moxd_wipe(item, sizeof(item));
}

void auth_secrets_write(const struct auth_secrets *s, struct moxd_buf *out)
{
    moxd_buf_addc(out, RECORD_VERSION);
    if (s->crypt[0])
        add_item(out, TAG_CRYPT, s->crypt, strlen(s->crypt));
    for (int hash = 0; hash < AUTH_SCRAM_HASHES; hash++)
        if (s->scram[hash].iterations)
            add_scram(out, (enum auth_scram_hash)hash, &s->scram[hash]);
    if (s->has_cram)
        add_cram(out, &s->cram);
}

static bool parse_crypt(struct moxd_str item, char out[AUTH_CRYPT_MAX])
{
    return !memchr(item.p, '\0', item.n) && moxd_str_copy(item, out, AUTH_CRYPT_MAX) == 0;
}

static bool parse_scram(struct moxd_str item, enum auth_scram_hash hash, struct auth_scram *out)
{
    size_t n = auth_scram_len(hash);

    if (item.n != scram_item_len(hash))
        return false;
    out->iterations = moxd_get_be32(item.p);
    memcpy(out->salt, item.p + 4, AUTH_SALT_LEN);
    memcpy(out->stored_key, item.p + 4 + AUTH_SALT_LEN, n);
    memcpy(out->server_key, item.p + 4 + AUTH_SALT_LEN + n, n);
    return out->iterations > 0 && out->iterations <= AUTH_ITERATIONS_MAX;
}

static bool parse_cram(struct moxd_str item, struct auth_secrets *out)
{
    if (item.n != CRAM_LEN)
        return false;
    for (size_t i = 0; i < MOXD_NELEMS(out->cram.inner.h); i++) {
        out->cram.inner.h[i] = moxd_get_be32(item.p + 4 * i);
        out->cram.outer.h[i] = moxd_get_be32(item.p + AUTH_MD5_LEN + 4 * i);
    }
    out->has_cram = true;
    return true;
}

static bool parse_item(unsigned char tag, struct moxd_str item, struct auth_secrets *out)
{
    switch (tag) {
    case TAG_CRYPT:
        return item.n > 0 && parse_crypt(item, out->crypt);
    case TAG_SCRAM_SHA1:
        return parse_scram(item, AUTH_SHA1, &out->scram[AUTH_SHA1]);
    case TAG_SCRAM_SHA256:
        return parse_scram(item, AUTH_SHA256, &out->scram[AUTH_SHA256]);
    case TAG_CRAM:
        return parse_cram(item, out);
    }
    return true;
}

static bool parse_items(struct moxd_str rest, struct auth_secrets *out)
{
    while (rest.n > 0) {
        if (rest.n < 3)
            return false;
        const unsigned char *head = (const unsigned char *)rest.p;
        size_t n = (size_t)head[1] << 8 | head[2];
        if (n > rest.n - 3 || !parse_item(head[0], moxd_str_sub(rest, 3, n), out))
            return false;
        rest = moxd_str_from(rest, 3 + n);
    }
    return true;
}

int auth_secrets_parse(struct moxd_str record, struct auth_secrets *out, struct moxd_err *err)
{
    *out = (struct auth_secrets){ 0 };
    if (record.n == 0 || record.p[0] != RECORD_VERSION)
        return moxd_err_set(err, MOXD_ERR_CORRUPT, "stored credentials have an unknown format");
    if (!parse_items(moxd_str_from(record, 1), out)) {
        moxd_wipe(out, sizeof(*out));
        return moxd_err_set(err, MOXD_ERR_CORRUPT, "stored credentials are damaged");
    }
    return 0;
}
