#include "auth_cache.h"

#include <moxd/clock.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
/* The hash function of uthash falls through without saying so in a way that clang reads. */
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"
#include <uthash.h>

struct auth_cache_entry {
    unsigned char digest[AUTH_CACHE_KEY_LEN];
    int64_t expires; /* monotonic */
    char *account;
    UT_hash_handle hh;
};

static void entry_remove(struct auth_cache *c, struct auth_cache_entry *e)
{
    HASH_DEL(c->entries, e);
    free(e->account);
    moxd_wipe(e->digest, sizeof(e->digest));
    free(e);
}

void auth_cache_init(struct auth_cache *c)
{
    c->entries = NULL;
    moxd_random(c->key, sizeof(c->key));
}

void auth_cache_fini(struct auth_cache *c)
{
    struct auth_cache_entry *e, *next;

    HASH_ITER (hh, c->entries, e, next)
        entry_remove(c, e);
    moxd_wipe(c->key, sizeof(c->key));
}

/* HMAC-SHA256(key, account NUL password): the NUL cannot be part of an account's name. */
static void digest_of(const struct auth_cache *c, const char *account, struct moxd_str password,
                      unsigned char out[AUTH_CACHE_KEY_LEN])
{
    size_t head = strlen(account) + 1, n = head + password.n;
    unsigned char *all = moxd_xmalloc(n);
    unsigned int len = AUTH_CACHE_KEY_LEN;

    memcpy(all, account, head);
    if (password.n > 0)
        memcpy(all + head, password.p, password.n);
    if (!HMAC(EVP_sha256(), c->key, sizeof(c->key), all, n, out, &len))
        moxd_panic("HMAC failed");
    moxd_wipe(all, n);
    free(all);
}

static struct auth_cache_entry *find(struct auth_cache *c, const unsigned char *digest)
{
    struct auth_cache_entry *e;

    HASH_FIND(hh, c->entries, digest, AUTH_CACHE_KEY_LEN, e);
    return e;
}

void auth_cache_add(struct auth_cache *c, const char *account, struct moxd_str password, int64_t ns)
{
    unsigned char digest[AUTH_CACHE_KEY_LEN];

    if (ns <= 0)
        return;
    digest_of(c, account, password, digest);
    struct auth_cache_entry *e = find(c, digest);
    if (e)
        entry_remove(c, e);
    if (HASH_COUNT(c->entries) >= AUTH_CACHE_MAX)
        entry_remove(c, c->entries);
    e = moxd_xcalloc(1, sizeof(*e));
    memcpy(e->digest, digest, sizeof(e->digest));
    e->expires = moxd_deadline(ns);
    e->account = moxd_xstrdup(account);
    HASH_ADD(hh, c->entries, digest, AUTH_CACHE_KEY_LEN, e);
}

bool auth_cache_has(struct auth_cache *c, const char *account, struct moxd_str password)
{
    unsigned char digest[AUTH_CACHE_KEY_LEN];

    digest_of(c, account, password, digest);
    struct auth_cache_entry *e = find(c, digest);
    if (e && e->expires <= moxd_mono()) {
        entry_remove(c, e);
        e = NULL;
    }
    return e != NULL;
}

void auth_cache_forget(struct auth_cache *c, const char *account)
{
    struct auth_cache_entry *e, *next;

    HASH_ITER (hh, c->entries, e, next) {
        if (strcmp(e->account, account) == 0)
            entry_remove(c, e);
    }
}
