/* STORE-05, in tests only: an account that nobody uses any more is verified when it has changed, so
 * that the operation that miscounted is the last one before the process ends. */
#include "roster.h"
#include "verify.h"

/* More messages take too long to look at each time. */
enum { CHECK_MESSAGES_MAX = 2000 };

static void verify(struct store_account *acc)
{
    struct store_report r = { .arena = moxd_arena_new(0) };
    uint64_t modseq = acc->modseq;
    struct moxd_err err = { 0 };
    uint32_t mailbox;

    if (store_read(acc, store_op_verify, &r, &err) < 0)
        moxd_debug(&acc->s->m.log, "not checked", moxd_kvs("account", acc->name),
                   moxd_kvs("error", err.priv));
    else if (r.n > 0)
        moxd_panic("account %s: %s, and %zu more problems", acc->name, r.problems[0], r.n - 1);
    else if (store_rosters_check(acc, &mailbox, NULL) == 0)
        moxd_panic("account %s: list of mailbox %u in memory is wrong", acc->name, mailbox);
    else
        acc->checked = modseq;
    moxd_arena_free(r.arena);
}

static void check_main(void *arg)
{
    struct store_account *acc = arg;
    struct store *s = acc->s;

    moxd_fiber_shield();
    verify(acc);
    acc->checking = false;
    store_account_close(acc);
    moxd_fiber_unshield();
    store_spawn_ended(s);
}

bool store_check_start(struct store_account *acc)
{
    if (!acc->s->opt.check || acc->s->stopping || acc->removed || acc->checking ||
        acc->checked == acc->modseq || acc->bt->meta.messages > CHECK_MESSAGES_MAX)
        return false;
    acc->checking = true;
    store_spawn(acc->s, "store-check", check_main, acc);
    return true;
}
