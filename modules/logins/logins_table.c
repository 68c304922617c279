/* Records in the store. `logins`: key -> record. `logins.time`: when it was last seen, big-endian, and
 * the key -> "f" if it failed, which leads from the oldest to the newest. `logins.meta`: how many failed. */
#include "logins.h"

#include <moxd/enc.h>

static const char records[] = "logins", times[] = "logins.time", meta[] = "logins.meta";

enum { TIME_KEY = 8 + LOGINS_KEY };

static struct moxd_str bytes(const unsigned char *p, size_t n)
{
    return moxd_str((const char *)p, n);
}

static struct moxd_str time_key(const struct logins_attempt *at,
                                const unsigned char key[LOGINS_KEY], unsigned char out[TIME_KEY])
{
    moxd_put_be64(out, (uint64_t)at->last);
    memcpy(out + 8, key, LOGINS_KEY);
    return bytes(out, TIME_KEY);
}

/* --- how many failed --------------------------------------------------------------------------------- */

static int get_failed(const struct logins *l, struct store_tx *tx, uint64_t *n,
                      struct moxd_err *err)
{
    struct moxd_buf text = MOXD_BUF_INIT(100);
    int rc = store_tx_find(l->store, tx, meta, MOXD_STR("failed"), &text, err);

    *n = 0;
    if (rc > 0 && moxd_str_u64(moxd_buf_str(&text), UINT64_MAX / 2, n) < 0)
        rc = moxd_err_set(err, MOXD_ERR_CORRUPT, "number of failed logins");
    moxd_buf_fini(&text);
    return rc < 0 ? -1 : 0;
}

static int add_failed(const struct logins *l, struct store_tx *tx, int64_t more,
                      struct moxd_err *err)
{
    char text[24];
    uint64_t n;

    if (more == 0)
        return 0;
    if (get_failed(l, tx, &n, err) < 0)
        return -1;
    n = more < 0 && n < (uint64_t)-more ? 0 : n + (uint64_t)more;
    snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
    return l->store->tx_put(tx, meta, MOXD_STR("failed"), moxd_cstr(text), err);
}

/* --- one record -------------------------------------------------------------------------------------- */

/* 1 when there is one, 0, -1. */
static int get(const struct logins *l, struct store_tx *tx, const unsigned char key[LOGINS_KEY],
               struct moxd_arena *a, struct logins_attempt *at, struct moxd_err *err)
{
    struct moxd_buf value = MOXD_BUF_INIT(LOGINS_VALUE_MAX);
    int rc = store_tx_find(l->store, tx, records, bytes(key, LOGINS_KEY), &value, err);

    if (rc > 0 && logins_parse(moxd_buf_str(&value), a, at, err) < 0)
        rc = -1;
    moxd_buf_fini(&value);
    return rc;
}

static int drop(const struct logins *l, struct store_tx *tx, const unsigned char key[LOGINS_KEY],
                const struct logins_attempt *at, struct moxd_err *err)
{
    unsigned char when[TIME_KEY];

    if (l->store->tx_del(tx, times, time_key(at, key, when), err) < 0 ||
        l->store->tx_del(tx, records, bytes(key, LOGINS_KEY), err) < 0)
        return -1;
    return add_failed(l, tx, logins_failed(at) ? -1 : 0, err);
}

static int save(const struct logins *l, struct store_tx *tx, const unsigned char key[LOGINS_KEY],
                const struct logins_attempt *at, struct moxd_err *err)
{
    struct moxd_buf value = MOXD_BUF_INIT(LOGINS_VALUE_MAX);
    struct moxd_str failed = logins_failed(at) ? MOXD_STR("f") : MOXD_STR("");
    unsigned char when[TIME_KEY];

    logins_write(at, &value);
    int rc = value.overflow
                 ? moxd_err_set(err, MOXD_ERR_LIMIT, "the record of a login is too long")
                 : l->store->tx_put(tx, records, bytes(key, LOGINS_KEY), moxd_buf_str(&value), err);
    moxd_buf_fini(&value);
    if (rc < 0 || l->store->tx_put(tx, times, time_key(at, key, when), failed, err) < 0)
        return -1;
    return add_failed(l, tx, logins_failed(at), err);
}

/* The client has said its name after it logged in: it was counted without one. */
static int uncount(const struct logins *l, struct store_tx *tx, struct logins_attempt named,
                   struct moxd_arena *a, struct moxd_err *err)
{
    unsigned char key[LOGINS_KEY];
    struct logins_attempt old;

