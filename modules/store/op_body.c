/* Where bodies are, and what modules note beside them. */
#include "ops.h"

/* Of a message that has a place: that is there, or was expunged and not yet erased. 1, 0, -1. */
static int find_placed(struct store_tx *tx, uint32_t mailbox, uint32_t uid, struct store_erase *out,
                       struct moxd_err *err)
{
    struct store_expunged e;
    struct store_rec rec;
    int rc = store_msg_get(tx, mailbox, uid, &rec, err);

    if (rc > 0)
        *out = (struct store_erase){ rec.body, rec.size, rec.prefix, rec.where };
    if (rc != 0)
        return rc;
    rc = store_expunged_find(tx, mailbox, uid, &e, err);
    if (rc > 0)
        *out = e.body;
    return rc != 0 ? rc : store_corrupt(tx, "id without a message", err);
}

static int find_body(struct store_tx *tx, uint64_t id, struct store_erase *out, struct moxd_err *err)
{
    struct store_key erase = store_key_u64(STORE_T_ERASE, id);
    struct moxd_str val;
    uint32_t mailbox, uid;
    int rc = store_msg_place(tx, id, &mailbox, &uid, err);

    if (rc > 0)
        return find_placed(tx, mailbox, uid, out, err);
    if (rc < 0 || (rc = store_get(tx, &erase, &val, err)) <= 0)
        return rc;
    return store_erase_decode(val, out) == 0
               ? 1
               : store_corrupt(tx, "record of an expunged message", err);
}

static int find_kept(struct store_tx *tx, uint64_t id, struct store_erase *out,
                     struct moxd_err *err)
{
    struct store_key key = store_key_u64(STORE_T_KEPT, id);
    struct moxd_str val;
    int rc = store_get(tx, &key, &val, err);

    if (rc <= 0)
        return rc;
    return store_erase_decode(val, out) == 0 ? 1 : store_corrupt(tx, "body of the server", err);
}

int store_op_body(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_op_body *op = arg;
    struct moxd_str val;

    moxd_buf_reset(op->data);
    int rc = op->kept ? find_kept(tx, op->id, &op->place, err)
                      : find_body(tx, op->id, &op->place, err);
    if (rc <= 0)
        return rc < 0 ? -1 : moxd_err_set(err, MOXD_ERR_NOTFOUND, "no such message");
    uint64_t want = op->place.where == STORE_IN_DB ? op->place.size : op->place.prefix;
    if (want == 0)
        return 0;
    struct store_key key =
        store_key_u64(STORE_T_DATA, op->place.body != 0 ? op->place.body : op->id);
    rc = store_get(tx, &key, &val, err);
    if (rc < 0)
        return -1;
    if (rc == 0 || val.n != want)
        return store_corrupt(tx, "body of a message is missing", err);
    moxd_buf_addstr(op->data, val);
    moxd_assert(!op->data->overflow);
    return 0;
}

/* --- notes ------------------------------------------------------------------------------------- */

static int note_check(const struct store_op_note *op, struct moxd_err *err)
{
    if (op->name.n == 0 || op->name.n > STORE_TABLE_NAME_MAX)
        return moxd_err_set(err, MOXD_ERR_INVALID, "bad name of a note");
    if (op->value.n > STORE_VALUE_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "note too large");
    return 0;
}

int store_op_note_get(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_op_note *op = arg;
    struct store_key key;
    struct moxd_str val;

    if (note_check(op, err) < 0)
        return -1;
    key = store_key_note(op->id, op->name);
    int rc = store_get(tx, &key, &val, err);
    if (rc <= 0)
        return rc < 0 ? -1 : moxd_err_set(err, MOXD_ERR_NOTFOUND, "no such note");
    moxd_buf_addstr(op->out, val);
    return op->out->overflow ? moxd_err_set(err, MOXD_ERR_LIMIT, "note too large") : 0;
}

/* Only beside a message that is there: else it would never go away. */
int store_op_note_set(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_op_note *op = arg;
    struct store_key key;
    uint32_t mailbox, uid;

    if (note_check(op, err) < 0)
        return -1;
    int rc = store_msg_find(tx, op->id, &mailbox, &uid, err);
    if (rc <= 0)
        return rc < 0 ? -1 : moxd_err_set(err, MOXD_ERR_NOTFOUND, "no such message");
    key = store_key_note(op->id, op->name);
    return store_put(tx, &key, op->value, err);
}
