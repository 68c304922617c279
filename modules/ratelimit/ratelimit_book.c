/* Pages are kept in the order in which they were made; the oldest that is on disk gives way to a new one. */
#include "ratelimit.h"

#include <stdlib.h>

/* The hash function of uthash falls through without saying so in a way that clang reads. */
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"
#include <uthash.h>

enum {
    ACCOUNT_MAX = 128,
    TRIED_MAX = 100, /* pages looked at for one that can go */
};

struct key {
    struct moxd_network net;
    char account[ACCOUNT_MAX]; /* zeroes behind it */
};
struct entry {
    struct ratelimit_page page;
    struct key key;
    UT_hash_handle hh;
};
struct ratelimit_book {
    struct entry *hash; /* in the order of insertion */
    size_t max;
};

struct ratelimit_book *ratelimit_book_new(size_t max)
{
    struct ratelimit_book *b = moxd_xcalloc(1, sizeof(*b));

    b->max = max;
    return b;
}

static void drop(struct ratelimit_book *b, struct entry *e)
{
    HASH_DEL(b->hash, e);
    free(e);
}

void ratelimit_book_free(struct ratelimit_book *b)
{
    while (b && b->hash)
        drop(b, b->hash);
    free(b);
}

static int make_key(const char *account, const struct moxd_network *net, struct key *out)
{
    memset(out, 0, sizeof(*out));
    out->net = *net;
    return moxd_str_copy(moxd_cstr(account), out->account, sizeof(out->account));
}

struct ratelimit_page *ratelimit_book_find(const struct ratelimit_book *b, const char *account,
                                           const struct moxd_network *net)
{
    struct entry *e = NULL;
    struct key key;

    if (make_key(account, net, &key) == 0)
        HASH_FIND(hh, b->hash, &key, sizeof(key), e);
    return e ? &e->page : NULL;
}

/* One that cannot go comes behind all others, so that it is not in the way again. */
static bool make_room(struct ratelimit_book *b)
{
    for (size_t i = 0; i < TRIED_MAX && b->hash; i++) {
        struct entry *e = b->hash;

        if (!e->page.changed && !e->page.held) {
            drop(b, e);
            return true;
        }
        HASH_DEL(b->hash, e);
        HASH_ADD(hh, b->hash, key, sizeof(e->key), e);
    }
    return false;
}

struct ratelimit_page *ratelimit_book_add(struct ratelimit_book *b, const char *account,
                                          const struct moxd_network *net)
{
    struct entry *e;
    struct key key;

    if (make_key(account, net, &key) < 0 || (HASH_COUNT(b->hash) >= b->max && !make_room(b)))
        return NULL;
    e = moxd_xcalloc(1, sizeof(*e));
    e->key = key;
    e->page = (struct ratelimit_page){ .net = *net, .account = e->key.account };
    HASH_ADD(hh, b->hash, key, sizeof(e->key), e);
    return &e->page;
}

void ratelimit_book_each(const struct ratelimit_book *b,
                         bool (*fn)(void *arg, struct ratelimit_page *page), void *arg)
{
    for (struct entry *e = b->hash; e; e = e->hh.next)
        if (!fn(arg, &e->page))
            return;
}
