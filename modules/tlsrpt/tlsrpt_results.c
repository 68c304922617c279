/* Results of connections, gathered by day, policy domain and type. They wait in memory for two seconds, so that a busy
 * server writes once for many. A record is a report about one policy, as JSON (RFC 8460 4.4). */
#include "tlsrpt.h"

#include <moxd/enc.h>
#include <stdlib.h>

static const char table[] = "tlsrpt.results";
enum { KEY_MAX = 300, REASON_MAX = 200 };
#define DELAY (2 * MOXD_SEC)

struct tlsrpt_pending {
    struct tlsrpt_pending *next;
    char key[KEY_MAX];
    size_t nkey;
    struct moxd_buf report; /* of this connection alone */
};

/* day, domain, NUL, type */
static size_t set_key(char key[KEY_MAX], int64_t day, const char *domain, const char *type)
{
    size_t n = strlen(domain), k = strlen(type);

    if (4 + n + 1 + k > KEY_MAX)
        return 0;
    moxd_put_be32(key, (uint32_t)day);
    memcpy(key + 4, domain, n);
    key[4 + n] = '\0';
    memcpy(key + 5 + n, type, k);
    return 5 + n + k;
}

static void write_policy(struct moxd_buf *b, const struct moxd_tlsrpt_policy *p)
{
    struct moxd_tlsrpt_policy copy = *p;
    const struct moxd_tlsrpt_report r = {
        .organization = "", .contact = "", .id = "", .v = &copy, .n = 1
    };

    moxd_tlsrpt_write(b, &r);
}

void tlsrpt_add(struct tlsrpt *t, const struct tlsrpt_delta *d)
{
    struct moxd_tlsrpt_failure f = d->failure;
    struct moxd_tlsrpt_policy p = d->policy;
    char reason[REASON_MAX];
    struct tlsrpt_pending *n;

    if (t->npending >= TLSRPT_PENDING_MAX) {
        moxd_metric_inc(t->dropped, NULL, NULL);
        return;
    }
    n = moxd_xcalloc(1, sizeof(*n));
    n->nkey = set_key(n->key, moxd_wall() / MOXD_SEC / TLSRPT_DAY, p.domain, p.type);
    moxd_buf_init(&n->report, 60000);
    if (moxd_str_copy(moxd_str_sub(moxd_cstr(f.reason), 0, REASON_MAX - 1), reason, REASON_MAX) ==
        0)
        f.reason = reason;
    p.v = &f;
    p.n = f.count > 0;
    write_policy(&n->report, &p);
    n->next = t->pending;
    t->pending = n;
    t->npending++;
    (void)moxd_waitq_wake(&t->more);
}

/* ---- writing */

static bool same_failure(const struct moxd_tlsrpt_failure *x, const struct moxd_tlsrpt_failure *y)
{
    return strcmp(x->result, y->result) == 0 && strcmp(x->sending_ip, y->sending_ip) == 0 &&
           strcmp(x->mx, y->mx) == 0 && strcmp(x->receiving_ip, y->receiving_ip) == 0 &&
           strcmp(x->reason, y->reason) == 0;
}

static void add_failure(struct moxd_tlsrpt_policy *p, const struct moxd_tlsrpt_failure *f,
                        struct moxd_arena *a)
{
    struct moxd_tlsrpt_failure *v;

    for (size_t i = 0; i < p->n; i++)
        if (same_failure(&p->v[i], f)) {
            p->v[i].count += f->count;
            return;
        }
    if (p->n >= TLSRPT_DETAILS_MAX)
        return;
    v = moxd_arena_calloc(a, p->n + 1, sizeof(*v));
    if (p->n > 0)
        memcpy(v, p->v, p->n * sizeof(*v));
    v[p->n++] = *f;
    p->v = v;
}

static const struct moxd_tlsrpt_policy *parse(struct moxd_str json, struct moxd_arena *a)
{
    struct moxd_tlsrpt_report r;

    return moxd_tlsrpt_parse(json, a, &r, NULL) == 0 && r.n == 1 ? r.v : NULL;
}

/* What was there already, and one more. */
static void merge(struct moxd_str old, struct moxd_str more, struct moxd_buf *out)
{
    struct moxd_arena *a = moxd_arena_new(0);
    const struct moxd_tlsrpt_policy *was = old.n > 0 ? parse(old, a) : NULL, *add = parse(more, a);

    if (was && add) {
        struct moxd_tlsrpt_policy sum = *was;
        sum.successes += add->successes;
        sum.failures += add->failures;
        if (*add->strings)
            sum.strings = add->strings, sum.mx = add->mx; /* the policy that was seen last */
        for (size_t i = 0; i < add->n; i++)
            add_failure(&sum, &add->v[i], a);
        write_policy(out, &sum);
    } else {
        moxd_buf_addstr(out, more);
    }
    moxd_arena_free(a);
}

