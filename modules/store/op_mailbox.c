/* Making, removing and renaming mailboxes, and what is attached to their names. */
#include "annotation.h"
#include "changed.h"
#include "ops.h"
#include "parsed.h"
#include "viewer.h"

/* --- special uses ------------------------------------------------------------------------------ */

struct uses {
    struct store_tx *tx;
    unsigned wanted;
    uint32_t except;
    uint32_t *ids; /* other mailboxes that have some of them */
    size_t n, cap;
    struct moxd_err *err;
};

static int has_use(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct uses *u = arg;
    struct store_mbox r;

    if (key.n != 5 || store_mbox_decode(val, &r) < 0)
        return store_corrupt(u->tx, "mailbox record", u->err);
    uint32_t id = moxd_get_be32(key.p + 1);
    if ((r.special_use & u->wanted) != 0 && id != u->except) {
        uint32_t *p = moxd_arena_push(u->tx->arena, &u->ids, &u->n, &u->cap, sizeof(*p));
        *p = id;
    }
    return 0;
}

static int find_uses(struct uses *u)
{
    struct store_key all = store_key_table(STORE_T_MAILBOX);
    if (u->wanted == 0)
        return 0;
    return store_scan(u->tx, &all, store_key_str(&all), has_use, u, u->err) < 0 ? -1 : 0;
}

static int put_use(struct store_tx *tx, struct store_box *box, unsigned use, struct moxd_err *err)
{
    box->r.special_use = use;
    box->r.highestmodseq = store_tx_modseq(tx);
    struct store_change *c = store_tx_change(tx, STORE_CHANGE_SPECIAL_USE);
    c->mailbox = box->id;
    c->modseq = box->r.highestmodseq;
    c->name = moxd_arena_cstr(tx->batch->arena, box->r.name);
    c->special_use = use;
    return store_box_save(tx, box, err);
}

/* A role belongs to one mailbox: others lose it (STORE-19 needs one answer). */
int store_op_special_use(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_op_special_use *op = arg;
    struct uses u = { .tx = tx, .wanted = op->use, .except = op->mailbox, .err = err };
    struct store_box box, other;

    if (store_box_load(tx, op->mailbox, &box, err) < 0 || find_uses(&u) < 0)
        return -1;
    for (size_t i = 0; i < u.n; i++)
        if (store_box_load(tx, u.ids[i], &other, err) < 0 ||
            put_use(tx, &other, other.r.special_use & ~op->use, err) < 0)
            return -1;
    return box.r.special_use == op->use ? 0 : put_use(tx, &box, op->use, err);
}

/* --- create ------------------------------------------------------------------------------------ */

int store_op_create(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_op_create *op = arg;
    struct uses u = { .tx = tx, .wanted = op->special_use, .err = err };
    struct store_box box;

    if (find_uses(&u) < 0)
        return -1;
    if (u.n > 0)
        return moxd_err_set(err, MOXD_ERR_STATE, "another mailbox has this special use");
    if (store_box_create(tx, op->name, op->special_use, op->subscribe, &box, err) < 0)
        return -1;
    op->id = box.id;
    return 0;
}

int store_op_init(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_op_init *op = arg;
    uint32_t id;

    if (tx->meta.next_mailbox != 0)
        return 0;
    tx->meta.format = STORE_FORMAT;
    tx->meta.next_mailbox = 1;
    tx->meta.thread_pass = STORE_THREADS_DONE;
    tx->meta.next_uidvalidity = op->uidvalidity;
    if (store_box_create(tx, MOXD_STR("INBOX"), 0, true, NULL, err) < 0 ||
        store_parsed_set_complete(tx, true, err) < 0 || store_changed_begin(tx, err) < 0)
        return -1;
    for (size_t i = 0; i < op->n; i++) {
        struct moxd_str name = moxd_cstr(op->v[i].name);
        int rc = store_box_id(tx, name, &id, err);
        if (rc < 0)
            return -1;
        if (rc == 0 && store_box_create(tx, name, op->v[i].special_use, true, NULL, err) < 0)
            return -1;
    }
    return 0;
}

/* --- delete ------------------------------------------------------------------------------------ */

/* 1 when a mailbox lies below the name. */
static int found(void *arg, struct moxd_str key, struct moxd_str val)
{
    (void)arg, (void)key, (void)val;
    return 1;
}

static int has_children(struct store_tx *tx, struct moxd_str name, struct moxd_err *err)
{
    struct store_key below = store_key_name(STORE_T_NAME, name);
    moxd_assert(below.n < sizeof(below.p));
    below.p[below.n++] = '/';
    return store_scan(tx, &below, store_key_str(&below), found, NULL, err);
}

