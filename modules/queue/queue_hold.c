/* queue.hold: id -> struct queue_rule. There are few: they are in memory too. */
#include "queue_hold.h"

#include "queue_filter.h"

enum { RULES_MAX = 1000 };

#define F(f) QUEUE_FIELD(struct queue_rule, f)
static const struct queue_field fields[] = { F(id), F(account), F(from), F(to) };
#undef F
static const struct queue_table table = { fields, MOXD_NELEMS(fields) };

struct loading {
    struct queue *q;
    struct moxd_arena *arena;
    struct queue_rule *v;
    size_t n, cap;
    struct moxd_err *err;
};

static int load_one(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct loading *l = arg;
    struct queue_rule *rule = moxd_arena_push(l->arena, &l->v, &l->n, &l->cap, sizeof(*rule));

    (void)key;
    return queue_decode(val, &table, l->arena, rule, l->err);
}

static int op_load(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct loading *l = arg;

    l->n = 0;
    l->err = err;
    return l->q->store->tx_each(tx, "queue.hold", MOXD_STR(""), load_one, l, err) < 0 ? -1 : 0;
}

int queue_rules_load(struct queue *q, struct moxd_err *err)
{
    struct loading l = { .q = q, .arena = moxd_arena_new(0) };

    if (q->store->view(q->store_self, NULL, op_load, &l, err) < 0) {
        moxd_arena_free(l.arena);
        return -1;
    }
    moxd_arena_free(q->rules_arena);
    q->rules_arena = l.arena;
    q->rules = l.v;
    q->nrules = l.n;
    return 0;
}

struct changing {
    struct queue *q;
    struct queue_rule rule;
};

static int op_add(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct changing *c = arg;
    struct moxd_buf b = MOXD_BUF_INIT(4096);
    struct queue_key key = queue_key(c->rule.id);

    queue_encode(&b, &table, &c->rule);
    int rc = b.overflow ? moxd_err_set(err, MOXD_ERR_LIMIT, "the rule is too long")
                        : c->q->store->tx_put(tx, "queue.hold", queue_key_str(&key),
                                              moxd_buf_str(&b), err);
    moxd_buf_fini(&b);
    return rc;
}

int queue_rule_add(struct queue *q, const struct queue_rule *rule, uint64_t *id,
                   struct moxd_err *err)
{
    struct changing c = { q, *rule };

    if (q->nrules >= RULES_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "there are %d rules already", RULES_MAX);
    c.rule.id = 1;
    for (size_t i = 0; i < q->nrules; i++)
        if (q->rules[i].id >= c.rule.id)
            c.rule.id = q->rules[i].id + 1;
    *id = c.rule.id;
    return q->store->transact(q->store_self, NULL, op_add, &c, err) < 0 ? -1
                                                                        : queue_rules_load(q, err);
}

static int op_remove(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct changing *c = arg;
    struct queue_key key = queue_key(c->rule.id);

    return c->q->store->tx_del(tx, "queue.hold", queue_key_str(&key), err);
}

int queue_rule_remove(struct queue *q, uint64_t id, struct moxd_err *err)
{
    struct changing c = { q, { .id = id } };
    bool known = false;

    for (size_t i = 0; i < q->nrules; i++)
        known |= q->rules[i].id == id;
    if (!known)
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "there is no such rule");
    return q->store->transact(q->store_self, NULL, op_remove, &c, err) < 0
               ? -1
               : queue_rules_load(q, err);
}

bool queue_rules_hold(const struct queue *q, const struct queue_message *msg,
                      const struct queue_item *item)
{
    for (size_t i = 0; i < q->nrules; i++) {
        const struct queue_rule *r = &q->rules[i];
        struct queue_filter f = { .account = r->account, .from = r->from, .to = r->to, .hold = -1 };
        if (queue_filter_matches(&f, msg, item))
            return true;
    }
    return false;
}