    named.field[LOGINS_CLIENT] = "";
    logins_key(&named, key);
    int rc = get(l, tx, key, a, &old, err);
    if (rc <= 0 || drop(l, tx, key, &old, err) < 0)
        return rc == 0 ? 0 : -1;
    if (old.count <= named.unnamed)
        return 0;
    old.count -= named.unnamed;
    return save(l, tx, key, &old, err);
}

static int put(const struct logins *l, struct store_tx *tx, const struct logins_attempt *at,
               struct moxd_arena *a, struct moxd_err *err)
{
    unsigned char key[LOGINS_KEY];
    struct logins_attempt sum = *at, old;

    logins_key(at, key);
    int rc = get(l, tx, key, a, &old, err);
    if (rc > 0) {
        sum.first = old.first;
        sum.last = old.last > at->last ? old.last : at->last;
        sum.count += old.count;
        rc = drop(l, tx, key, &old, err);
    }
    if (rc < 0 || save(l, tx, key, &sum, err) < 0)
        return -1;
    return at->unnamed > 0 ? uncount(l, tx, *at, a, err) : 0;
}

int logins_put(const struct logins *l, struct store_tx *tx, const struct logins_attempt *at,
               struct moxd_err *err)
{
    struct moxd_arena *a = moxd_arena_new(0);
    int rc = put(l, tx, at, a, err);

    moxd_arena_free(a);
    return rc;
}

/* --- too old, too many --------------------------------------------------------------------------------- */

struct pruning {
    uint64_t before; /* s since 1970 */
    uint64_t excess; /* of those that failed */
    unsigned char keys[LOGINS_PRUNE_MAX][LOGINS_KEY];
    size_t n;
};

/* Stops when nothing that comes later can go. */
static int choose(void *arg, struct moxd_str key, struct moxd_str value)
{
    struct pruning *p = arg;
    bool old, failed = value.n > 0;

    if (key.n != TIME_KEY)
        return 0;
    old = moxd_get_be64(key.p) < p->before;
    if ((!old && p->excess == 0) || p->n == LOGINS_PRUNE_MAX)
        return 1;
    if (!old && !failed)
        return 0;
    memcpy(p->keys[p->n++], key.p + 8, LOGINS_KEY);
    p->excess -= failed && p->excess > 0;
    return 0;
}

static int prune(const struct logins *l, struct store_tx *tx, struct pruning *p,
                 struct moxd_arena *a, struct moxd_err *err)
{
    struct logins_attempt at;

    if (l->store->tx_each(tx, times, MOXD_STR(""), choose, p, err) < 0)
        return -1;
    for (size_t i = 0; i < p->n; i++) {
        int rc = get(l, tx, p->keys[i], a, &at, err);
        if (rc < 0 || (rc > 0 && drop(l, tx, p->keys[i], &at, err) < 0))
            return -1;
    }
    return 0;
}

int logins_prune(const struct logins *l, struct store_tx *tx, struct moxd_err *err)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct pruning *p = moxd_arena_alloc(a, sizeof(*p));
    int64_t before = (moxd_wall() - l->conf->keep) / MOXD_SEC;
    uint64_t failed;
    int rc = get_failed(l, tx, &failed, err);

    p->before = before > 0 ? (uint64_t)before : 0;
    p->excess = failed > (uint64_t)l->conf->max_failed ? failed - (uint64_t)l->conf->max_failed : 0;
    if (rc == 0)
        rc = prune(l, tx, p, a, err);
    moxd_arena_free(a);
    return rc;
}

/* --- all ------------------------------------------------------------------------------------------------ */

struct listing {
    struct moxd_arena *a;
    struct logins_attempt *v;
    size_t n, cap;
    struct moxd_err *err;
};

static int on_record(void *arg, struct moxd_str key, struct moxd_str value)
{
    struct listing *o = arg;
    struct logins_attempt *at = moxd_arena_push(o->a, &o->v, &o->n, &o->cap, sizeof(*at));

    (void)key;
    return logins_parse(value, o->a, at, o->err);
}

static int latest_first(const void *a, const void *b)
{
    const struct logins_attempt *x = a, *y = b;

    return (x->last < y->last) - (x->last > y->last);
}

int logins_each(const struct logins *l, struct store_tx *tx, struct moxd_arena *a,
                struct logins_attempt **out, size_t *n, struct moxd_err *err)
{
    struct listing o = { .a = a, .err = err };

    if (l->store->tx_each(tx, records, MOXD_STR(""), on_record, &o, err) < 0)
        return -1;
    if (o.n > 0)
        qsort(o.v, o.n, sizeof(*o.v), latest_first);
    *out = o.v;
    *n = o.n;
    return 0;
}
