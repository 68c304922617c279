#include "dns/kept.h"

#include "dns/rdata.h"

#include <moxd/clock.h>
#include <moxd/enc.h>
#include <moxd/hash.h>
#include <stdlib.h>
/* The hash function of uthash falls through without saying so in a way that clang reads. */
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"
#include <uthash.h>

enum { RECORD_HEAD = 4, TYPE = 4 };

struct kept {
    UT_hash_handle hh;
    int64_t until;   /* monotonic: as long as it is believed here */
    int64_t expires; /* the same, as its owner says */
    enum moxd_dns_status status;
    bool secure;
    size_t n;         /* records */
    size_t nkey;      /* type and name, at the beginning of p */
    size_t canonical; /* where it is in p, with its end */
    size_t records;   /* each with its length in front */
    char p[];
};
static struct kept *all; /* in the order in which they were asked for last */
static struct moxd_hash_key hash_key;

static struct moxd_str key_of(const char *name, enum moxd_dns_type type, struct moxd_arena *a)
{
    size_t n = strlen(name);
    char *p = moxd_arena_alloc(a, TYPE + n);

    moxd_put_be32(p, (uint32_t)type);
    memcpy(p + TYPE, name, n);
    return moxd_str(p, TYPE + n);
}

/* Names come from peers: without the key of the hash nobody can choose those that collide. */
static unsigned hash(struct moxd_str key)
{
    if (hash_key.k[0] == 0 && hash_key.k[1] == 0)
        moxd_random(&hash_key, sizeof(hash_key));
    return (unsigned)moxd_hash(&hash_key, key);
}

static struct kept *find(struct moxd_str key, unsigned hashed)
{
    struct kept *k = NULL;

    HASH_FIND_BYHASHVALUE(hh, all, key.p, key.n, hashed, k);
    return k;
}

static void drop(struct kept *k)
{
    HASH_DEL(all, k);
    free(k);
}

void core_dns_kept_clear(void)
{
    while (all != NULL)
        drop(all);
}

/* --- taking ------------------------------------------------------------------------------------ */

static void take(const struct kept *k, enum moxd_dns_type type, struct moxd_arena *a,
                 struct moxd_dns_answer *out)
{
    const char *p = k->p + k->records;

    *out = (struct moxd_dns_answer){
        .status = k->status,
        .secure = k->secure,
        .canonical = moxd_arena_strdup(a, k->p + k->canonical),
        .ttl = (uint32_t)((k->expires - moxd_mono() + MOXD_SEC - 1) / MOXD_SEC),
        .rr = k->n > 0 ? moxd_arena_calloc(a, k->n, sizeof(*out->rr)) : NULL,
        .n = k->n,
    };
    for (size_t i = 0; i < k->n; i++) {
        struct moxd_str data = moxd_str(p + RECORD_HEAD, moxd_get_be32(p));
        int rc = core_rdata_decode(type, data, a, &out->rr[i]);
        moxd_assert(rc == 0); /* as it was before */
        p += RECORD_HEAD + data.n;
    }
}

bool core_dns_kept_find(const char *name, enum moxd_dns_type type, struct moxd_arena *a,
                        struct moxd_dns_answer *out)
{
    struct moxd_str key = key_of(name, type, a);
    unsigned hashed = hash(key);
    struct kept *k = find(key, hashed);

    if (k == NULL)
        return false;
    if (k->until <= moxd_mono()) {
        drop(k);
        return false;
    }
    HASH_DEL(all, k); /* and to the end again */
    HASH_ADD_KEYPTR_BYHASHVALUE(hh, all, k->p, k->nkey, hashed, k);
    take(k, type, a, out);
    return true;
}

/* --- keeping ----------------------------------------------------------------------------------- */

static size_t size_of(const struct moxd_dns_answer *answer)
{
    size_t n = 0;

    for (size_t i = 0; i < answer->n; i++)
        n += RECORD_HEAD + answer->rr[i].data.n;
    return n;
}

static bool worth(const struct moxd_dns_answer *answer)
{
    return (answer->status == MOXD_DNS_OK || answer->status == MOXD_DNS_NODATA ||
            answer->status == MOXD_DNS_NXDOMAIN) &&
           answer->ttl > 0 && size_of(answer) <= CORE_DNS_KEPT_BYTES_MAX;
}

static void write_records(char *p, const struct moxd_dns_answer *answer)
{
    for (size_t i = 0; i < answer->n; i++) {
        struct moxd_str data = answer->rr[i].data;
        moxd_put_be32(p, (uint32_t)data.n);
        memcpy(p + RECORD_HEAD, data.p, data.n);
        p += RECORD_HEAD + data.n;
    }
}

static struct kept *make(struct moxd_str key, const struct moxd_dns_answer *answer)
{
    size_t canonical = strlen(answer->canonical) + 1;
    struct kept *k = moxd_xcalloc(1, sizeof(*k) + key.n + canonical + size_of(answer));
    int64_t ttl = answer->ttl * MOXD_SEC;

    k->expires = moxd_mono() + ttl;
    k->until = k->expires - ttl + (ttl < CORE_DNS_KEPT_FOR ? ttl : CORE_DNS_KEPT_FOR);
    k->status = answer->status;
    k->secure = answer->secure;
    k->n = answer->n;
    k->nkey = key.n;
    k->canonical = key.n;
    k->records = key.n + canonical;
    memcpy(k->p, key.p, key.n);
    memcpy(k->p + k->canonical, answer->canonical, canonical);
    write_records(k->p + k->records, answer);
    return k;
}

void core_dns_kept_add(const char *name, enum moxd_dns_type type,
                       const struct moxd_dns_answer *answer)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_str key = key_of(name, type, a);
    unsigned hashed = hash(key);
    struct kept *k = find(key, hashed);

    if (!worth(answer))
        return;
    if (k != NULL)
        drop(k);
    else if (HASH_COUNT(all) >= CORE_DNS_KEPT_MAX)
        drop(all);
    k = make(key, answer);
    HASH_ADD_KEYPTR_BYHASHVALUE(hh, all, k->p, k->nkey, hashed, k);
}
