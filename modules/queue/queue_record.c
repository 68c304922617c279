#include "queue_record.h"

#include <moxd/enc.h>

/* Without history a record is small; with it, the history has its own limit. */
enum { RECORD_MAX = 60 * 1024 };

#define F(f) QUEUE_FIELD(struct queue_message, f)
static const struct queue_field message_fields[] = {
    F(body),     F(first),      F(n),        F(left),   F(account), F(from), F(envid),
    F(ret),      F(message_id), F(subject),  F(origin), F(queued),  F(size), F(smtputf8),
    F(body8bit), F(no_dsn),     F(deadline), F(trace),  F(extra),
};
#undef F
const struct queue_table queue_message_table = { message_fields, MOXD_NELEMS(message_fields) };

/* The first ones are what scheduling reads. */
#define F(f) QUEUE_FIELD(struct queue_item, f)
static const struct queue_field item_fields[] = {
    F(id),         F(next),       F(hold),      F(body),   F(to),        F(domain),
    F(notify),     F(orcpt),      F(fromid),    F(queued), F(attempted), F(attempts),
    F(requiretls), F(delay_told), F(transport), F(source), F(remote),    F(history),
};
#undef F
const struct queue_table queue_item_table = { item_fields, MOXD_NELEMS(item_fields) };

struct queue_key queue_key(uint64_t id)
{
    struct queue_key k;

    moxd_put_be64(k.p, id);
    return k;
}

uint64_t queue_key_id(struct moxd_str key)
{
    return key.n == 8 ? moxd_get_be64(key.p) : 0;
}

static int get(const struct store_v1 *store, struct store_tx *tx, const char *table, uint64_t id,
               const struct queue_table *t, struct moxd_arena *a, void *out, struct moxd_err *err)
{
    struct moxd_buf b = MOXD_BUF_INIT(64 * 1024);
    struct queue_key key = queue_key(id);
    int rc = store_tx_find(store, tx, table, queue_key_str(&key), &b, err);

    if (rc > 0 && queue_decode(moxd_buf_str(&b), t, a, out, err) < 0)
        rc = moxd_err_wrap(err, "%s %llu", table, (unsigned long long)id);
    moxd_buf_fini(&b);
    return rc;
}

static int put(const struct store_v1 *store, struct store_tx *tx, const char *table, uint64_t id,
               const struct queue_table *t, const void *record, struct moxd_err *err)
{
    struct moxd_buf b = MOXD_BUF_INIT(RECORD_MAX);
    struct queue_key key = queue_key(id);

    queue_encode(&b, t, record);
    int rc = b.overflow ? moxd_err_set(err, MOXD_ERR_LIMIT, "a record of the queue is too large")
                        : store->tx_put(tx, table, queue_key_str(&key), moxd_buf_str(&b), err);
    moxd_buf_fini(&b);
    return rc;
}

int queue_get_message(const struct store_v1 *store, struct store_tx *tx, uint64_t body,
                      struct moxd_arena *a, struct queue_message *out, struct moxd_err *err)
{
    *out = (struct queue_message){ 0 };
    return get(store, tx, "queue.message", body, &queue_message_table, a, out, err);
}

int queue_get_item(const struct store_v1 *store, struct store_tx *tx, uint64_t id,
                   struct moxd_arena *a, struct queue_item *out, struct moxd_err *err)
{
    *out = (struct queue_item){ 0 };
    return get(store, tx, "queue.item", id, &queue_item_table, a, out, err);
}

int queue_decode_item(struct moxd_str key, struct moxd_str val, struct moxd_arena *a,
                      struct queue_item *out, struct moxd_err *err)
{
    *out = (struct queue_item){ 0 };
    if (queue_decode(val, &queue_item_table, a, out, err) < 0)
        return moxd_err_wrap(err, "queue.item %llu", (unsigned long long)queue_key_id(key));
    return 0;
}

/* The fields that come first in the table. */
int queue_decode_due(struct moxd_str val, struct queue_due *out)
{
    enum { VERSION_BYTE = 1, ID = 8, NEXT = 8, HOLD = 1 };

    if (val.n < VERSION_BYTE + ID + NEXT + HOLD)
        return -1;
    out->id = moxd_get_be64(val.p + VERSION_BYTE);
    out->next = (int64_t)moxd_get_be64(val.p + VERSION_BYTE + ID);
    out->hold = val.p[VERSION_BYTE + ID + NEXT] != 0;
    return 0;
}

int queue_put_message(const struct store_v1 *store, struct store_tx *tx,
                      const struct queue_message *msg, struct moxd_err *err)
{
    return put(store, tx, "queue.message", msg->body, &queue_message_table, msg, err);
}

int queue_put_item(const struct store_v1 *store, struct store_tx *tx, const struct queue_item *item,
                   struct moxd_err *err)
{
    return put(store, tx, "queue.item", item->id, &queue_item_table, item, err);
}

static int remove_message(const struct store_v1 *store, struct store_tx *tx, uint64_t body,
                          struct moxd_err *err)
{
    struct queue_key key = queue_key(body);

    return store->tx_del(tx, "queue.message", queue_key_str(&key), err) < 0
               ? -1
               : store->tx_unkeep(tx, body, err);
}

int queue_remove_item(const struct store_v1 *store, struct store_tx *tx,
                      const struct queue_item *item, size_t n, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct queue_key key = queue_key(item->id);
    struct queue_message msg;

    if (store->tx_del(tx, "queue.item", queue_key_str(&key), err) < 0)
        return -1;
    if (n == 1)
        return remove_message(store, tx, item->body, err);
    int rc = queue_get_message(store, tx, item->body, a, &msg, err);
    if (rc <= 0)
        return rc;
    if (msg.left <= 1)
        return remove_message(store, tx, item->body, err);
    msg.left--;
    return queue_put_message(store, tx, &msg, err);
}

int queue_take_ids(const struct store_v1 *store, struct store_tx *tx, uint32_t n, uint64_t *first,
                   struct moxd_err *err)
{
    struct moxd_buf b = MOXD_BUF_INIT(64);
    struct moxd_str key = MOXD_STR("next");
    int rc = store_tx_find(store, tx, "queue.count", key, &b, err);

    *first = rc > 0 && b.n == 8 ? moxd_get_be64(b.p) : 1;
    moxd_buf_fini(&b);
    if (rc < 0)
        return -1;
    struct queue_key next = queue_key(*first + n);
    return store->tx_put(tx, "queue.count", key, queue_key_str(&next), err);
}
