#include "changed.h"
#include "expunged.h"
#include "viewer.h"

static int not_found(struct moxd_err *err)
{
    return moxd_err_set(err, MOXD_ERR_NOTFOUND, "no such mailbox");
}

int store_box_load(struct store_tx *tx, uint32_t id, struct store_box *box, struct moxd_err *err)
{
    struct store_key key = store_key_u32(STORE_T_MAILBOX, id);
    struct moxd_str val;
    int rc = store_get(tx, &key, &val, err);

    if (rc <= 0)
        return rc < 0 ? -1 : not_found(err);
    if (store_mbox_decode(val, &box->r) < 0)
        return store_corrupt(tx, "mailbox record", err);
    box->id = id;
    box->kw = NULL;
    box->leaving = NULL;
    box->changed = false;
    memcpy(box->name.p, box->r.name.p, box->r.name.n);
    box->name.n = box->r.name.n;
    box->name.p[box->name.n] = '\0';
    box->r.name = store_name_str(&box->name);
    return 0;
}

int store_box_id(struct store_tx *tx, struct moxd_str name, uint32_t *id, struct moxd_err *err)
{
    struct store_key key = store_key_name(STORE_T_NAME, name);
    struct moxd_str val;
    int rc = store_get(tx, &key, &val, err);

    if (rc <= 0)
        return rc;
    struct store_dec d = store_dec(val);
    *id = store_dec_u32(&d);
    return store_dec_done(&d) ? 1 : store_corrupt(tx, "mailbox name", err);
}

int store_box_by_name(struct store_tx *tx, struct moxd_str name, struct store_box *box,
                      struct moxd_err *err)
{
    uint32_t id;
    int rc = store_box_id(tx, name, &id, err);
    if (rc <= 0)
        return rc < 0 ? -1 : not_found(err);
    return store_box_load(tx, id, box, err);
}

int store_box_keywords(struct store_tx *tx, struct store_box *box, struct moxd_err *err)
{
    return box->kw != NULL ? 0 : store_kwlist_load(tx, box->id, &box->kw, err);
}

int store_box_save(struct store_tx *tx, struct store_box *box, struct moxd_err *err)
{
    unsigned char buf[STORE_RECORD_MAX];
    struct store_key key = store_key_u32(STORE_T_MAILBOX, box->id);

    if (box->kw != NULL && box->kw->changed) {
        box->r.highestmodseq = store_tx_modseq(tx);
        if (store_kwlist_save(tx, box->kw, err) < 0)
            return -1;
    }
    if (store_changed_end(tx, box, err) < 0 || store_leave_end(tx, box, err) < 0)
        return -1;
    return store_put(tx, &key, store_mbox_encode(&box->r, buf), err);
}

int store_box_uid(struct store_box *box, uint32_t *uid, struct moxd_err *err)
{
    if (box->r.uidnext == UINT32_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "the mailbox has given out all UIDs");
    *uid = box->r.uidnext++;
    return 0;
}

int store_subscribed(struct store_tx *tx, struct moxd_str name, bool *on, struct moxd_err *err)
{
    struct store_key key = store_key_name(STORE_T_SUBSCRIPTION, name);
    struct moxd_str val;
    int rc = store_get(tx, &key, &val, err);

    *on = rc == 1;
    return rc < 0 ? -1 : 0;
}

int store_subscription(struct store_tx *tx, struct moxd_str name, bool on, bool *changed,
                       struct moxd_err *err)
{
    struct store_key key = store_key_name(STORE_T_SUBSCRIPTION, name);
    bool was;

    if (store_subscribed(tx, name, &was, err) < 0)
        return -1;
    *changed = was != on;
    if (!*changed)
        return 0;
    if (on)
        return store_put(tx, &key, MOXD_STR(""), err);
    return store_del(tx, &key, err) < 0 ? -1 : 0;
}

/* --- making ------------------------------------------------------------------------------------ */

static void tell_created(struct store_tx *tx, const struct store_box *box, bool subscribed)
{
    struct store_change *c = store_tx_change(tx, STORE_CHANGE_MAILBOX_ADD);
    c->mailbox = box->id;
    c->modseq = box->r.createseq;
    c->name = moxd_arena_cstr(tx->batch->arena, box->r.name);
    c->subscribed = subscribed;
    c->special_use = box->r.special_use;
}

