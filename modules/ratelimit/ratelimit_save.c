/* What networks brought to accounts, in the accounts' databases: it goes with the account, and is known after
 * a restart. Written in the background, many changes at once. */
#include "ratelimit.h"

#include <stdlib.h>

static const char table[] = "ratelimit.mail";
#define DELAY (5 * MOXD_SEC)          /* how long changes are collected */
#define PRUNE_EVERY (3600 * MOXD_SEC) /* of the accounts that have changes then */

static struct moxd_str key_of(const struct moxd_network *net)
{
    return moxd_str((const char *)net, sizeof(*net));
}

/* --- reading ------------------------------------------------------------------------------------------- */

struct loading {
    const struct store_v1 *store;
    struct moxd_network net[RATELIMIT_WIDTHS];
    struct ratelimit_mail mail[RATELIMIT_WIDTHS];
};

static int load_run(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct loading *l = arg;
    struct moxd_buf b = MOXD_BUF_INIT(RATELIMIT_RECORD);
    int rc = 0;

    for (size_t w = 0; rc >= 0 && w < RATELIMIT_WIDTHS; w++) {
        moxd_buf_reset(&b);
        rc = store_tx_find(l->store, tx, table, key_of(&l->net[w]), &b, err);
        /* one that cannot be read is not worth a refusal: it is counted anew */
        if (rc <= 0 || ratelimit_mail_parse(moxd_buf_str(&b), &l->mail[w]) < 0)
            l->mail[w] = (struct ratelimit_mail){ 0 };
    }
    moxd_buf_fini(&b);
    return rc < 0 ? -1 : 0;
}

static bool is_known(const struct ratelimit *r, const char *account, const struct loading *l)
{
    for (size_t w = 0; w < RATELIMIT_WIDTHS; w++)
        if (!ratelimit_book_find(r->book, account, &l->net[w]))
            return false;
    return true;
}

static void enter(struct ratelimit *r, const char *account, const struct loading *l)
{
    for (size_t w = 0; w < RATELIMIT_WIDTHS; w++) {
        struct ratelimit_page *page = ratelimit_book_find(r->book, account, &l->net[w]);

        if (page)
            continue; /* another session was faster */
        page = ratelimit_book_add(r->book, account, &l->net[w]);
        if (page)
            page->mail = l->mail[w];
    }
}

int ratelimit_load(struct ratelimit *r, const char *account, const struct moxd_network *ip,
                   struct moxd_err *err)
{
    struct loading l = { .store = r->store };
    struct store_account *acc;

    for (size_t w = 0; w < RATELIMIT_WIDTHS; w++)
        l.net[w] = ratelimit_net_of(ip, w);
    if (is_known(r, account, &l))
        return 0;
    if (r->store->open(r->store_self, account, &acc, err) < 0)
        return -1;
    int rc = r->store->view(r->store_self, acc, load_run, &l, err);
    r->store->close(acc);
    if (rc == 0)
        enter(r, account, &l);
    return rc;
}

/* --- writing ------------------------------------------------------------------------------------------- */

/* The changed pages of one account. */
struct saving {
    const struct store_v1 *store;
    const char *account;
    struct record {
        struct ratelimit_page *page; /* not for the worker */
        struct moxd_network net;
        struct ratelimit_mail mail;
    } * v;
    size_t n, cap;
    int64_t now; /* != 0: old records are removed */
};
struct pruning {
    int64_t now;
    struct moxd_network v[RATELIMIT_PRUNE_MAX];
    size_t n;
};

static int choose(void *arg, struct moxd_str key, struct moxd_str value)
{
    struct pruning *p = arg;
    struct ratelimit_mail mail;

    if (key.n == sizeof(p->v[0]) &&
        (ratelimit_mail_parse(value, &mail) < 0 || ratelimit_mail_is_past(&mail, p->now)))
        memcpy(&p->v[p->n++], key.p, key.n);
    return p->n == RATELIMIT_PRUNE_MAX;
}

static int prune(const struct saving *s, struct store_tx *tx, struct moxd_err *err)
{
    struct pruning *p = moxd_xcalloc(1, sizeof(*p));
    int rc;

    p->now = s->now;
    rc = s->store->tx_each(tx, table, MOXD_STR(""), choose, p, err) < 0 ? -1 : 0;
    for (size_t i = 0; rc == 0 && i < p->n; i++)
        rc = s->store->tx_del(tx, table, key_of(&p->v[i]), err);
    free(p);
    return rc;
}

static int save_run(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    const struct saving *s = arg;
    unsigned char value[RATELIMIT_RECORD];

    for (size_t i = 0; i < s->n; i++) {
        ratelimit_mail_write(&s->v[i].mail, value);
        if (s->store->tx_put(tx, table, key_of(&s->v[i].net),
                             moxd_str((const char *)value, sizeof(value)), err) < 0)
            return -1;
    }
    return s->now ? prune(s, tx, err) : 0;
}

/* An account that was removed meanwhile is not made again. */
static int save(struct ratelimit *r, struct saving *s, struct moxd_err *err)
{
    struct store_account *acc;
    bool there;

    if (r->store->exists(r->store_self, s->account, &there, err) < 0)
        return -1;
    if (!there)
        return 0;
    if (r->store->open(r->store_self, s->account, &acc, err) < 0)
        return -1;
    int rc = r->store->transact(r->store_self, acc, save_run, s, err);
    r->store->close(acc);
    return rc;
}

/* Of the first account that has changed pages all of them; they stay where they are until written. */
static bool collect(void *arg, struct ratelimit_page *page)
{
    struct saving *s = arg;

    if (!page->changed || page->held || (s->account && strcmp(page->account, s->account) != 0))
        return true;
    if (s->n == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 16;
        s->v = moxd_xreallocarray(s->v, s->cap, sizeof(*s->v));
    }
    s->account = page->account;
    s->v[s->n++] = (struct record){ page, page->net, page->mail };
    page->changed = false;
    page->held = true;
    return true;
}

static void release(struct ratelimit *r, const struct saving *s, bool failed)
{
    for (size_t i = 0; i < s->n; i++) {
        s->v[i].page->held = false;
        s->v[i].page->changed |= failed;
    }
    r->changed |= failed;
}

/* false: nothing was left, or it failed. */
static bool flush_account(struct ratelimit *r, int64_t prune_at)
{
    struct saving s = { .store = r->store, .now = prune_at };
    struct moxd_err err = { 0 };

    ratelimit_book_each(r->book, collect, &s);
    bool some = s.n > 0, failed = some && save(r, &s, &err) < 0;
    if (failed)
        moxd_warn(&r->m.log, "what networks sent is not recorded", moxd_kvs("account", s.account),
                  moxd_kve(&err));
    release(r, &s, failed);
    free(s.v);
    return some && !failed;
}

void ratelimit_flush(struct ratelimit *r)
{
    int64_t now = moxd_wall();
    bool prune_now = now - r->pruned >= PRUNE_EVERY;

    moxd_fiber_shield();
    (void)moxd_fifolock_exclusive(&r->writing, MOXD_NEVER);
    if (prune_now)
        r->pruned = now;
    r->changed = false;
    while (flush_account(r, prune_now ? now : 0))
        ;
    moxd_fifolock_release(&r->writing);
    moxd_fiber_unshield();
}

void ratelimit_writer(void *arg)
{
    struct ratelimit *r = arg;

    while (r->changed || moxd_waitq_wait(&r->more, MOXD_NEVER) == MOXD_OK) {
        if (moxd_sleep(DELAY) != MOXD_OK)
            return;
        ratelimit_flush(r);
    }
}
