/* Running a transaction for a fiber: lock, worker, ticket, flush. */
#include "roster.h"

#include <stdlib.h>

/* --- carried through, whatever happens to the fiber -------------------------------------------- */

static int64_t hold_on(void)
{
    moxd_fiber_shield();
    return moxd_fiber_ceiling(MOXD_NEVER);
}

static void let_go(int64_t ceiling)
{
    (void)moxd_fiber_ceiling(ceiling);
    moxd_fiber_unshield();
}

struct job {
    store_job *fn;
    void *arg;
    struct moxd_err *err;
    int rc;
};

static void job_run(void *arg)
{
    struct job *j = arg;
    j->rc = j->fn(j->arg, j->err);
}

int store_offload(enum moxd_lane lane, store_job *fn, void *arg, struct moxd_err *err)
{
    struct job j = { .fn = fn, .arg = arg, .err = err };
    (void)moxd_offload(lane, job_run, &j);
    return j.rc;
}

static int lock_failed(int result, struct moxd_err *err)
{
    if (result == MOXD_CANCELLED)
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    return moxd_err_set(err, MOXD_ERR_TIMEOUT, "timeout");
}

int store_account_check(const struct store_account *acc, struct moxd_err *err)
{
    if (acc->removed)
        return moxd_err_set(err, MOXD_ERR_STATE, "the account was removed");
    if (atomic_load(&acc->s->env->dead))
        return store_env_dead_err(acc->s->env, err);
    return 0;
}

/* --- writing ----------------------------------------------------------------------------------- */

struct writing {
    struct store_btree **bts;
    struct store_batch **batches;
    size_t n;
    store_fn *fn;
    void *arg;
};

static int write_job(void *arg, struct moxd_err *err)
{
    struct writing *w = arg;
    return store_tx_write(w->bts, w->n, w->fn, w->arg, w->batches, err);
}

static void unlock(struct store_account **accs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        moxd_fifolock_release(&accs[i]->lock);
}

static int lock(struct store_account **accs, size_t n, struct moxd_err *err)
{
    for (size_t i = 0; i < n; i++) {
        moxd_assert(i == 0 || accs[i]->id > accs[i - 1]->id);
        int rc = moxd_fifolock_exclusive(&accs[i]->lock, MOXD_NEVER);
        if (rc != MOXD_OK) {
            unlock(accs, i);
            return lock_failed(rc, err);
        }
        if (store_account_check(accs[i], err) < 0) {
            unlock(accs, i + 1);
            return -1;
        }
    }
    return 0;
}

/* On the loop after the commit: tickets in the order of the commits of each account, since its lock
 * is still held. The last ticket. */
static uint64_t committed(struct store_account **accs, struct store_batch **batches, size_t n)
{
    uint64_t ticket = 0;

    for (size_t i = 0; i < n; i++) {
        store_rosters_commit(accs[i], batches[i]);
        ticket = store_flusher_commit(&accs[i]->s->flusher, accs[i], batches[i]);
        accs[i]->ticket = ticket;
    }
    return ticket;
}

/* Locked: runs, unlocks. */
static int run_locked(struct store_account **accs, size_t n, store_fn *fn, void *arg,
                      uint64_t *ticket, struct moxd_err *err)
{
    struct store_btree **bts = moxd_xcalloc(n, sizeof(*bts));
    struct store_batch **batches = moxd_xcalloc(n, sizeof(struct store_batch *));
    struct writing w = { bts, batches, n, fn, arg };

    for (size_t i = 0; i < n; i++)
        bts[i] = accs[i]->bt;
    int rc = store_offload(MOXD_LANE_STORE, write_job, &w, err);
    if (rc == 0)
        *ticket = committed(accs, batches, n);
    unlock(accs, n);
    free(batches);
    free(bts);
    return rc;
}

static int write_accounts(struct store_account **accs, size_t n, store_fn *fn, void *arg, bool wait,
                          struct moxd_err *err)
{
    uint64_t ticket = 0;

    if (lock(accs, n, err) < 0)
        return -1;
    int64_t ceiling = hold_on();
    int rc = run_locked(accs, n, fn, arg, &ticket, err);
    if (rc == 0 && wait)
        rc = store_flusher_wait(&accs[0]->s->flusher, ticket, err);
    let_go(ceiling);
    return rc;
}

/* What a viewer asks for. */
struct as_viewer {
    store_fn *fn;
    void *arg;
    uint64_t viewer;
};

static int run_as(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    const struct as_viewer *as = arg;

    tx->viewer = as->viewer;
    return as->fn(tx, as->arg, err);
}

static int write_one(struct store_account *acc, store_fn *fn, void *arg, bool wait,
                     struct moxd_err *err)
{
    struct as_viewer as = { fn, arg, acc->viewer };

    if (acc->base != NULL)
        return write_accounts(&acc->base, 1, run_as, &as, wait, err);
    return write_accounts(&acc, 1, fn, arg, wait, err);
}

int store_write(struct store_account *acc, store_fn *fn, void *arg, struct moxd_err *err)
{
    return write_one(acc, fn, arg, true, err);
}

int store_write_soon(struct store_account *acc, store_fn *fn, void *arg, struct moxd_err *err)
{
    return write_one(acc, fn, arg, false, err);
}

int store_write_many(struct store_account **accs, size_t n, store_fn *fn, void *arg,
                     struct moxd_err *err)
{
    return write_accounts(accs, n, fn, arg, true, err);
}

/* --- reading ----------------------------------------------------------------------------------- */

struct reading {
    struct store_btree *bt;
    store_fn *fn;
    void *arg;
};

static int read_job(void *arg, struct moxd_err *err)
{
    struct reading *r = arg;
    return store_tx_read(r->bt, r->fn, r->arg, err);
}

int store_hold(struct store_account *acc, struct store_held *h, struct moxd_err *err)
{
    struct store_account *base = store_account_base(acc);
    int rc = moxd_fifolock_shared(&base->lock, MOXD_NEVER);

    if (rc != MOXD_OK)
        return lock_failed(rc, err);
    if (store_account_check(base, err) < 0) {
        moxd_fifolock_release(&base->lock);
        return -1;
    }
    h->ceiling = hold_on();
    return 0;
}

int store_held_read(struct store_account *acc, store_fn *fn, void *arg, struct moxd_err *err)
{
    struct as_viewer as = { fn, arg, acc->viewer };
    struct reading r = { store_account_base(acc)->bt, fn, arg };

    if (acc->base != NULL)
        r = (struct reading){ acc->base->bt, run_as, &as };
    return store_offload(MOXD_LANE_STORE, read_job, &r, err);
}

int store_unhold(struct store_account *acc, struct store_held *h, int rc, struct moxd_err *err)
{
    struct store_account *base = store_account_base(acc);
    uint64_t ticket = base->ticket;

    moxd_fifolock_release(&base->lock);
    if (rc == 0)
        rc = store_flusher_wait(&base->s->flusher, ticket, err);
    let_go(h->ceiling);
    return rc;
}

int store_read_now(struct store_account *acc, store_fn *fn, void *arg, struct moxd_err *err)
{
    struct store_held held;

    if (store_hold(acc, &held, err) < 0)
        return -1;
    int rc = store_held_read(acc, fn, arg, err);
    moxd_fifolock_release(&store_account_base(acc)->lock);
    let_go(held.ceiling);
    return rc;
}

int store_read(struct store_account *acc, store_fn *fn, void *arg, struct moxd_err *err)
{
    struct store_held held;

    if (store_hold(acc, &held, err) < 0)
        return -1;
    return store_unhold(acc, &held, store_held_read(acc, fn, arg, err), err);
}
