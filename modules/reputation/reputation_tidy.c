/* What is too old to say anything goes, and so does the oldest of what is too much. */
#include "reputation.h"

struct tidying {
    const struct store_v1 *store;
    int64_t now;
    unsigned halved;            /* how often the ages were */
    struct reputation_key from; /* the first that is looked at */
    /* of one transaction, which may run again: */
    struct reputation_key next; /* that was not looked at; empty: none */
    size_t looked, kept, nold;
    struct reputation_key *old; /* REPUTATION_TIDY_AT_ONCE */
};

static int64_t age_of(char kind, unsigned halved)
{
    return (kind == REPUTATION_ADDRESS ? REPUTATION_ADDRESS_AGE : REPUTATION_DOMAIN_AGE) >> halved;
}

static int look(void *arg, struct moxd_str key, struct moxd_str value)
{
    struct tidying *t = arg;
    struct reputation_key one = { .n = key.n };
    struct reputation_ring ring;

    if (key.n == 0 || key.n > sizeof(one.bytes))
        return 0;
    memcpy(one.bytes, key.p, key.n);
    if (t->looked == REPUTATION_TIDY_AT_ONCE) {
        t->next = one;
        return 1;
    }
    t->looked++;
    reputation_ring_decode(value, &ring);
    if (ring.n > 0 && ring.v[0].when >= t->now - age_of(key.p[0], t->halved))
        t->kept++;
    else
        t->old[t->nold++] = one;
    return 0;
}

static int op_tidy(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct tidying *t = arg;

    t->looked = t->kept = t->nold = t->next.n = 0;
    if (t->store->tx_from(tx, REPUTATION_TABLE, MOXD_STR(""), moxd_str(t->from.bytes, t->from.n),
                          look, t, err) < 0)
        return -1;
    for (size_t i = 0; i < t->nold; i++)
        if (t->store->tx_del(tx, REPUTATION_TABLE, moxd_str(t->old[i].bytes, t->old[i].n), err) < 0)
            return -1;
    return 0;
}

/* All records once; *kept: how many are left. */
static int pass(const struct reputation *r, struct store_account *acc, struct tidying *t,
                size_t *kept, struct moxd_err *err) MOXD_SUSPENDS;
static int pass(const struct reputation *r, struct store_account *acc, struct tidying *t,
                size_t *kept, struct moxd_err *err)
{
    *kept = t->from.n = 0;
    do {
        if (r->store->transact(r->store_self, acc, op_tidy, t, err) < 0)
            return -1;
        *kept += t->kept;
        t->from = t->next;
    } while (t->next.n > 0);
    return 0;
}

int reputation_tidy(const struct reputation *r, struct store_account *acc, int64_t now, size_t max,
                    struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct tidying *t = moxd_arena_calloc(a, 1, sizeof(*t));

    size_t kept;

    t->store = r->store;
    t->now = now;
    t->old = moxd_arena_calloc(a, REPUTATION_TIDY_AT_ONCE, sizeof(*t->old));
    do
        if (pass(r, acc, t, &kept, err) < 0)
            return -1;
    while (kept > max && ++t->halved <= REPUTATION_TIDY_HALVINGS_MAX);
    return 0;
}

static int tidy_account(const struct reputation *r, const char *account,
                        struct moxd_err *err) MOXD_SUSPENDS;
static int tidy_account(const struct reputation *r, const char *account, struct moxd_err *err)
{
    struct store_account *acc;
    bool exists = false;

    if (r->store->exists(r->store_self, account, &exists, err) < 0)
        return -1;
    if (!exists)
        return 0;
    if (r->store->open(r->store_self, account, &acc, err) < 0)
        return -1;
    int rc = reputation_tidy(r, acc, moxd_wall() / MOXD_SEC, REPUTATION_RECORDS_MAX, err);
    r->store->close(acc);
    return rc;
}

void reputation_tidier(void *arg)
{
    struct reputation *r = arg;

    while (moxd_sleep(REPUTATION_TIDY_EVERY) == MOXD_OK) {
        struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
        const char *const *names = r->accounts->list(r->accounts_self, a);
        for (; *names && !moxd_fiber_cancelled(); names++) {
            struct moxd_err err = { 0 };
            if (tidy_account(r, *names, &err) < 0)
                moxd_warn(&r->m.log, "what is known of senders cannot be tidied",
                          moxd_kvs("account", *names), moxd_kve(&err));
        }
    }
}
