/* moxctl queue holdrules, suppress */
#include "queue_cmd.h"
#include "queue_hold.h"
#include "queue_suppress.h"

#include <moxmail/address.h>
#include <moxmail/date.h>

int queue_cmd_holdrules_list(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                             struct moxd_err *err)
{
    struct queue *q = queue_of(m);
    struct moxd_buf b = MOXD_BUF_INIT(1 << 20);

    (void)argc, (void)argv;
    for (size_t i = 0; i < q->nrules; i++) {
        const struct queue_rule *r = &q->rules[i];
        moxd_buf_addf(&b, "%llu", (unsigned long long)r->id);
        if (r->account)
            moxd_buf_addf(&b, " account=%s", r->account);
        if (r->from)
            moxd_buf_addf(&b, " from=%s", r->from);
        if (r->to)
            moxd_buf_addf(&b, " to=%s", r->to);
        moxd_buf_adds(&b, r->account || r->from || r->to ? "\n" : " all\n");
    }
    int rc = b.n > 0 ? queue_flush(c, &b, err) : 0;
    moxd_buf_fini(&b);
    return rc;
}

int queue_cmd_holdrules_add(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                            struct moxd_err *err)
{
    struct queue_filter f;
    uint64_t id;

    if (queue_filter_parse(argc, argv, moxd_ctl_arena(c), &f, err) < 0)
        return -1;
    struct queue_rule rule = { .account = f.account, .from = f.from, .to = f.to };
    f.account = f.from = f.to = NULL;
    if (!queue_filter_empty(&f) || f.max > 0)
        return moxd_err_set(err, MOXD_ERR_INVALID, "rules are by account=, from= and to=");
    if (!rule.account && !rule.from && !rule.to && !f.all)
        return moxd_err_set(err, MOXD_ERR_INVALID, "say \"all\" to hold everything");
    if (queue_rule_add(queue_of(m), &rule, &id, err) < 0)
        return -1;
    return moxd_ctl_printf(c, "rule %llu\n", (unsigned long long)id) < 0 ? -1 : 0;
}

int queue_cmd_holdrules_remove(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                               struct moxd_err *err)
{
    uint64_t id;

    (void)c, (void)argc;
    if (moxd_str_u64(moxd_cstr(argv[0]), UINT64_MAX / 2, &id) < 0)
        return moxd_err_set(err, MOXD_ERR_INVALID, "\"%s\" is no number of a rule", argv[0]);
    return queue_rule_remove(queue_of(m), id, err);
}

/* --- suppression ------------------------------------------------------------------------------- */

static void line(struct moxd_str val, struct moxd_arena *a, struct moxd_buf *out)
{
    struct queue_suppressed s;

    if (queue_suppress_decode(val, a, &s) < 0 || !s.active)
        return;
    struct moxd_str rest = moxd_cstr(s.reason ? s.reason : ""), reason = moxd_str_cut(&rest, '\n');
    moxd_date_put_rfc3339(out, s.since / MOXD_SEC);
    moxd_buf_addf(out, " %s %s %s %" MOXD_STRF "\n", s.account, s.address,
                  s.manual ? "manual" : "refused", MOXD_STRA(reason));
}

int queue_cmd_suppress_list(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                            struct moxd_err *err)
{
    return queue_list_records(queue_of(m), c, "queue.suppress", argc > 0 ? argv[0] : NULL, line,
                              err);
}

struct change {
    struct queue *q;
    struct queue_suppressed s;
    bool found;
};

static int op_put(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct change *ch = arg;
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);

    return queue_suppress_put(ch->q->store, tx, &ch->s, a, err);
}

static int op_del(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct change *ch = arg;
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct queue_suppressed had;
    int rc = queue_suppress_get(ch->q->store, tx, ch->s.account, ch->s.address, a, &had, err);

    ch->found = rc > 0;
    return rc <= 0 ? rc
                   : queue_suppress_del(ch->q->store, tx, ch->s.account, ch->s.address, a, err);
}

static int check(struct queue *q, struct moxd_arena *a, char **argv, struct moxd_err *err)
{
    struct accounts_account account;
    struct moxd_address address;

    if (q->accounts->get(q->accounts_self, argv[0], a, &account, err) < 0)
        return -1;
    return moxd_address_parse(moxd_cstr(argv[1]), MOXD_ADDRESS_UTF8, a, &address, err);
}

int queue_cmd_suppress_add(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                           struct moxd_err *err)
{
    struct queue *q = queue_of(m);
    struct change ch = { q,
                         { .account = argv[0],
                           .address = argv[1],
                           .since = moxd_wall(),
                           .active = true,
                           .manual = true,
                           .reason = argc > 2 ? argv[2] : "" },
                         false };

    if (check(q, moxd_ctl_arena(c), argv, err) < 0)
        return -1;
    return q->store->transact(q->store_self, NULL, op_put, &ch, err);
}

int queue_cmd_suppress_remove(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                              struct moxd_err *err)
{
    struct queue *q = queue_of(m);
    struct change ch = { q, { .account = argv[0], .address = argv[1] }, false };

    (void)argc, (void)c;
    if (q->store->transact(q->store_self, NULL, op_del, &ch, err) < 0)
        return -1;
    return ch.found ? 0
                    : moxd_err_set(err, MOXD_ERR_NOTFOUND, "%s is not on the list of %s", argv[1],
                                   argv[0]);
}