static int delete_messages(struct store_tx *tx, struct store_box *box, struct moxd_err *err)
{
    struct store_portion *it = store_portion_new(tx, box, NULL);
    int rc;

    tx->quiet = true;
    while ((rc = store_portion_next(tx, it, err)) > 0)
        for (size_t i = 0; i < it->n; i++)
            if (store_msg_expunge(tx, box, it->uid[i], &it->rec[i], err) < 0)
                return -1;
    tx->quiet = false;
    return rc < 0 ? -1 : store_leave_end(tx, box, err);
}

/* Its records, a tombstone in their place. */
static int delete_records(struct store_tx *tx, struct store_box *box, struct moxd_err *err)
{
    struct store_key rec = store_key_u32(STORE_T_MAILBOX, box->id);
    struct store_key name = store_key_name(STORE_T_NAME, box->r.name);
    struct store_key kw = store_key_u32(STORE_T_KEYWORDS, box->id);
    struct store_key gone = store_key_u32(STORE_T_GONE, box->id);
    struct store_key changed = store_key_u32(STORE_T_CHANGED, box->id);
    struct store_key tomb = store_key_mailbox_gone(store_tx_modseq(tx), box->id);
    unsigned char buf[STORE_RECORD_MAX];
    struct store_enc e = { .p = buf, .cap = sizeof(buf) };

    store_enc_u32(&e, box->r.uidvalidity);
    store_enc_bytes(&e, box->r.name);
    tx->meta.gone_modseq = store_tx_modseq(tx);
    moxd_assert(tx->meta.mailboxes > 0);
    tx->meta.mailboxes--;
    if (store_del(tx, &rec, err) < 0 || store_del(tx, &name, err) < 0 ||
        store_del(tx, &kw, err) < 0 || store_clear(tx, &gone, err) < 0 ||
        store_clear(tx, &changed, err) < 0 || store_annotations_clear(tx, box->id, err) < 0 ||
        store_viewers_clear(tx, box->id, err) < 0)
        return -1;
    return store_put(tx, &tomb, store_enc_str(&e), err);
}

int store_op_delete(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    const struct moxd_str *name = arg;
    struct store_box box;

    if (store_name_is_inbox(*name))
        return moxd_err_set(err, MOXD_ERR_INVALID, "INBOX cannot be removed");
    if (store_box_by_name(tx, *name, &box, err) < 0)
        return -1;
    int rc = has_children(tx, *name, err);
    if (rc != 0)
        return rc < 0 ? -1 : moxd_err_set(err, MOXD_ERR_STATE, "the mailbox has children");
    if (delete_messages(tx, &box, err) < 0 || delete_records(tx, &box, err) < 0)
        return -1;
    struct store_change *c = store_tx_change(tx, STORE_CHANGE_MAILBOX_REMOVE);
    c->mailbox = box.id;
    c->modseq = store_tx_modseq(tx);
    c->name = moxd_arena_cstr(tx->batch->arena, box.r.name);
    return 0;
}

int store_op_delete_empty(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    const struct moxd_str *name = arg;
    struct store_box box;

    if (store_box_by_name(tx, *name, &box, err) < 0)
        return -1;
    if (box.r.total > 0)
        return moxd_err_set(err, MOXD_ERR_STATE, "the mailbox has messages");
    return store_op_delete(tx, arg, err);
}

int store_op_recent(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_op_recent *op = arg;
    struct store_box box;

    if (store_box_load(tx, op->mailbox, &box, err) < 0)
        return -1;
    if (op->uid > box.r.uidnext)
        op->uid = box.r.uidnext;
    if (op->uid <= box.r.recent)
        return 0;
    box.r.recent = op->uid;
    return store_box_save(tx, &box, err);
}

/* --- subscriptions ----------------------------------------------------------------------------- */

int store_op_subscribe(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_op_subscribe *op = arg;
    bool changed;

    if (store_subscription(tx, op->name, op->on, &changed, err) < 0)
        return -1;
    if (!changed)
        return 0;
    struct store_change *c = store_tx_change(tx, STORE_CHANGE_SUBSCRIPTION);
    c->modseq = store_tx_modseq(tx);
    c->name = moxd_arena_cstr(tx->batch->arena, op->name);
    c->subscribed = op->on;
    uint32_t id;
    int rc = store_box_id(tx, op->name, &id, err);
    c->mailbox = rc > 0 ? id : 0;
    return rc < 0 ? -1 : 0;
}
