/* queue.sent: account NUL hour -> recipients, and how many of them were new, in that hour.
 * queue.known: account NUL address -> nothing: it was written to before. */
#include "queue_limit.h"

#include <moxd/enc.h>

enum { HOURS = 24, KEY_MAX = 512 };
#define HOUR (INT64_C(3600) * MOXD_SEC)

struct queue_limits queue_limits_of(struct queue *q, const char *account)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct queue_limits limits = { 0, 0 };
    struct accounts_account found;

    if (!account || q->accounts->get(q->accounts_self, account, a, &found, NULL) < 0)
        return limits;
    const struct queue_account_conf *conf = moxd_conf_ext(found.conf, "queue");
    if (conf)
        limits =
            (struct queue_limits){ (uint64_t)conf->max_outgoing, (uint64_t)conf->max_first_time };
    return limits;
}

static struct moxd_str key_of(char out[KEY_MAX], const char *account, struct moxd_str rest)
{
    size_t n = strlen(account);

    if (n + 1 + rest.n > KEY_MAX)
        rest.n = KEY_MAX - n - 1;
    memcpy(out, account, n + 1);
    memcpy(out + n + 1, rest.p, rest.n);
    return moxd_str(out, n + 1 + rest.n);
}

struct counting {
    uint64_t sent, first_time;      /* in the last 24 hours */
    uint64_t hour_sent, hour_first; /* in this hour */
    uint64_t hour;
};

static int add_hour(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct counting *c = arg;

    if (key.n < 8 || val.n != 8)
        return 0;
    uint32_t sent = moxd_get_be32(val.p), first = moxd_get_be32(val.p + 4);
    c->sent += sent;
    c->first_time += first;
    if (moxd_get_be64(key.p + key.n - 8) == c->hour) {
        c->hour_sent = sent;
        c->hour_first = first;
    }
    return 0;
}

static int read_counts(const struct store_v1 *store, struct store_tx *tx, const char *account,
                       struct counting *c, struct moxd_err *err)
{
    char prefix[KEY_MAX], from[KEY_MAX];
    struct queue_key hour = queue_key(c->hour >= HOURS ? c->hour - HOURS + 1 : 0);

    return store->tx_from(tx, "queue.sent", key_of(prefix, account, MOXD_STR("")),
                          key_of(from, account, queue_key_str(&hour)), add_hour, c, err) < 0
               ? -1
               : 0;
}

static struct moxd_str known_key(char out[KEY_MAX], const char *account, const char *address)
{
    struct moxd_str key = key_of(out, account, moxd_cstr(address));

    for (size_t i = strlen(account) + 1; i < key.n; i++)
        out[i] = moxd_lower(out[i]);
    return key;
}

/* How many were not written to before; now they were. */
static int count_new(const struct store_v1 *store, struct store_tx *tx, const char *account,
                     const struct queue_item *items, size_t n, uint64_t *out, struct moxd_err *err)
{
    struct moxd_buf b = MOXD_BUF_INIT(16);
    char buf[KEY_MAX];
    int rc = 0;

    *out = 0;
    for (size_t i = 0; i < n && rc >= 0; i++) {
        struct moxd_str key = known_key(buf, account, items[i].to);
        moxd_buf_reset(&b);
        rc = store_tx_find(store, tx, "queue.known", key, &b, err);
        if (rc == 0) {
            ++*out;
            rc = store->tx_put(tx, "queue.known", key, MOXD_STR(""), err);
        }
    }
    moxd_buf_fini(&b);
    return rc < 0 ? -1 : 0;
}

static int check(const struct queue_limits *limits, const struct counting *c, size_t n,
                 uint64_t new_ones, struct moxd_err *err)
{
    if (limits->messages > 0 && c->sent + n > limits->messages)
        return moxd_err_smtp_set(err, MOXD_ERR_LIMIT, 451, "4.7.28",
                                 "too many recipients in 24 hours, at most %llu "
                                 "(max-outgoing-messages-per-day)",
                                 (unsigned long long)limits->messages);
    if (limits->first_time > 0 && c->first_time + new_ones > limits->first_time && new_ones > 0)
        return moxd_err_smtp_set(err, MOXD_ERR_LIMIT, 451, "4.7.28",
                                 "too many new recipients in 24 hours, at most %llu "
                                 "(max-first-time-recipients-per-day)",
                                 (unsigned long long)limits->first_time);
    return 0;
}

int queue_limit_count(const struct store_v1 *store, struct store_tx *tx, const char *account,
                      const struct queue_limits *limits, const struct queue_item *items, size_t n,
                      struct moxd_err *err)
{
    struct counting c = { .hour = (uint64_t)(moxd_wall() / HOUR) };
    struct queue_key hour = queue_key(c.hour);
    char key[KEY_MAX], val[8];
    uint64_t new_ones;

    if (read_counts(store, tx, account, &c, err) < 0 ||
        count_new(store, tx, account, items, n, &new_ones, err) < 0 ||
        check(limits, &c, n, new_ones, err) < 0)
        return -1;
    moxd_put_be32(val, (uint32_t)(c.hour_sent + n));
    moxd_put_be32(val + 4, (uint32_t)(c.hour_first + new_ones));
    return store->tx_put(tx, "queue.sent", key_of(key, account, queue_key_str(&hour)),
                         moxd_str(val, sizeof(val)), err);
}
