/* Policies that are in use are fetched again before they expire (RFC 8461 3.3, P-AUTHN-11), so that who can keep us from a
 * policy for an hour does not win. */
#include "mtasts.h"

#define ROUND (3600 * MOXD_SEC) /* how often is looked for what is due */

static bool is_due(const struct mtasts *t, const struct mtasts_record *r)
{
    int64_t now = moxd_wall(), last = r->failed > r->fetched ? r->failed : r->fetched;

    return mtasts_valid(r) && r->used + MTASTS_UNUSED > now && last + t->conf->refresh <= now;
}

static bool is_dead(const struct mtasts_record *r)
{
    return !mtasts_valid(r) && r->failed + 86400 * MOXD_SEC < moxd_wall();
}

static void refresh(struct mtasts *t, const struct mtasts_record *r)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct mtasts_record now;
    struct moxd_err err = { 0 };
    int rc = is_due(t, r) ? mtasts_policy(t, r->domain, true, a, &now, &err)
             : is_dead(r) ? mtasts_drop(t, r->domain, &err)
                          : 0;

    if (rc < 0 && err.kind != MOXD_ERR_CANCELLED)
        moxd_warn(&t->m.log, "MTA-STS policy not refreshed", moxd_kvs("domain", r->domain),
                  moxd_kve(&err));
}

static void round_of_all(struct mtasts *t)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct mtasts_record *v;
    struct moxd_err err = { 0 };
    size_t n;

    if (mtasts_all(t, a, &v, &n, &err) < 0) {
        if (err.kind != MOXD_ERR_CANCELLED)
            moxd_warn(&t->m.log, "MTA-STS policies not refreshed", moxd_kve(&err));
        return;
    }
    for (size_t i = 0; i < n && !moxd_fiber_cancelled(); i++)
        refresh(t, &v[i]);
}

void mtasts_refresher(void *arg)
{
    struct mtasts *t = arg;

    do
        round_of_all(t);
    while (moxd_sleep(t->conf->refresh < ROUND ? t->conf->refresh : ROUND) == MOXD_OK);
}
