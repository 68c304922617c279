/* Who was told what and when (RFC 5230 4.2), in the account's records:
 *
 *   vacation.told   sender        -> time, hash of the answer
 *   vacation.age    time, sender  -> nothing: what is forgotten first */
#include "vacation.h"

#include <moxd/enc.h>
#include <stdio.h>

enum { SENDER_MAX = 400, FORGET_AT_ONCE = 10 };

struct telling {
    const struct store_v1 *store;
    char sender[SENDER_MAX];
    uint64_t answer;
    int64_t now, days;
    bool told;
    struct { /* that are old */
        char key[8 + SENDER_MAX];
        size_t n;
    } old[FORGET_AT_ONCE];
    size_t nold;
};

/* FNV-1a: whether the answer is the same as before is no secret. */
static uint64_t hash(uint64_t h, const char *s)
{
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * UINT64_C(1099511628211);
    return h * UINT64_C(1099511628211);
}

static struct moxd_str age_key(char out[8 + SENDER_MAX], int64_t at, const char *sender)
{
    size_t n = strlen(sender);

    moxd_put_be64(out, (uint64_t)at);
    memcpy(out + 8, sender, n);
    return moxd_str(out, 8 + n);
}

static int collect_old(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct telling *t = arg;

    (void)val;
    if (key.n < 8 || key.n > sizeof(t->old[0].key) || t->nold == FORGET_AT_ONCE ||
        (int64_t)moxd_get_be64(key.p) > t->now - t->days)
        return 1;
    memcpy(t->old[t->nold].key, key.p, key.n);
    t->old[t->nold++].n = key.n;
    return 0;
}

static int forget(struct telling *t, struct store_tx *tx, struct moxd_err *err)
{
    t->nold = 0;
    if (t->store->tx_each(tx, "vacation.age", MOXD_STR(""), collect_old, t, err) < 0)
        return -1;
    for (size_t i = 0; i < t->nold; i++) {
        struct moxd_str key = moxd_str(t->old[i].key, t->old[i].n);
        if (t->store->tx_del(tx, "vacation.age", key, err) < 0 ||
            t->store->tx_del(tx, "vacation.told", moxd_str_from(key, 8), err) < 0)
            return -1;
    }
    return 0;
}

static int remember(struct telling *t, struct store_tx *tx, struct moxd_err *err)
{
    char value[16], age[8 + SENDER_MAX];

    moxd_put_be64(value, (uint64_t)t->now);
    moxd_put_be64(value + 8, t->answer);
    if (t->store->tx_put(tx, "vacation.told", moxd_cstr(t->sender), moxd_str(value, sizeof(value)),
                         err) < 0)
        return -1;
    return t->store->tx_put(tx, "vacation.age", age_key(age, t->now, t->sender), MOXD_STR(""), err);
}

static int op_tell(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct telling *t = arg;
    struct moxd_buf b = MOXD_BUF_INIT(64);
    char age[8 + SENDER_MAX];
    int found = store_tx_find(t->store, tx, "vacation.told", moxd_cstr(t->sender), &b, err);
    bool known = found > 0 && b.n == 16;
    int64_t at = known ? (int64_t)moxd_get_be64(b.p) : 0;
    bool same = known && moxd_get_be64(b.p + 8) == t->answer;

    moxd_buf_fini(&b);
    if (found < 0)
        return -1;
    t->told = same && at > t->now - t->days && at <= t->now;
    if (t->told)
        return 0;
    if (known && t->store->tx_del(tx, "vacation.age", age_key(age, at, t->sender), err) < 0)
        return -1;
    return forget(t, tx, err) < 0 ? -1 : remember(t, tx, err);
}

int vacation_remember(struct vacation *v, const char *account, const struct vacation_answer *an,
                      struct moxd_err *err)
{
    struct telling t = { .store = v->store, .now = moxd_wall(), .days = an->days };
    struct store_account *acc;

    snprintf(t.sender, sizeof(t.sender), "%s", an->to);
    for (char *p = t.sender; *p; p++)
        *p = moxd_lower(*p);
    t.answer = hash(hash(UINT64_C(14695981039346656037), an->subject ? an->subject : ""), an->text);
    if (v->store->open(v->store_self, account, &acc, err) < 0)
        return -1;
    int rc = v->store->transact(v->store_self, acc, op_tell, &t, err);
    v->store->close(acc);
    return rc < 0 ? -1 : !t.told;
}
