#include "queue_sentid.h"

#include <moxd/enc.h>
#include <moxd/hash.h>
#include <moxmail/address.h>

#include "queue_fromid.h"

enum { HASH = 8, ID = 8, KEY_MAX = 600 };
enum kind { MESSAGE_ID, ENVID, KINDS };

/* Keys that are on disk need the same one for ever; an account can only make trouble for itself. */
static const struct moxd_hash_key hash_key = { { 0x71756575652e7365, 0x6e7469642d763120 } };

/* --- texts ------------------------------------------------------------------------------------- */

static struct moxd_str decoded(const char *envid, struct moxd_arena *a)
{
    struct moxd_buf b = MOXD_BUF_INIT(1024);
    struct moxd_str s = MOXD_STR("");

    if (envid && moxd_xtext_decode(&b, moxd_cstr(envid)) == 0)
        s = moxd_arena_str(a, moxd_buf_str(&b));
    moxd_buf_fini(&b);
    return s;
}

static void texts_of(const struct queue_message *msg, struct moxd_arena *a,
                     struct moxd_str out[KINDS])
{
    out[MESSAGE_ID] = moxd_str_trim(moxd_cstr(msg->message_id));
    out[ENVID] = decoded(msg->envid, a);
}

bool queue_sentid_is(const struct queue_message *msg, struct moxd_str envid,
                     struct moxd_str message_id, struct moxd_arena *a)
{
    struct moxd_str have[KINDS];

    texts_of(msg, a, have);
    return (envid.n > 0 && moxd_str_eq(have[ENVID], envid)) ||
           (message_id.n > 0 && moxd_str_eq(have[MESSAGE_ID], message_id));
}

/* --- keys -------------------------------------------------------------------------------------- */

/* account NUL hash; with an id, all of it. */
static struct moxd_str key_of(char out[KEY_MAX], const char *account, enum kind kind,
                              struct moxd_str text, uint64_t id)
{
    size_t n = strlen(account) + 1;

    moxd_assert(n + HASH + ID <= KEY_MAX);
    memcpy(out, account, n);
    moxd_put_be64(out + n, moxd_hash(&hash_key, text) + kind);
    moxd_put_be64(out + n + HASH, id);
    return moxd_str(out, n + HASH + (id != 0 ? ID : 0));
}

static bool has_place(const struct queue_message *msg)
{
    return msg->account && strlen(msg->account) < KEY_MAX - HASH - ID;
}

int queue_sentid_put(const struct store_v1 *store, struct store_tx *tx,
                     const struct queue_message *msg, const struct queue_item *item,
                     struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_str texts[KINDS];
    char key[KEY_MAX];

    if (item->fromid)
        return queue_fromid_put(store, tx, msg->account, item, err);
    if (!has_place(msg))
        return 0;
    texts_of(msg, a, texts);
    for (enum kind k = 0; k < KINDS; k++)
        if (texts[k].n > 0 &&
            store->tx_put(tx, "queue.sentid", key_of(key, msg->account, k, texts[k], item->id),
                          MOXD_STR(""), err) < 0)
            return -1;
    return 0;
}

int queue_sentid_del(const struct store_v1 *store, struct store_tx *tx,
                     const struct queue_message *msg, const struct queue_item *item,
                     struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_str texts[KINDS];
    char key[KEY_MAX];

    if (item->fromid)
        return queue_fromid_del(store, tx, msg->account, item, err);
    if (!has_place(msg))
        return 0;
    texts_of(msg, a, texts);
    for (enum kind k = 0; k < KINDS; k++)
        if (texts[k].n > 0 &&
            store->tx_del(tx, "queue.sentid", key_of(key, msg->account, k, texts[k], item->id),
                          err) < 0)
            return -1;
    return 0;
}

/* --- finding ----------------------------------------------------------------------------------- */

struct finding {
    uint64_t *ids;
    int n;
};

static int one(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct finding *f = arg;

    (void)val;
    f->ids[f->n++] = moxd_get_be64(key.p + key.n - ID);
    return f->n == QUEUE_SENTIDS_MAX;
}

int queue_sentid_find(const struct store_v1 *store, struct store_tx *tx, const char *account,
                      struct moxd_str envid, struct moxd_str message_id,
                      uint64_t ids[QUEUE_SENTIDS_MAX], struct moxd_err *err)
{
    const struct moxd_str texts[KINDS] = { [MESSAGE_ID] = message_id, [ENVID] = envid };
    struct finding f = { ids, 0 };
    char key[KEY_MAX];

    if (strlen(account) >= KEY_MAX - HASH - ID)
        return 0;
    for (enum kind k = KINDS; k-- > 0 && f.n == 0;)
        if (texts[k].n > 0 &&
            store->tx_each(tx, "queue.sentid", key_of(key, account, k, texts[k], 0), one, &f, err) <
                0)
            return -1;
    return f.n;
}
