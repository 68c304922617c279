/* Public keys of senders, decoded, by what their records hold: most mail comes from few of them. */
#include "dkim.h"

#include <stdlib.h>
/* The hash function of uthash falls through without saying so in a way that clang reads. */
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"
#include <uthash.h>

struct dkim_ready {
    struct moxd_dkim_public *key;
    UT_hash_handle hh;
    enum moxd_dkim_key_type type;
    size_t n;
    char p[];
};

static struct dkim_ready *find(struct dkim *d, const struct moxd_dkim_key *key)
{
    struct dkim_ready *r = NULL;

    HASH_FIND(hh, d->ready, key->p.p, key->p.n, r);
    return r;
}

static void drop(struct dkim *d, struct dkim_ready *r)
{
    HASH_DEL(d->ready, r);
    moxd_dkim_public_unref(r->key);
    free(r);
}

struct moxd_dkim_public *dkim_ready_find(struct dkim *d, const struct moxd_dkim_key *key)
{
    struct dkim_ready *r = find(d, key);

    if (!r || r->type != key->type)
        return NULL;
    HASH_DEL(d->ready, r); /* and to the end again */
    HASH_ADD_KEYPTR(hh, d->ready, r->p, r->n, r);
    return moxd_dkim_public_ref(r->key);
}

void dkim_ready_keep(struct dkim *d, const struct moxd_dkim_key *key)
{
    if (find(d, key) || key->p.n == 0)
        return;
    if (HASH_COUNT(d->ready) >= DKIM_READY_MAX)
        drop(d, d->ready);
    struct dkim_ready *r = moxd_xcalloc(1, sizeof(*r) + key->p.n);
    r->key = moxd_dkim_public_ref(key->ready);
    r->type = key->type;
    r->n = key->p.n;
    memcpy(r->p, key->p.p, key->p.n);
    HASH_ADD_KEYPTR(hh, d->ready, r->p, r->n, r);
}

void dkim_ready_free(struct dkim *d)
{
    while (d->ready)
        drop(d, d->ready);
}
