/* What was refused long ago goes, and so does what is too much (REP-05). */
#include "rejects.h"

#include <stdlib.h>

struct old {
    int64_t received;
    uint32_t uid;
};

static int newest_first(const void *a, const void *b)
{
    const struct old *x = a, *y = b;

    return (x->received < y->received) - (x->received > y->received);
}

static int by_uid(const void *a, const void *b)
{
    const struct store_uid_range *x = a, *y = b;

    return (x->first > y->first) - (x->first < y->first);
}

/* Only what is marked: users may put other mail there. */
static size_t choose(const struct store_msg *v, size_t n, int64_t before, size_t max,
                     struct moxd_arena *a, struct store_uid_range **out)
{
    struct old *rejects = moxd_arena_calloc(a, n + 1, sizeof(*rejects));
    size_t nrejects = 0, keep = 0;

    for (size_t i = 0; i < n; i++)
        if (v[i].reject)
            rejects[nrejects++] = (struct old){ v[i].received.ns, v[i].uid };
    qsort(rejects, nrejects, sizeof(*rejects), newest_first);
    while (keep < nrejects && keep < max && rejects[keep].received >= before)
        keep++;
    *out = moxd_arena_calloc(a, nrejects - keep + 1, sizeof(**out));
    for (size_t i = keep; i < nrejects; i++)
        (*out)[i - keep] = (struct store_uid_range){ rejects[i].uid, rejects[i].uid };
    qsort(*out, nrejects - keep, sizeof(**out), by_uid);
    return nrejects - keep;
}

int rejects_tidy(const struct rejects *r, struct store_account *acc, const char *mailbox,
                 int64_t before, size_t max, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_err why = { 0 };
    struct store_uid_range *ranges;
    struct store_mailbox mb;
    struct store_msg *v;
    size_t n;

    if (r->store->mailbox(acc, moxd_cstr(mailbox), 0, a, &mb, &why) < 0) {
        *err = why;
        return why.kind == MOXD_ERR_NOTFOUND ? 0 : -1;
    }
    if (r->store->messages(acc, mb.id, NULL, a, &v, &n, err) < 0)
        return -1;
    struct store_uids uids = { .n = choose(v, n, before, max, a, &ranges) };
    uids.v = ranges;
    return uids.n == 0 ? 0 : r->store->discard(acc, mb.id, &uids, err);
}

static int tidy_account(const struct rejects *r, const char *account, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct rejects_conf conf = rejects_conf_of(r, account, a);
    int64_t before = moxd_wall() - conf.keep;
    struct store_account *acc;
    bool exists;

    if (!conf.mailbox || conf.keep_all)
        return 0;
    if (r->store->exists(r->store_self, account, &exists, err) < 0)
        return -1;
    if (!exists)
        return 0;
    if (r->store->open(r->store_self, account, &acc, err) < 0)
        return -1;
    int rc = rejects_tidy(r, acc, conf.mailbox, before, (size_t)conf.max, err);
    if (rc == 0)
        rc = rejects_forget(r, acc, before, err);
    r->store->close(acc);
    return rc;
}

void rejects_tidier(void *arg)
{
    struct rejects *r = arg;

    do {
        struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
        const char *const *names = r->accounts->list(r->accounts_self, a);
        for (; *names && !moxd_fiber_cancelled(); names++) {
            struct moxd_err err = { 0 };
            if (tidy_account(r, *names, &err) < 0)
                moxd_warn(&r->m.log, "old refused messages cannot be removed",
                          moxd_kvs("account", *names), moxd_kve(&err));
        }
    } while (moxd_sleep(REJECTS_TIDY_EVERY) == MOXD_OK);
}
