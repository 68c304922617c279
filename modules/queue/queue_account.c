/* Accounts that were removed: nothing of theirs is sent any more, and nothing of them is remembered. */
#include "queue_account.h"

#include <moxd/enc.h>

#include "queue_result.h"
#include "queue_sentid.h"

enum { PORTION = 200, KEY_MAX = 1024 }; /* records of one transaction; bytes of a key */

struct removing {
    struct queue *q;
    const char *account;
    struct moxd_arena *arena;        /* of the portion */
    const struct queue_found *found; /* in the queue */
    const char *table;               /* of records with keys that begin with the account */
    struct moxd_str keys[PORTION];
    struct queue_retired *retired[PORTION];
    uint64_t from, next; /* the first id of the portion, and of the next one */
    size_t n;
    bool any;
};

/* --- what waits -------------------------------------------------------------------------------- */

static int op_drop(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct removing *r = arg;
    const struct store_v1 *store = r->q->store;
    struct queue_item item;

    r->n = 0;
    for (size_t i = 0; i < r->found->n; i++) {
        int rc = queue_get_item(store, tx, r->found->items[i].id, r->arena, &item, err);
        if (rc < 0)
            return -1;
        if (rc == 0)
            continue;
        r->n++;
        if (queue_sentid_del(store, tx, &r->found->msgs[i], &item, err) < 0 ||
            queue_remove_item(store, tx, &item, r->found->msgs[i].n, err) < 0)
            return -1;
    }
    return 0;
}

static int drop_portion(struct removing *r, struct queue_filter *f,
                        struct moxd_err *err) MOXD_SUSPENDS;
static int drop_portion(struct removing *r, struct queue_filter *f, struct moxd_err *err)
{
    struct queue *q = r->q;
    struct queue_found found;

    if (queue_find(q, f, PORTION, r->arena, &found, err) < 0)
        return -1;
    r->found = &found;
    if (found.n > 0 && q->store->transact(q->store_self, NULL, op_drop, r, err) < 0)
        return -1;
    for (size_t i = 0; i < found.n; i++)
        moxd_info(&q->m.log, "dropped with its account", moxd_kvu("id", found.items[i].id),
                  moxd_kvs("account", r->account), moxd_kvs("to", found.items[i].to));
    moxd_metric_add(q->waiting, NULL, NULL, -(double)r->n);
    r->any |= r->n > 0;
    f->start = found.next;
    return 0;
}

/* --- what left --------------------------------------------------------------------------------- */

static int retired_one(void *arg, struct moxd_str key, struct moxd_str val)
{
    enum { LOOK = 2000 };
    struct removing *r = arg;
    struct queue_retired *one = moxd_arena_alloc(r->arena, sizeof(*one));

    if (r->n == PORTION || queue_key_id(key) >= r->from + LOOK) {
        r->next = queue_key_id(key);
        return 1;
    }
    /* One that cannot be read goes when its time comes. */
    if (queue_decode_retired(val, r->arena, one, NULL) == 0 && one->msg.account &&
        strcmp(one->msg.account, r->account) == 0)
        r->retired[r->n++] = one;
    return 0;
}

static int op_retired(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct removing *r = arg;
    struct queue_key from = queue_key(r->from);

    r->n = 0;
    r->next = 0;
    if (r->q->store->tx_from(tx, "queue.retired", MOXD_STR(""), queue_key_str(&from), retired_one,
                             r, err) < 0)
        return -1;
    for (size_t i = 0; i < r->n; i++)
        if (queue_forget(r->q->store, tx, r->retired[i]->until, r->retired[i]->item.id, err) < 0)
            return -1;
    return 0;
}

/* --- records by account ------------------------------------------------------------------------ */

static int key_one(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct removing *r = arg;

    (void)val;
    if (r->n == PORTION)
        return 1;
    r->keys[r->n++] = moxd_arena_str(r->arena, key);
    return 0;
}

static int op_records(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct removing *r = arg;
    const struct store_v1 *store = r->q->store;
    struct moxd_str prefix = moxd_str(r->account, strlen(r->account) + 1);

    r->n = 0;
    if (store->tx_each(tx, r->table, prefix, key_one, r, err) < 0)
        return -1;
    for (size_t i = 0; i < r->n; i++)
        if (store->tx_del(tx, r->table, r->keys[i], err) < 0)
            return -1;
    return 0;
}

/* --- all of it --------------------------------------------------------------------------------- */

typedef int step_fn(struct removing *r, struct queue_filter *f, struct moxd_err *err) MOXD_SUSPENDS;

static int retired_portion(struct removing *r, struct queue_filter *f, struct moxd_err *err)
{
    r->from = f->start;
    int rc = r->q->store->transact(r->q->store_self, NULL, op_retired, r, err);
    r->any |= rc == 0 && r->n > 0;
    f->start = r->next;
    return rc;
}

static int records_portion(struct removing *r, struct queue_filter *f, struct moxd_err *err)
{
    int rc = r->q->store->transact(r->q->store_self, NULL, op_records, r, err);
    r->any |= rc == 0 && r->n > 0;
    f->start = r->n == PORTION;
    return rc;
}

static int each_portion(struct removing *r, step_fn *step, struct moxd_err *err) MOXD_SUSPENDS;
static int each_portion(struct removing *r, step_fn *step, struct moxd_err *err)
{
    struct queue_filter f = { .account = r->account, .hold = -1, .start = 1 };
    int rc = 0;

    while (rc == 0 && f.start != 0) {
        r->arena = moxd_arena_new(0);
        rc = step(r, &f, err);
        moxd_arena_free(r->arena);
    }
    return rc;
}

static int remove_all(struct removing *r, struct moxd_err *err) MOXD_SUSPENDS;
static int remove_all(struct removing *r, struct moxd_err *err)
{
    static const char *const tables[] = { "queue.fromid", "queue.sentid", "queue.suppress",
                                          "queue.offers", "queue.sent",   "queue.known" };

    if (each_portion(r, drop_portion, err) < 0 || each_portion(r, retired_portion, err) < 0)
        return -1;
    for (size_t i = 0; i < MOXD_NELEMS(tables); i++) {
        r->table = tables[i];
        if (each_portion(r, records_portion, err) < 0)
            return -1;
    }
    return 0;
}

enum moxd_verdict queue_on_account_remove(struct moxd_instance *m,
                                          const struct accounts_remove_event *ev,
                                          struct accounts_removal *removal)
{
    struct removing *r = moxd_xcalloc(1, sizeof(*r));
    struct moxd_err err = { 0 };

    r->q = queue_of(m);
    r->account = ev->account;
    int rc = remove_all(r, &err);
    removal->removed |= r->any;
    moxd_freep(&r);
    if (rc == 0)
        return MOXD_NEXT;
    moxd_error(&m->log, "removing what the queue has of an account",
               moxd_kvs("account", ev->account), moxd_kve(&err));
    return moxd_reply_set(&removal->reply, 451, "4.3.0", "the queue's records of account %s: %s",
                          ev->account, err.priv);
}

/* --- domains ----------------------------------------------------------------------------------- */

bool queue_sender_disabled(struct queue *q, const struct queue_message *msg)
{
    const char *at = strrchr(msg->from, '@');
    const struct moxd_conf_head *domain =
        at ? q->accounts->domain(q->accounts_self, moxd_cstr(at + 1)) : NULL;
    const char *value = domain && domain->node ? moxd_node_value(domain->node, "disabled") : NULL;

    return value && strcmp(value, "true") == 0;
}
