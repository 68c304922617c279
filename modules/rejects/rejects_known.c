/* A message that is sent again and again is kept once (P-ANALYZE-09). In the account's table "rejects": hash of the
 * message -> when it was refused first, ns, big-endian. */
#include "rejects.h"

#include <moxd/enc.h>
#include <moxmail/header.h>
#include <openssl/evp.h>

static const char table[] = "rejects";

static struct moxd_str message_id(const struct smtp_message *msg)
{
    struct moxd_field f;

    return moxd_header_find(msg->header, "Message-ID", &f) ? moxd_str_trim(f.value) : MOXD_STR("");
}

/* Both as they are, and what kind of thing was hashed. */
static int hash(const struct rejects *r, const struct smtp_message *msg, unsigned char *out,
                struct moxd_err *err)
{
    static const size_t max = REJECTS_HASHED_MAX;
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_str what = message_id(msg);

    if (what.n == 0) {
        char *p = moxd_arena_alloc(a, max);
        long n = r->store->draft_read(msg->draft, 0, p, max, err);
        if (n < 0)
            return -1;
        what = moxd_str(p, (size_t)n);
    }
    const char *text = moxd_arena_printf(a, "%llu ", (unsigned long long)msg->size);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    moxd_assert(c && EVP_DigestInit_ex(c, EVP_sha256(), NULL) == 1 &&
                (message_id(msg).n > 0 || EVP_DigestUpdate(c, text, strlen(text)) == 1) &&
                EVP_DigestUpdate(c, what.p, what.n) == 1 && EVP_DigestFinal_ex(c, out, NULL) == 1);
    EVP_MD_CTX_free(c);
    return 0;
}

struct noting {
    const struct store_v1 *store;
    unsigned char key[REJECTS_HASH];
    bool known;
};

static int note(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct noting *n = arg;
    struct moxd_str key = moxd_str((char *)n->key, sizeof(n->key));
    struct moxd_buf old = MOXD_BUF_INIT(64);
    unsigned char now[8];
    int rc = store_tx_find(n->store, tx, table, key, &old, err);

    moxd_buf_fini(&old);
    n->known = rc > 0;
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    moxd_put_be64(now, (uint64_t)moxd_wall());
    return n->store->tx_put(tx, table, key, moxd_str((char *)now, sizeof(now)), err);
}

int rejects_note(const struct rejects *r, struct store_account *acc, const struct smtp_message *msg,
                 struct moxd_err *err)
{
    struct noting n = { .store = r->store };

    if (hash(r, msg, n.key, err) < 0 || r->store->transact(r->store_self, acc, note, &n, err) < 0)
        return -1;
    return n.known;
}

struct forgetting {
    const struct store_v1 *store;
    int64_t before;
    size_t n;
    unsigned char keys[REJECTS_REMOVE_MAX][REJECTS_HASH];
};

static int look(void *arg, struct moxd_str key, struct moxd_str value)
{
    struct forgetting *f = arg;

    if (key.n == REJECTS_HASH && (value.n != 8 || (int64_t)moxd_get_be64(value.p) < f->before))
        memcpy(f->keys[f->n++], key.p, key.n);
    return f->n == REJECTS_REMOVE_MAX;
}

static int forget(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct forgetting *f = arg;

    f->n = 0;
    if (f->store->tx_each(tx, table, MOXD_STR(""), look, f, err) < 0)
        return -1;
    for (size_t i = 0; i < f->n; i++)
        if (f->store->tx_del(tx, table, moxd_str((char *)f->keys[i], REJECTS_HASH), err) < 0)
            return -1;
    return 0;
}

int rejects_forget(const struct rejects *r, struct store_account *acc, int64_t before,
                   struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct forgetting *f = moxd_arena_alloc(a, sizeof(*f));
    int rc;

    f->store = r->store;
    f->before = before;
    do
        rc = r->store->transact(r->store_self, acc, forget, f, err);
    while (rc == 0 && f->n == REJECTS_REMOVE_MAX);
    return rc;
}
