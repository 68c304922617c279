/* Renaming a mailbox with those below it; renaming INBOX moves its messages (RFC 9051 6.3.6, IMAP-09). */
#include "annotation.h"
#include "ops.h"

/* Takes away the index entry of the old name. */
static int unname(struct store_tx *tx, const struct store_box *box, struct moxd_err *err)
{
    struct store_key key = store_key_name(STORE_T_NAME, box->r.name);
    return store_del(tx, &key, err) < 0 ? -1 : 0;
}

static int put_name(struct store_tx *tx, const struct store_box *box, struct moxd_err *err)
{
    struct store_key key = store_key_name(STORE_T_NAME, box->r.name);
    unsigned char val[4];
    moxd_put_be32(val, box->id);
    return store_put(tx, &key, moxd_str((char *)val, sizeof(val)), err);
}

/* "from/rest" becomes "to/rest", which may be too long or too deep. */
static int new_name(const struct store_box *box, const struct store_op_rename *op,
                    struct store_name *out, struct moxd_err *err)
{
    char name[2 * STORE_NAME_MAX];
    struct moxd_str rest = moxd_str_from(box->r.name, op->from.n);

    memcpy(name, op->to.p, op->to.n);
    memcpy(name + op->to.n, rest.p, rest.n);
    return store_name_parse(moxd_str(name, op->to.n + rest.n), out, err);
}

/* A subscription is never taken away with the name (RFC 9051 6.3.8), but follows it. */
static int follow(struct store_tx *tx, const struct store_box *box, struct moxd_str old,
                  bool *subscribed, struct moxd_err *err)
{
    bool changed;

    if (store_subscribed(tx, old, subscribed, err) < 0)
        return -1;
    if (*subscribed && store_subscription(tx, box->r.name, true, &changed, err) < 0)
        return -1;
    return store_subscribed(tx, box->r.name, subscribed, err);
}

static int rename_one(struct store_tx *tx, struct store_box *box, const struct store_op_rename *op,
                      struct moxd_err *err)
{
    struct store_name old = box->name, now;
    bool subscribed;

    if (new_name(box, op, &now, err) < 0 || unname(tx, box, err) < 0)
        return -1;
    box->name = now;
    box->r.name = store_name_str(&box->name);
    box->r.highestmodseq = store_tx_modseq(tx);
    if (put_name(tx, box, err) < 0 || store_box_save(tx, box, err) < 0 ||
        follow(tx, box, store_name_str(&old), &subscribed, err) < 0)
        return -1;
    struct store_change *c = store_tx_change(tx, STORE_CHANGE_MAILBOX_RENAME);
    c->mailbox = box->id;
    c->modseq = box->r.highestmodseq;
    c->name = moxd_arena_cstr(tx->batch->arena, box->r.name);
    c->old_name = moxd_arena_cstr(tx->batch->arena, store_name_str(&old));
    c->subscribed = subscribed;
    c->special_use = box->r.special_use;
    return 0;
}

struct below {
    struct store_tx *tx;
    uint32_t *ids;
    size_t n, cap;
};

static int gather(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct below *b = arg;
    uint32_t *id = moxd_arena_push(b->tx->arena, &b->ids, &b->n, &b->cap, sizeof(*id));

    (void)key;
    *id = val.n == 4 ? moxd_get_be32(val.p) : 0;
    return 0;
}

static int rename_below(struct store_tx *tx, const struct store_op_rename *op,
                        struct moxd_err *err)
{
    struct store_key prefix = store_key_name(STORE_T_NAME, op->from);
    struct below b = { .tx = tx };
    struct store_box box;

    prefix.p[prefix.n++] = '/';
    if (store_scan(tx, &prefix, store_key_str(&prefix), gather, &b, err) < 0)
        return -1;
    for (size_t i = 0; i < b.n; i++)
        if (store_box_load(tx, b.ids[i], &box, err) < 0 || rename_one(tx, &box, op, err) < 0)
            return -1;
    return 0;
}

static int create_parent(struct store_tx *tx, struct moxd_str name, struct moxd_err *err)
{
    struct moxd_str parent = store_name_parent(name);
    uint32_t id;

    if (parent.n == 0)
        return 0;
    int rc = store_box_id(tx, parent, &id, err);
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    return store_box_create(tx, parent, 0, false, NULL, err);
}

static int move_inbox(struct store_tx *tx, struct store_box *inbox,
                      const struct store_op_rename *op, struct moxd_err *err)
{
    struct store_portion *it = store_portion_new(tx, inbox, NULL);
    struct store_box dst;
    uint32_t uid;
    int rc;

    if (store_box_create(tx, op->to, 0, false, &dst, err) < 0 ||
        store_annotations_copy(tx, inbox->id, dst.id, err) < 0)
        return -1;
    while ((rc = store_portion_next(tx, it, err)) > 0)
        for (size_t i = 0; i < it->n; i++)
            if (store_msg_move(tx, inbox, &dst, it->uid[i], &it->rec[i], &uid, err) < 0)
                return -1;
    if (rc < 0 || store_box_save(tx, inbox, err) < 0)
        return -1;
    return store_box_save(tx, &dst, err);
}

int store_op_rename(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_op_rename *op = arg;
    struct store_box box;
    uint32_t id;

    if (store_box_by_name(tx, op->from, &box, err) < 0)
        return -1;
    int rc = store_box_id(tx, op->to, &id, err);
    if (rc != 0)
        return rc < 0 ? -1 : moxd_err_set(err, MOXD_ERR_EXISTS, "the mailbox exists already");
    if (store_name_is_inbox(op->from))
        return move_inbox(tx, &box, op, err);
    if (store_name_below(op->to, op->from))
        return moxd_err_set(err, MOXD_ERR_INVALID, "a mailbox cannot be moved below itself");
    if (create_parent(tx, op->to, err) < 0 || rename_one(tx, &box, op, err) < 0)
        return -1;
    return rename_below(tx, op, err);
}
