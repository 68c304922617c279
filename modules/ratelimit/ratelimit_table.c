/* Networks that are counted. Those without open connections are kept in the order in which they were last seen,
 * and the oldest gives way to a new one. */
#include "ratelimit.h"

#include <stdlib.h>
#include <sys/queue.h>

/* The hash function of uthash falls through without saying so in a way that clang reads. */
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"
#include <uthash.h>

struct entry {
    struct ratelimit_network n;
    UT_hash_handle hh;
    TAILQ_ENTRY(entry) idle; /* while nothing is open */
};
TAILQ_HEAD(entries, entry);
struct ratelimit_table {
    struct entry *hash;
    struct entries idle; /* the one last seen first */
    size_t max;
};

struct ratelimit_table *ratelimit_table_new(size_t max)
{
    struct ratelimit_table *t = moxd_xcalloc(1, sizeof(*t));

    TAILQ_INIT(&t->idle);
    t->max = max;
    return t;
}

void ratelimit_table_free(struct ratelimit_table *t)
{
    struct entry *e, *tmp;

    if (!t)
        return;
    HASH_ITER (hh, t->hash, e, tmp) {
        HASH_DEL(t->hash, e);
        free(e);
    }
    free(t);
}

struct ratelimit_network *ratelimit_table_find(const struct ratelimit_table *t,
                                               const struct moxd_network *net)
{
    struct entry *e;

    HASH_FIND(hh, t->hash, net, sizeof(*net), e);
    return e ? &e->n : NULL;
}

static void forget(struct ratelimit_table *t, struct entry *e)
{
    moxd_assert(e->n.open == 0);
    TAILQ_REMOVE(&t->idle, e, idle);
    HASH_DEL(t->hash, e);
    free(e);
}

static struct ratelimit_network *seen(struct ratelimit_table *t, struct ratelimit_network *n)
{
    struct entry *e = MOXD_CONTAINER(n, struct entry, n);

    if (n->open == 0) {
        TAILQ_REMOVE(&t->idle, e, idle);
        TAILQ_INSERT_HEAD(&t->idle, e, idle);
    }
    return n;
}

struct ratelimit_network *ratelimit_table_get(struct ratelimit_table *t,
                                              const struct moxd_network *net)
{
    struct ratelimit_network *n = ratelimit_table_find(t, net);
    struct entry *e;

    if (n)
        return seen(t, n);
    if (HASH_COUNT(t->hash) >= t->max) {
        e = TAILQ_LAST(&t->idle, entries);
        if (!e)
            return NULL;
        forget(t, e);
    }
    e = moxd_xcalloc(1, sizeof(*e));
    e->n.net = *net;
    HASH_ADD(hh, t->hash, n.net, sizeof(e->n.net), e);
    TAILQ_INSERT_HEAD(&t->idle, e, idle);
    return &e->n;
}

void ratelimit_table_open(struct ratelimit_table *t, struct ratelimit_network *n)
{
    if (n->open++ == 0)
        TAILQ_REMOVE(&t->idle, MOXD_CONTAINER(n, struct entry, n), idle);
}

void ratelimit_table_close(struct ratelimit_table *t, struct ratelimit_network *n)
{
    moxd_assert(n->open > 0);
    if (--n->open == 0)
        TAILQ_INSERT_HEAD(&t->idle, MOXD_CONTAINER(n, struct entry, n), idle);
}

void ratelimit_table_each(const struct ratelimit_table *t,
                          bool (*fn)(void *arg, const struct ratelimit_network *n), void *arg)
{
    for (const struct entry *e = t->hash; e; e = e->hh.next)
        if (!fn(arg, &e->n))
            return;
}
