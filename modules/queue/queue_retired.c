/* What left the queue is remembered for some days, without the message (QUEUE-10). */
#include <moxd/enc.h>

#include "queue_result.h"
#include "queue_sentid.h"

enum { EXPIRE_KEY = 16, PORTION = 500 };
#define SWEEP_EVERY (INT64_C(600) * MOXD_SEC)

#define I(f) QUEUE_FIELD(struct queue_retired, item.f)
#define M(f) QUEUE_FIELD(struct queue_retired, msg.f)
#define R(f) QUEUE_FIELD(struct queue_retired, f)
static const struct queue_field fields[] = {
    I(id),      I(body),       I(to),       I(domain),     I(notify),    I(orcpt),    I(fromid),
    I(queued),  I(attempted),  I(attempts), I(requiretls), I(transport), I(history),  M(account),
    M(from),    M(message_id), M(subject),  M(origin),     M(size),      M(smtputf8), M(no_dsn),
    R(outcome), R(left),       R(until),    M(trace),      M(extra),     M(envid),    M(n),
};
const struct queue_table queue_retired_table = { fields, MOXD_NELEMS(fields) };

int64_t queue_keep_retired(struct queue *q, const char *account)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct accounts_account found;

    if (account && q->accounts->get(q->accounts_self, account, a, &found, NULL) == 0) {
        const struct queue_account_conf *conf = moxd_conf_ext(found.conf, "queue");
        if (conf && conf->head.node && moxd_node_value(conf->head.node, "keep-retired"))
            return conf->keep_retired;
    }
    return q->conf->keep_retired;
}

static void expire_key(char out[EXPIRE_KEY], int64_t until, uint64_t id)
{
    moxd_put_be64(out, (uint64_t)until);
    moxd_put_be64(out + 8, id);
}

int queue_retire(struct queue *q, struct store_tx *tx, const struct queue_message *msg,
                 const struct queue_item *item, enum queue_outcome outcome, int64_t keep,
                 struct moxd_err *err)
{
    int64_t now = moxd_wall();
    struct queue_retired r = {
        .item = *item, .msg = *msg, .outcome = outcome, .left = now, .until = now + keep
    };
    char expire[EXPIRE_KEY];

    if (keep <= 0)
        return queue_sentid_del(q->store, tx, msg, item, err);
    expire_key(expire, r.until, item->id);
    if (queue_put_retired(q->store, tx, &r, err) < 0)
        return -1;
    return q->store->tx_put(tx, "queue.expire", moxd_str(expire, sizeof(expire)), MOXD_STR(""),
                            err);
}

int queue_put_retired(const struct store_v1 *store, struct store_tx *tx,
                      const struct queue_retired *r, struct moxd_err *err)
{
    struct moxd_buf b = MOXD_BUF_INIT(63 * 1024);
    struct queue_key key = queue_key(r->item.id);

    queue_encode(&b, &queue_retired_table, r);
    int rc = b.overflow
                 ? moxd_err_set(err, MOXD_ERR_LIMIT, "a record of the queue is too large")
                 : store->tx_put(tx, "queue.retired", queue_key_str(&key), moxd_buf_str(&b), err);
    moxd_buf_fini(&b);
    return rc;
}

int queue_get_retired(const struct store_v1 *store, struct store_tx *tx, uint64_t id,
                      struct moxd_arena *a, struct queue_retired *out, struct moxd_err *err)
{
    struct moxd_buf b = MOXD_BUF_INIT(64 * 1024);
    struct queue_key key = queue_key(id);
    int rc = store_tx_find(store, tx, "queue.retired", queue_key_str(&key), &b, err);

    *out = (struct queue_retired){ 0 };
    if (rc > 0 && queue_decode_retired(moxd_buf_str(&b), a, out, err) < 0)
        rc = -1;
    moxd_buf_fini(&b);
    return rc;
}

int queue_decode_retired(struct moxd_str val, struct moxd_arena *a, struct queue_retired *out,
                         struct moxd_err *err)
{
    *out = (struct queue_retired){ 0 };
    return queue_decode(val, &queue_retired_table, a, out, err);
}

/* --- forgetting -------------------------------------------------------------------------------- */

struct sweep {
    struct queue *q;
    int64_t now;
    struct {
        char key[EXPIRE_KEY];
    } v[PORTION];
    size_t n;
};

static int expired(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct sweep *s = arg;

    (void)val;
    if (key.n != EXPIRE_KEY || (int64_t)moxd_get_be64(key.p) > s->now)
        return 1;
    memcpy(s->v[s->n++].key, key.p, EXPIRE_KEY);
    return s->n == PORTION;
}

int queue_forget(const struct store_v1 *store, struct store_tx *tx, int64_t until, uint64_t id,
                 struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_err unread = { 0 };
    struct queue_retired r;
    char key[EXPIRE_KEY];

    /* One that cannot be read is forgotten too. */
    if (queue_get_retired(store, tx, id, a, &r, &unread) > 0 &&
        queue_sentid_del(store, tx, &r.msg, &r.item, err) < 0)
        return -1;
    expire_key(key, until, id);
    if (store->tx_del(tx, "queue.retired", moxd_str(key + 8, 8), err) < 0)
        return -1;
    return store->tx_del(tx, "queue.expire", moxd_str(key, EXPIRE_KEY), err);
}

static int op_sweep(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct sweep *s = arg;

    s->n = 0;
    if (s->q->store->tx_each(tx, "queue.expire", MOXD_STR(""), expired, s, err) < 0)
        return -1;
    for (size_t i = 0; i < s->n; i++)
        if (queue_forget(s->q->store, tx, (int64_t)moxd_get_be64(s->v[i].key),
                         moxd_get_be64(s->v[i].key + 8), err) < 0)
            return -1;
    return 0;
}

void queue_retired_sweeper(void *arg)
{
    struct sweep *s = moxd_xcalloc(1, sizeof(*s));
    struct moxd_err err = { 0 };

    s->q = arg;
    do {
        do {
            s->now = moxd_wall();
            s->n = 0;
            if (s->q->store->transact(s->q->store_self, NULL, op_sweep, s, &err) < 0) {
                moxd_warn(&s->q->m.log, "forgetting retired messages", moxd_kve(&err));
                break;
            }
        } while (s->n == PORTION && !moxd_fiber_cancelled());
        queue_dest_tidy(s->q);
    } while (moxd_sleep(SWEEP_EVERY) != MOXD_CANCELLED);
    moxd_freep(&s);
}
