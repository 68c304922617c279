/* Reading messages with what is stored beside them, in portions: a scan of each table instead of a look-up
 * for each message. */
#include "ops.h"
#include "table.h"
#include "viewer.h"

/* A portion whose UIDs are spread over so many times their number is looked up one by one. */
enum { SPARSE = 8 };

struct items {
    struct store_tx *tx;
    struct store_box box;
    struct store_portion *it;
    struct store_seen seen;
    struct moxd_arena *a;       /* of a portion */
    struct moxd_str *beside[2]; /* header and structure of each, in a; NULL: not asked for */
    struct moxd_err *err;
};
struct joining {
    struct items *in;
    struct moxd_str *out;
    size_t at;
};

/* --- what is beside ---------------------------------------------------------------------------- */

static int join(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct joining *j = arg;
    const struct store_portion *it = j->in->it;

    if (key.n != 9)
        return store_corrupt(j->in->tx, "key of a parsed message", j->in->err);
    uint32_t uid = moxd_get_be32(key.p + 5);
    while (j->at < it->n && it->uid[j->at] < uid)
        j->at++;
    if (j->at == it->n)
        return 1;
    if (it->uid[j->at] == uid)
        j->out[j->at] = moxd_arena_str(j->in->a, val);
    return 0;
}

static int look_up(struct items *in, enum store_table table, struct moxd_str *out)
{
    for (size_t i = 0; i < in->it->n; i++) {
        struct store_key key = store_key_place(table, in->box.id, in->it->uid[i]);
        struct moxd_str val;
        int rc = store_get(in->tx, &key, &val, in->err);

        if (rc < 0)
            return -1;
        if (rc > 0)
            out[i] = moxd_arena_str(in->a, val);
    }
    return 0;
}

static int read_beside(struct items *in, enum store_table table, struct moxd_str **out)
{
    const struct store_portion *it = in->it;
    struct joining j = { .in = in };

    *out = j.out = moxd_arena_calloc(in->a, it->n, sizeof(**out));
    if (it->n < SPARSE || it->uid[it->n - 1] - it->uid[0] > SPARSE * it->n)
        return look_up(in, table, j.out);
    struct store_key from = store_key_place(table, in->box.id, it->uid[0]);
    struct store_key prefix = store_key_u32(table, in->box.id);
    return store_scan(in->tx, &from, store_key_str(&prefix), join, &j, in->err) < 0 ? -1 : 0;
}

/* --- the messages ------------------------------------------------------------------------------ */

static int give(struct items *in, size_t i, store_item_fn *fn, void *arg)
{
    const struct store_rec *rec = &in->it->rec[i];
    struct store_msg msg;
    struct store_item item = { .msg = &msg, .in_database = rec->where == STORE_IN_DB,
                               .body = store_rec_body(rec) };

    if (store_msg_show(in->tx, &in->box, in->it->uid[i], rec, in->a, &msg, in->err) < 0)
        return -1;
    store_seen_show(&in->seen, msg.uid, &msg.flags, &msg.modseq);
    if (in->beside[0] != NULL)
        item.header = in->beside[0][i];
    if (in->beside[1] != NULL)
        item.structure = in->beside[1][i];
    return fn(arg, in->tx, &item, in->err);
}

static int give_portion(struct items *in, unsigned with, store_item_fn *fn, void *arg)
{
    if ((with & STORE_WITH_HEADER) && read_beside(in, STORE_T_HEADER, &in->beside[0]) < 0)
        return -1;
    if ((with & STORE_WITH_STRUCTURE) && read_beside(in, STORE_T_STRUCTURE, &in->beside[1]) < 0)
        return -1;
    for (size_t i = 0; i < in->it->n; i++) {
        int rc = give(in, i, fn, arg);

        if (rc != 0)
            return rc;
    }
    return 0;
}

int store_tx_messages(struct store_tx *tx, uint32_t mailbox, const struct store_uids *uids,
                      unsigned with, store_item_fn *fn, void *arg, struct moxd_err *err)
{
    struct items in = { .tx = tx, .err = err };
    int rc;

    if (store_box_load(tx, mailbox, &in.box, err) < 0 ||
        store_seen_load(tx, mailbox, uids, &in.seen, err) < 0)
        return -1;
    in.it = store_portion_new(tx, &in.box, uids);
    if (uids != NULL)
        in.it->last = UINT32_MAX; /* hooks ask for what is being added, of which the mailbox is told last */
    in.a = moxd_arena_new(0);
    while ((rc = store_portion_next(tx, in.it, err)) > 0) {
        rc = give_portion(&in, with, fn, arg);
        if (rc != 0)
            break;
        moxd_arena_reset(in.a);
    }
    moxd_arena_free(in.a);
    return rc;
}

int store_tx_body(struct store_tx *tx, const struct store_item *item, struct moxd_str *out,
                  struct moxd_err *err)
{
    struct store_key key = store_key_u64(STORE_T_DATA, item->body);

    if (!item->in_database)
        return 0;
    *out = moxd_str("", 0);
    int rc = item->msg->size > 0 ? store_get(tx, &key, out, err) : 1;
    if (rc < 0)
        return -1;
    return rc > 0 && out->n == item->msg->size
               ? 1
               : store_corrupt(tx, "body of a message is missing", err);
}