/* Ids, validities and the number of mailboxes are finite. */
static int check_room(struct store_tx *tx, struct moxd_err *err)
{
    if (tx->meta.next_mailbox > STORE_MAILBOX_ID_MAX || tx->meta.next_uidvalidity == UINT32_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "the account has given out all mailbox numbers");
    if (tx->meta.mailboxes >= STORE_MAILBOXES_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "more than %d mailboxes", STORE_MAILBOXES_MAX);
    return 0;
}

static int put_name(struct store_tx *tx, struct moxd_str name, uint32_t id, struct moxd_err *err)
{
    struct store_key key = store_key_name(STORE_T_NAME, name);
    unsigned char val[4];
    moxd_put_be32(val, id);
    return store_put(tx, &key, moxd_str((char *)val, sizeof(val)), err);
}

/* One mailbox whose name is free and whose parent is there. */
static int make(struct store_tx *tx, struct moxd_str name, unsigned special_use, bool subscribe,
                struct store_box *box, struct moxd_err *err)
{
    bool changed;

    if (check_room(tx, err) < 0)
        return -1;
    *box = (struct store_box){ .id = tx->meta.next_mailbox++ };
    memcpy(box->name.p, name.p, name.n);
    box->name.n = name.n;
    box->r = (struct store_mbox){ .uidvalidity = tx->meta.next_uidvalidity++, .uidnext = 1, .recent = 1,
                                  .special_use = special_use, .name = store_name_str(&box->name) };
    box->r.createseq = box->r.highestmodseq = store_tx_modseq(tx);
    tx->meta.mailboxes++;
    if (put_name(tx, name, box->id, err) < 0 || store_box_save(tx, box, err) < 0)
        return -1;
    if (subscribe && store_subscription(tx, name, true, &changed, err) < 0)
        return -1;
    if (store_subscribed(tx, name, &subscribe, err) < 0)
        return -1;
    tell_created(tx, box, subscribe);
    return 0;
}

static int make_parents(struct store_tx *tx, struct moxd_str name, bool subscribe,
                        struct moxd_err *err)
{
    for (size_t i = 0; i < name.n; i++) {
        struct store_box parent;
        uint32_t id;
        if (name.p[i] != '/')
            continue;
        int rc = store_box_id(tx, moxd_str(name.p, i), &id, err);
        if (rc < 0)
            return -1;
        if (rc == 0 && make(tx, moxd_str(name.p, i), 0, subscribe, &parent, err) < 0)
            return -1;
    }
    return 0;
}

int store_box_create(struct store_tx *tx, struct moxd_str name, unsigned special_use,
                     bool subscribe, struct store_box *box, struct moxd_err *err)
{
    struct store_box local;
    uint32_t id;

    moxd_assert(name.n > 0 && name.n <= STORE_NAME_MAX);
    int rc = store_box_id(tx, name, &id, err);
    if (rc != 0)
        return rc < 0 ? -1 : moxd_err_set(err, MOXD_ERR_EXISTS, "the mailbox exists already");
    if (make_parents(tx, name, subscribe, err) < 0)
        return -1;
    return make(tx, name, special_use, subscribe, box != NULL ? box : &local, err);
}

int store_box_show(struct store_tx *tx, struct store_box *box, bool subscribed,
                   struct moxd_arena *a, struct store_mailbox *out, struct moxd_err *err)
{
    struct store_viewer_rec viewer = { 0 };

    if (store_box_keywords(tx, box, err) < 0 ||
        (tx->viewer != 0 && store_viewer_get(tx, box->id, &viewer, err) < 0))
        return -1;
    *out = (struct store_mailbox){
        .id = box->id, .name = moxd_arena_cstr(a, box->r.name),
        .uidvalidity = box->r.uidvalidity, .uidnext = box->r.uidnext,
        .highestmodseq = box->r.highestmodseq, .createseq = box->r.createseq,
        .special_use = box->r.special_use, .subscribed = subscribed,
        .total = box->r.total, .unseen = box->r.unseen, .deleted = box->r.deleted,
        .size = box->r.size, .recent = box->r.recent, .keywords = store_kwlist_all(box->kw, a),
    };
    if (tx->viewer == 0)
        return 0;
    if (viewer.seen > out->total)
        return store_corrupt(tx, "counts of a viewer", err);
    out->unseen = out->total - viewer.seen;
    if (viewer.modseq > out->highestmodseq)
        out->highestmodseq = viewer.modseq;
    return 0;
}