struct save_job {
    const struct tlsrpt *t;
    const struct tlsrpt_pending *all;
};

static int save_one(const struct tlsrpt *t, struct store_tx *tx, const struct tlsrpt_pending *p,
                    struct moxd_err *err)
{
    struct moxd_buf old = MOXD_BUF_INIT(1 << 16), sum = MOXD_BUF_INIT(60000);
    int rc = store_tx_find(t->store, tx, table, moxd_str(p->key, p->nkey), &old, err);

    if (rc >= 0) {
        merge(moxd_buf_str(&old), moxd_buf_str(&p->report), &sum);
        rc = sum.overflow
                 ? 0
                 : t->store->tx_put(tx, table, moxd_str(p->key, p->nkey), moxd_buf_str(&sum), err);
    }
    moxd_buf_fini(&old);
    moxd_buf_fini(&sum);
    return rc;
}

static int save(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    const struct save_job *job = arg;

    for (const struct tlsrpt_pending *p = job->all; p; p = p->next)
        if (p->nkey > 0 && !p->report.overflow && save_one(job->t, tx, p, err) < 0)
            return -1;
    return 0;
}

void tlsrpt_flush(struct tlsrpt *t)
{
    struct tlsrpt_pending *all, *next;
    struct moxd_err err = { 0 };

    moxd_fiber_shield();
    (void)moxd_fifolock_exclusive(&t->writing, MOXD_NEVER);
    all = t->pending;
    t->pending = NULL;
    t->npending = 0;
    struct save_job job = { t, all };
    if (all && t->store->transact(t->store_self, NULL, save, &job, &err) < 0)
        moxd_warn(&t->m.log, "results of TLS are not recorded", moxd_kve(&err));
    for (; all; all = next) {
        next = all->next;
        moxd_buf_fini(&all->report);
        free(all);
    }
    moxd_fifolock_release(&t->writing);
    moxd_fiber_unshield();
}

void tlsrpt_writer(void *arg)
{
    struct tlsrpt *t = arg;

    while (t->pending || moxd_waitq_wait(&t->more, MOXD_NEVER) == MOXD_OK) {
        if (moxd_sleep(DELAY) != MOXD_OK)
            return;
        tlsrpt_flush(t);
    }
}

/* ---- reading */

struct listing {
    const struct tlsrpt *t;
    struct moxd_arena *a;
    struct tlsrpt_result *v;
    size_t n, cap;
};

static int on_record(void *arg, struct moxd_str key, struct moxd_str value)
{
    struct listing *l = arg;
    const struct moxd_tlsrpt_policy *p = key.n > 4 ? parse(value, l->a) : NULL;

    if (p)
        *(struct tlsrpt_result *)moxd_arena_push(l->a, &l->v, &l->n, &l->cap, sizeof(*l->v)) =
            (struct tlsrpt_result){ .day = moxd_get_be32(key.p), .policy = *p };
    return 0;
}

static int each(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct listing *l = arg;

    l->v = NULL; /* it may run again */
    l->n = l->cap = 0;
    return l->t->store->tx_each(tx, table, MOXD_STR(""), on_record, l, err) < 0 ? -1 : 0;
}

int tlsrpt_results(struct tlsrpt *t, struct moxd_arena *a, struct tlsrpt_result **out, size_t *n,
                   struct moxd_err *err)
{
    struct listing l = { .t = t, .a = a };

    tlsrpt_flush(t);
    int rc = t->store->view(t->store_self, NULL, each, &l, err);
    *out = l.v;
    *n = l.n;
    return rc;
}

struct forget_job {
    const struct tlsrpt *t;
    int64_t day;
    const char *domain;
};

static int forget(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    static const char *const types[] = { "sts", "tlsa", "no-policy-found" };
    const struct forget_job *job = arg;
    char key[KEY_MAX];

    for (size_t i = 0; i < MOXD_NELEMS(types); i++) {
        size_t n = set_key(key, job->day, job->domain, types[i]);
        if (n > 0 && job->t->store->tx_del(tx, table, moxd_str(key, n), err) < 0)
            return -1;
    }
    return 0;
}

int tlsrpt_forget(struct tlsrpt *t, int64_t day, const char *domain, struct moxd_err *err)
{
    struct forget_job job = { t, day, domain };

    return t->store->transact(t->store_self, NULL, forget, &job, err);
}
