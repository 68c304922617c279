/* The signatures of a message: parsed, all keys looked up at once, then one job that reads the body once
 * and verifies. */
#include "dkim.h"

#include <moxd/offload.h>

static void settle(struct dkim_item *item, struct moxd_dkim_verdict verdict)
{
    item->verdict = verdict;
    item->done = true;
}

/* The topmost signatures: the last that signed come first. */
static void collect(struct dkim_check *c, size_t max)
{
    c->items = moxd_arena_calloc(c->a, max, sizeof(*c->items));
    for (size_t i = 0; i < c->header.n; i++) {
        const struct moxd_field *f = &c->header.v[i];
        struct moxd_dkim_verdict why;

        if (!moxd_str_caseeqs(f->name, "DKIM-Signature"))
            continue;
        if (c->n == max) {
            c->left_out++;
            continue;
        }
        struct dkim_item *item = &c->items[c->n++];
        if (moxd_dkim_sig_parse(f, c->a, &item->sig, &why) < 0 ||
            moxd_dkim_sig_check(&item->sig, c->now, c->weak, &why) < 0)
            settle(item, why);
    }
}

/* --- keys ------------------------------------------------------------------------------------------ */

struct lookup {
    struct dkim_check *c;
    struct dkim_item *item;
    struct moxd_fid fiber;
};

static void lookup(void *arg)
{
    const struct lookup *l = arg;
    struct dkim_item *item = l->item;
    struct moxd_dkim_verdict why;

    dkim_lookup(item->sig.selector, item->sig.domain, l->c->a, &item->record);
    if (item->record.why.reason)
        settle(item, item->record.why);
    else if (moxd_dkim_key_check_for(&item->record.key, &item->sig,
                                     l->c->service ? l->c->service : "email", &why) < 0)
        settle(item, why);
}

static int join(const struct lookup *v, size_t n)
{
    int rc = MOXD_OK;

    for (size_t i = 0; i < n && rc == MOXD_OK; i++)
        rc = moxd_fiber_join(v[i].fiber, MOXD_NEVER);
    return rc;
}

/* The fibers use what is ours: when we are cancelled they are too, and waited for. */
static int lookup_all(struct dkim_check *c)
{
    struct lookup v[DKIM_SIGNATURES_MAX];
    size_t n = 0;

    for (size_t i = 0; i < c->n; i++) {
        if (c->items[i].done)
            continue;
        v[n] = (struct lookup){ .c = c, .item = &c->items[i] };
        v[n].fiber = moxd_fiber_spawn("dkim-key", lookup, &v[n]);
        n++;
    }
    int rc = join(v, n);
    if (rc == MOXD_OK)
        return 0;
    for (size_t i = 0; i < n; i++)
        (void)moxd_fiber_cancel(v[i].fiber);
    moxd_fiber_shield();
    (void)join(v, n);
    moxd_fiber_unshield();
    return -1;
}

/* --- hashes ---------------------------------------------------------------------------------------- */

static int hash_body(struct dkim_check *c, struct moxd_dkim_bodies *bs)
{
    char *p = moxd_xmalloc(DKIM_READ);
    uint64_t off = c->body_start;
    long n;

    while ((n = c->read(c->arg, off, p, DKIM_READ)) > 0 && !moxd_offload_abandoned()) {
        moxd_dkim_bodies_write(bs, p, (size_t)n);
        off += (uint64_t)n;
    }
    moxd_dkim_bodies_end(bs);
    free(p);
    return n == 0 ? 0 : -1;
}

static bool want_bodies(struct dkim_check *c, struct moxd_dkim_bodies *bs)
{
    bool any = false;

    for (size_t i = 0; i < c->n; i++) {
        struct dkim_item *item = &c->items[i];
        const struct moxd_dkim_sig *sig = &item->sig;
        if (item->done)
            continue;
        item->body = moxd_dkim_bodies_want(bs, sig->alg, sig->body_relaxed,
                                           sig->has_length ? sig->length : UINT64_MAX);
        moxd_assert(item->body >= 0); /* DKIM_SIGNATURES_MAX is not above MOXD_DKIM_BODIES_MAX */
        any = true;
    }
    return any;
}

/* On a worker. */
static struct moxd_dkim_verdict verify_one(const struct dkim_check *c, struct dkim_item *item,
                                           const struct moxd_dkim_bodies *bs)
{
    struct moxd_dkim_key *key = &item->record.key;

    if (!key->ready)
        key->ready = moxd_dkim_public_new(key);
    return moxd_dkim_verify(&c->header, &item->sig, key, bs, item->body, c->weak);
}

static void verify(void *arg)
{
    struct dkim_check *c = arg;
    struct moxd_dkim_bodies *bs = moxd_dkim_bodies_new();
    bool read = want_bodies(c, bs) && hash_body(c, bs) == 0;

    for (size_t i = 0; i < c->n; i++) {
        struct dkim_item *item = &c->items[i];
        if (item->done)
            continue;
        settle(item,
               read ? verify_one(c, item, bs)
                    : (struct moxd_dkim_verdict){ MOXD_DKIM_TEMPERROR, "message cannot be read" });
    }
    moxd_dkim_bodies_free(bs);
}

static bool all_done(const struct dkim_check *c)
{
    for (size_t i = 0; i < c->n; i++)
        if (!c->items[i].done)
            return false;
    return true;
}

static void find_keys(struct dkim_check *c)
{
    for (size_t i = 0; c->cache && i < c->n; i++)
        if (!c->items[i].done)
            c->items[i].record.key.ready = dkim_ready_find(c->cache, &c->items[i].record.key);
}

/* Only those of senders who could sign: others cannot push them out. */
static void keep_keys(struct dkim_check *c)
{
    for (size_t i = 0; i < c->n; i++) {
        struct dkim_item *item = &c->items[i];
        if (c->cache && item->record.key.ready && item->verdict.result == MOXD_DKIM_PASS)
            dkim_ready_keep(c->cache, &item->record.key);
        moxd_dkim_public_unref(item->record.key.ready);
        item->record.key.ready = NULL;
    }
}

int dkim_check_run(struct dkim_check *c, size_t max)
{
    moxd_assert(max <= DKIM_SIGNATURES_MAX);
    moxd_dkim_header_index(c->raw_header, c->a, &c->header);
    collect(c, max);
    if (all_done(c))
        return 0;
    if (lookup_all(c) < 0)
        return -1;
    if (all_done(c))
        return 0;
    find_keys(c);
    int rc = moxd_offload(MOXD_LANE_CPU, verify, c);
    keep_keys(c);
    return rc == MOXD_OK ? 0 : -1;
}
