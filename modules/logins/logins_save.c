/* Writing what was noted, reading what was written. */
#include "logins.h"

/* The pending attempts of one account. */
struct save_job {
    struct logins *l;
    struct logins_pending *first, *end;
};

static int save_run(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    const struct save_job *job = arg;

    for (struct logins_pending *p = job->first; p != job->end; p = logins_pending_next(p))
        if (logins_put(job->l, tx, logins_pending_attempt(p), err) < 0)
            return -1;
    return logins_prune(job->l, tx, err);
}

/* acc is NULL for what no account has. */
static int open_account(struct logins *l, const char *name, struct store_account **acc,
                        struct moxd_err *err)
{
    *acc = NULL;
    return name[0] ? l->store->open(l->store_self, name, acc, err) : 0;
}

static const char *account_of(const struct logins_pending *p)
{
    return logins_pending_attempt(p)->field[LOGINS_ACCOUNT];
}

static void save(struct save_job *job)
{
    struct logins *l = job->l;
    struct store_account *acc;
    struct moxd_err err = { 0 };
    const char *name = account_of(job->first);

    int rc = open_account(l, name, &acc, &err);
    if (rc == 0) {
        rc = l->store->transact(l->store_self, acc, save_run, job, &err);
        if (acc)
            l->store->close(acc);
    }
    if (rc == 0)
        return;
    moxd_metric_inc(l->dropped, NULL, NULL);
    moxd_warn(&l->m.log, "attempts to log in are not recorded", moxd_kvs("account", name),
              moxd_kve(&err));
}

static void save_all(struct logins *l, struct logins_pending *all)
{
    struct save_job job = { .l = l, .first = all };

    while (job.first) {
        job.end = job.first;
        while (job.end && strcmp(account_of(job.end), account_of(job.first)) == 0)
            job.end = logins_pending_next(job.end);
        save(&job);
        job.first = job.end;
    }
}

void logins_flush(struct logins *l)
{
    struct logins_pending *all;

    moxd_fiber_shield();
    (void)moxd_fifolock_exclusive(&l->writing, MOXD_NEVER);
    all = logins_take(l);
    save_all(l, all);
    logins_pending_free(all);
    moxd_fifolock_release(&l->writing);
    moxd_fiber_unshield();
}

void logins_writer(void *arg)
{
    struct logins *l = arg;

    while (l->pending || moxd_waitq_wait(&l->more, MOXD_NEVER) == MOXD_OK) {
        if (moxd_sleep(LOGINS_DELAY) != MOXD_OK)
            return;
        logins_flush(l);
    }
}

/* --- reading ----------------------------------------------------------------------------------------- */

struct list_job {
    struct logins *l;
    struct moxd_arena *a;
    struct logins_attempt *v;
    size_t n;
};

static int list_run(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct list_job *job = arg;

    return logins_each(job->l, tx, job->a, &job->v, &job->n, err);
}

int logins_list(struct logins *l, const char *account, struct moxd_arena *a,
                struct logins_attempt **out, size_t *n, struct moxd_err *err)
{
    struct list_job job = { .l = l, .a = a };
    struct store_account *acc;

    logins_flush(l);
    if (open_account(l, account, &acc, err) < 0)
        return -1;
    int rc = l->store->view(l->store_self, acc, list_run, &job, err);
    if (acc)
        l->store->close(acc);
    *out = job.v;
    *n = job.n;
    return rc;
}
