/* Transactions that fibers share. */
#include "unit.h"

#include "in_fiber.h"
#include "queue_together.h"

enum { FIBERS = 40 };

static struct queue_together together;
static int runs, failed_runs;

/* A store that takes its time. */
static int run(struct moxd_instance *self, struct store_account *acc,
               int (*fn)(struct store_tx *tx, void *arg, struct moxd_err *err), void *arg,
               struct moxd_err *err) MOXD_SUSPENDS;
static int run(struct moxd_instance *self, struct store_account *acc,
               int (*fn)(struct store_tx *tx, void *arg, struct moxd_err *err), void *arg,
               struct moxd_err *err)
{
    ck_assert_ptr_null(self);
    ck_assert_ptr_null(acc);
    runs++;
    int rc = fn(NULL, arg, err);
    failed_runs += rc < 0;
    for (int i = 0; i < 3; i++)
        (void)moxd_yield();
    return rc;
}

struct part {
    size_t weight;
    bool bad;
    int calls, rc;
    struct moxd_err err;
};

static int change(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct part *p = arg;

    (void)tx;
    p->calls++;
    return p->bad ? moxd_err_set(err, MOXD_ERR_CORRUPT, "this one is bad") : 0;
}

static void want(void *arg)
{
    struct part *p = arg;

    p->rc = queue_together(&together, run, NULL, change, p, p->weight, &p->err);
}

static void want_all(struct part *v)
{
    struct moxd_fid f[FIBERS];

    runs = failed_runs = 0;
    for (int i = 0; i < FIBERS; i++)
        f[i] = moxd_fiber_spawn("wants", want, &v[i]);
    for (int i = 0; i < FIBERS; i++)
        moxd_fiber_join(f[i], MOXD_NEVER);
    ck_assert(!together.busy && !together.first && !together.last);
}

IN_FIBER(who_waits_goes_together)
{
    static struct part v[FIBERS];

    for (int i = 0; i < FIBERS; i++)
        v[i] = (struct part){ .weight = 1 };
    want_all(v);
    ck_assert_int_eq(runs, 2); /* the first, and all that came meanwhile */
    for (int i = 0; i < FIBERS; i++) {
        ck_assert_int_eq(v[i].calls, 1);
        ck_assert_int_eq(v[i].rc, 0);
    }
}

IN_FIBER(transactions_stay_small)
{
    static struct part v[FIBERS];

    for (int i = 0; i < FIBERS; i++)
        v[i] = (struct part){ .weight = 100 };
    v[FIBERS - 1].weight = 10000;
    want_all(v);
    ck_assert_int_eq(runs, 1 + 38 / 3 + 1 + 1);
    for (int i = 0; i < FIBERS; i++)
        ck_assert_int_eq(v[i].calls, 1);
}

IN_FIBER(who_fails_fails_alone)
{
    static struct part v[FIBERS];

    for (int i = 0; i < FIBERS; i++)
        v[i] = (struct part){ .weight = 1, .bad = i == 20 };
    want_all(v);
    ck_assert_int_eq(failed_runs, 2); /* all together, and this one */
    for (int i = 0; i < FIBERS; i++)
        ck_assert_int_eq(v[i].rc, i == 20 ? -1 : 0);
    ck_assert_str_eq(v[20].err.priv, "this one is bad");
    ck_assert_int_eq(v[19].err.kind, MOXD_ERR_NONE);
}

static void want_cancelled(void *arg)
{
    (void)moxd_park(MOXD_NEVER);
    ck_assert(moxd_fiber_cancelled());
    want(arg);
}

IN_FIBER(who_is_cancelled_waits_all_the_same)
{
    struct part p = { .weight = 1 }, other = { .weight = 1 };
    struct moxd_fid f = moxd_fiber_spawn("cancelled", want_cancelled, &p);
    struct moxd_fid g = moxd_fiber_spawn("other", want, &other);

    runs = 0;
    (void)moxd_yield();
    moxd_fiber_cancel(f);
    moxd_fiber_join(f, MOXD_NEVER);
    moxd_fiber_join(g, MOXD_NEVER);
    ck_assert_int_eq(p.calls, 1);
    ck_assert_int_eq(p.rc, 0);
    ck_assert_int_eq(runs, 2);
}

UNIT_MAIN("queue_together", who_waits_goes_together, transactions_stay_small, who_fails_fails_alone,
          who_is_cancelled_waits_all_the_same)
