/* The policy that applies to a domain: from the cache, brought up to date (RFC 8461 5.1). */
#include "mtasts.h"

#include <stdlib.h>

/* One fiber at a time looks at a domain; the others find in the cache what it found. */
struct mtasts_busy {
    struct mtasts_busy *next;
    struct moxd_fifolock lock;
    unsigned users;
    char domain[];
};

static struct mtasts_busy *busy_take(struct mtasts *t, const char *domain)
{
    struct mtasts_busy *b = t->busy;

    while (b && strcmp(b->domain, domain) != 0)
        b = b->next;
    if (!b) {
        b = moxd_xcalloc(1, sizeof(*b) + strlen(domain) + 1);
        memcpy(b->domain, domain, strlen(domain) + 1);
        b->next = t->busy;
        t->busy = b;
    }
    b->users++;
    return b;
}

static void busy_drop(struct mtasts *t, struct mtasts_busy *b)
{
    struct mtasts_busy **at = &t->busy;

    if (--b->users > 0)
        return;
    while (*at != b)
        at = &(*at)->next;
    *at = b->next;
    free(b);
}

static bool may_try(const struct mtasts_record *r, const char *id)
{
    return r->failed + MTASTS_RETRY <= moxd_wall() || strcmp(r->failed_id, id) != 0;
}

static int keep_failure(struct mtasts *t, struct mtasts_record *r, const char *id, const char *why,
                        const struct moxd_err *failure, struct moxd_arena *a, struct moxd_err *err)
{
    bool none = mtasts_valid(r) && r->policy.mode == MOXD_MTASTS_NONE;

    if (failure->kind == MOXD_ERR_CANCELLED)
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    r->failed = moxd_wall();
    r->failed_id = id;
    r->why = why;
    r->what = moxd_arena_strdup(a, failure->priv);
    if (!none) /* RFC 8461 3.3: somebody should look at this */
        moxd_warn(&t->m.log, "MTA-STS policy not fetched", moxd_kvs("domain", r->domain),
                  moxd_kvs("result", why), moxd_kve(failure), moxd_kvb("cached", mtasts_valid(r)));
    return mtasts_save(t, r, err);
}

static int fetch(struct mtasts *t, struct mtasts_record *r, const char *id, struct moxd_arena *a,
                 struct moxd_err *err)
{
    struct moxd_err failure = { 0 };
    const char *why;

    if (mtasts_fetch(t, a, r, &why, &failure) < 0)
        return keep_failure(t, r, id, why, &failure, a, err);
    r->id = id;
    r->used = r->fetched;
    r->failed = 0;
    r->failed_id = r->why = r->what = "";
    moxd_info(&t->m.log, "MTA-STS policy fetched", moxd_kvs("domain", r->domain),
              moxd_kvs("id", id), moxd_kvs("mode", moxd_mtasts_mode_name(r->policy.mode)),
              moxd_kvu("max-age", r->policy.max_age));
    return mtasts_save(t, r, err);
}

/* That it is in use is worth a write once a day. */
static int touch(struct mtasts *t, struct mtasts_record *r, struct moxd_err *err)
{
    if (!r->has_policy || moxd_wall() - r->used < 86400 * MOXD_SEC)
        return 0;
    r->used = moxd_wall();
    return mtasts_save(t, r, err);
}

/* No record: a cached policy goes on (3.3), but one that says that there is none is of no use any more
 * (MTASTS-02). */
static int absent(struct mtasts *t, struct mtasts_record *r, bool found, struct moxd_err *err)
{
    bool keep = mtasts_valid(r) && r->policy.mode != MOXD_MTASTS_NONE;

    r->has_policy = r->has_policy && keep;
    r->why = "";
    return found && !keep ? mtasts_drop(t, r->domain, err) : 0;
}

static int bring_up_to_date(struct mtasts *t, bool anew, struct moxd_arena *a,
                            struct mtasts_record *r, struct moxd_err *err)
{
    struct moxd_err ignored = { 0 };
    const char *id;
    int found = mtasts_find(t, r->domain, a, r, err);

    if (found < 0)
        return -1;
    enum mtasts_published p = mtasts_lookup(t, r->domain, a, &id, &ignored);
    if (moxd_fiber_cancelled())
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    if (p == MTASTS_ABSENT)
        return absent(t, r, found > 0, err);
    if (p == MTASTS_PRESENT && (!mtasts_valid(r) || strcmp(id, r->id) != 0 || anew) &&
        (anew || may_try(r, id)))
        return fetch(t, r, id, a, err);
    return touch(t, r, err);
}

int mtasts_policy(struct mtasts *t, const char *domain, bool anew, struct moxd_arena *a,
                  struct mtasts_record *out, struct moxd_err *err)
{
    struct mtasts_busy *b = busy_take(t, domain);
    int rc = -1;

    *out = (struct mtasts_record){ .domain = domain };
    if (moxd_fifolock_exclusive(&b->lock, MOXD_NEVER) == MOXD_OK) {
        rc = bring_up_to_date(t, anew, a, out, err);
        moxd_fifolock_release(&b->lock);
    } else {
        (void)moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    }
    busy_drop(t, b);
    if (rc == 0)
        out->has_policy = mtasts_valid(out);
    return rc;
}
