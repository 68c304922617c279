#include "queue_fromid.h"

#include <moxd/enc.h>

const char *queue_fromid_make(const char *from, const char *separator, struct moxd_arena *a)
{
    unsigned char random[QUEUE_FROMID_LEN / 2];
    const char *at = strrchr(from, '@');
    struct moxd_buf b = MOXD_BUF_INIT(64);

    if (!at || from[0] == '"' ||
        moxd_str_find(moxd_str(from, (size_t)(at - from)), moxd_cstr(separator)) >= 0)
        return NULL;
    moxd_random(random, sizeof(random));
    moxd_hex_encode(&b, moxd_str((char *)random, sizeof(random)));
    const char *text = moxd_arena_printf(a, "%.*s%s%s%s", (int)(at - from), from, separator,
                                         moxd_buf_cstr(&b), at);
    moxd_buf_fini(&b);
    return text;
}

/* Some servers change the case of local parts. */
bool queue_fromid_cut(struct moxd_str localpart, char out[QUEUE_FROMID_LEN])
{
    if (localpart.n <= QUEUE_FROMID_LEN)
        return false;
    struct moxd_str id = moxd_str_from(localpart, localpart.n - QUEUE_FROMID_LEN);
    for (size_t i = 0; i < QUEUE_FROMID_LEN; i++) {
        out[i] = moxd_lower(id.p[i]);
        if (!moxd_is_digit(out[i]) && (out[i] < 'a' || out[i] > 'f'))
            return false;
    }
    return true;
}

static struct moxd_str key_of(const char *account, const char id[QUEUE_FROMID_LEN],
                              struct moxd_arena *a)
{
    size_t n = strlen(account) + 1;
    char *key = moxd_arena_alloc(a, n + QUEUE_FROMID_LEN);

    memcpy(key, account, n);
    memcpy(key + n, id, QUEUE_FROMID_LEN);
    return moxd_str(key, n + QUEUE_FROMID_LEN);
}

/* False: the item has no place in the index. */
static bool key_of_item(const char *account, const struct queue_item *item, struct moxd_arena *a,
                        struct moxd_str *key)
{
    const char *at = item->fromid ? strrchr(item->fromid, '@') : NULL;
    char id[QUEUE_FROMID_LEN];

    if (!account || !at ||
        !queue_fromid_cut(moxd_str(item->fromid, (size_t)(at - item->fromid)), id))
        return false;
    *key = key_of(account, id, a);
    return true;
}

int queue_fromid_put(const struct store_v1 *store, struct store_tx *tx, const char *account,
                     const struct queue_item *item, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct queue_key id = queue_key(item->id);
    struct moxd_str key;

    return key_of_item(account, item, a, &key)
               ? store->tx_put(tx, "queue.fromid", key, queue_key_str(&id), err)
               : 0;
}

int queue_fromid_del(const struct store_v1 *store, struct store_tx *tx, const char *account,
                     const struct queue_item *item, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_str key;

    return key_of_item(account, item, a, &key) ? store->tx_del(tx, "queue.fromid", key, err) : 0;
}

int queue_fromid_find(const struct store_v1 *store, struct store_tx *tx, const char *account,
                      const char id[QUEUE_FROMID_LEN], uint64_t *out, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_buf b = MOXD_BUF_INIT(64);
    int rc = store_tx_find(store, tx, "queue.fromid", key_of(account, id, a), &b, err);

    *out = rc > 0 ? queue_key_id(moxd_buf_str(&b)) : 0;
    moxd_buf_fini(&b);
    return rc;
}
