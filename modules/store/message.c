#include "changed.h"
#include "expunged.h"
#include "parsed.h"
#include "thread.h"
#include "viewer.h"

static int put_rec(struct store_tx *tx, uint32_t mailbox, uint32_t uid,
                   const struct store_rec *rec, struct moxd_err *err)
{
    unsigned char buf[STORE_RECORD_MAX];
    struct store_key key = store_key_message(mailbox, uid);
    return store_put(tx, &key, store_rec_encode(rec, buf), err);
}

int store_msg_put_place(struct store_tx *tx, uint64_t id, uint32_t mailbox, uint32_t uid,
                        struct moxd_str thread, struct moxd_err *err)
{
    unsigned char val[STORE_PLACE_SIZE + STORE_THREAD_RECORD_MAX];
    struct store_key key = store_key_u64(STORE_T_ID, id);
    moxd_put_be32(val, mailbox);
    moxd_put_be32(val + 4, uid);
    moxd_assert(thread.n <= STORE_THREAD_RECORD_MAX);
    if (thread.n > 0)
        memcpy(val + STORE_PLACE_SIZE, thread.p, thread.n);
    return store_put(tx, &key, moxd_str((char *)val, STORE_PLACE_SIZE + thread.n), err);
}

/* The thread record of a message that stays when its place changes; in tx->arena. */
static int get_thread(struct store_tx *tx, uint64_t id, struct moxd_str *thread,
                      struct moxd_err *err)
{
    struct store_key key = store_key_u64(STORE_T_ID, id);
    struct moxd_str val = { 0 };

    if (store_get(tx, &key, &val, err) < 0)
        return -1;
    *thread = moxd_arena_str(tx->arena, moxd_str_from(val, STORE_PLACE_SIZE));
    return 0;
}

int store_msg_place(struct store_tx *tx, uint64_t id, uint32_t *mailbox, uint32_t *uid,
                    struct moxd_err *err)
{
    struct store_key key = store_key_u64(STORE_T_ID, id);
    struct moxd_str val;
    int rc = store_get(tx, &key, &val, err);

    if (rc <= 0)
        return rc;
    struct store_dec d = store_dec(val);
    *mailbox = store_dec_u32(&d);
    *uid = store_dec_u32(&d);
    return !d.bad ? 1 : store_corrupt(tx, "place of a message", err);
}

int store_msg_by_id(struct store_tx *tx, uint64_t id, uint32_t *mailbox, uint32_t *uid,
                    struct store_rec *rec, struct moxd_err *err)
{
    int rc = store_msg_place(tx, id, mailbox, uid, err);
    return rc > 0 ? store_msg_get(tx, *mailbox, *uid, rec, err) : rc;
}

int store_msg_find(struct store_tx *tx, uint64_t id, uint32_t *mailbox, uint32_t *uid,
                   struct moxd_err *err)
{
    struct store_rec rec;
    return store_msg_by_id(tx, id, mailbox, uid, &rec, err);
}

int store_msg_get(struct store_tx *tx, uint32_t mailbox, uint32_t uid, struct store_rec *rec,
                  struct moxd_err *err)
{
    struct store_key key = store_key_message(mailbox, uid);
    struct moxd_str val;
    int rc = store_get(tx, &key, &val, err);

    if (rc <= 0)
        return rc;
    return store_rec_decode(val, rec) == 0 ? 1 : store_corrupt(tx, "message record", err);
}

int store_msg_show(struct store_tx *tx, struct store_box *box, uint32_t uid,
                   const struct store_rec *r, struct moxd_arena *a, struct store_msg *out,
                   struct moxd_err *err)
{
    *out = (struct store_msg){
        .id = r->id, .mailbox = box->id, .uid = uid, .modseq = r->modseq,
        .createseq = r->createseq, .flags = r->flags,
        .received = { r->received, (int16_t)r->zone }, .saved = r->saved, .size = r->size,
        .emailid = store_rec_emailid(r), .reject = r->reject,
        .delivered = r->delivered != 0 ? r->delivered : box->id,
    };
    if (r->nkw == 0)
        return 0;
    if (store_box_keywords(tx, box, err) < 0)
        return -1;
    return store_kwlist_names(tx, box->kw, r->kw, r->nkw, a, &out->keywords, err);
}

/* --- counts ------------------------------------------------------------------------------------ */

static void count_in(struct store_tx *tx, struct store_box *box, const struct store_rec *r)
{
    moxd_assert(box->r.total < UINT32_MAX);
    box->r.total++;
    box->r.unseen += (r->flags & STORE_SEEN) == 0;
    box->r.deleted += (r->flags & STORE_DELETED) != 0;
    box->r.size += r->size;
    tx->meta.messages++;
    tx->meta.size += r->size;
}

/* False when the counts say that this message cannot be there. */
static bool count_out(struct store_tx *tx, struct store_box *box, const struct store_rec *r)
{
    uint32_t unseen = (r->flags & STORE_SEEN) == 0, deleted = (r->flags & STORE_DELETED) != 0;

    if (box->r.total == 0 || box->r.unseen < unseen || box->r.deleted < deleted ||
        box->r.size < r->size || tx->meta.messages == 0 || tx->meta.size < r->size)
        return false;
    box->r.total--;
    box->r.unseen -= unseen;
    box->r.deleted -= deleted;
    box->r.size -= r->size;
    tx->meta.messages--;
    tx->meta.size -= r->size;
    return true;
}

/* --- telling ----------------------------------------------------------------------------------- */

static int tell(struct store_tx *tx, enum store_change_kind kind, struct store_box *box,
                uint32_t uid, const struct store_rec *r, struct moxd_err *err)
{
    if (tx->quiet)
        return 0;
    struct store_change *c = store_tx_change(tx, kind);
    c->mailbox = box->id;
    c->uid = uid;
    c->id = r->id;
    c->modseq = store_tx_modseq(tx);
    if (kind == STORE_CHANGE_EXPUNGE)
        return 0;
    c->flags = r->flags;
    if (r->nkw == 0)
        return 0;
    if (store_box_keywords(tx, box, err) < 0)
        return -1;
    return store_kwlist_names(tx, box->kw, r->kw, r->nkw, tx->batch->arena, &c->keywords, err);
}

/* --- hooks ------------------------------------------------------------------------------------- */

/* One side of an event. */
struct side {
    struct store_box *box;
    uint32_t uid;
    const struct store_rec *rec;
};

static int run_hooks(struct store_tx *tx, struct side old, struct side now,
                     struct store_origin origin, struct moxd_err *err)
{
    const struct moxd_hook_ref *h = tx->bt->hooks;
    struct store_msg msg[2];
    struct store_mailbox box[2];

    if (h == NULL || h->fn == NULL)
        return 0;
    struct store_change_event ev = {
        .account = tx->bt->name, .origin = origin.name ? origin.name : "",
        .origin_data = origin.data, .store = tx->bt->api,
        .old = old.box ? &msg[0] : NULL, .old_mailbox = old.box ? &box[0] : NULL,
        .now = now.box ? &msg[1] : NULL, .now_mailbox = now.box ? &box[1] : NULL,
    };
    if (old.box != NULL && (store_msg_show(tx, old.box, old.uid, old.rec, tx->arena, &msg[0], err) < 0 ||
                            store_box_show(tx, old.box, false, tx->arena, &box[0], err) < 0))
        return -1;
    if (now.box != NULL && (store_msg_show(tx, now.box, now.uid, now.rec, tx->arena, &msg[1], err) < 0 ||
                            store_box_show(tx, now.box, false, tx->arena, &box[1], err) < 0))
        return -1;
    for (; h->fn != NULL; h++)
        if (((moxd_on_store_change_fn *)h->fn)(tx, &ev, err) < 0)
            return -1;
    return 0;
}

/* --- the four changes -------------------------------------------------------------------------- */

/* Record, index, counts, telling; no hooks. */
static int place(struct store_tx *tx, struct store_box *box, struct store_rec *rec,
                 struct moxd_str thread, uint32_t *uid, struct moxd_err *err)
{
    if (store_box_uid(box, uid, err) < 0)
        return -1;
    rec->modseq = box->r.highestmodseq = store_tx_modseq(tx);
    if (put_rec(tx, box->id, *uid, rec, err) < 0 ||
        store_msg_put_place(tx, rec->id, box->id, *uid, thread, err) < 0 ||
        store_changed_note(tx, box, *uid, err) < 0)
        return -1;
    count_in(tx, box, rec);
    return tell(tx, STORE_CHANGE_ADD, box, *uid, rec, err);
}

/* Takes the record out and leaves a tombstone; e: when it is expunged, not moved. */
static int displace(struct store_tx *tx, struct store_box *box, uint32_t uid,
                    const struct store_rec *rec, const struct store_expunged *e, struct moxd_err *err)
{
    struct store_key key = store_key_message(box->id, uid);

    int rc = store_del(tx, &key, err);
    if (rc < 0 || store_leave(tx, box, uid, e, err) < 0)
        return -1;
    if (rc == 0 || !count_out(tx, box, rec))
        return store_corrupt(tx, "counts of a mailbox", err);
    if (store_seen_remove(tx, box, uid, err) < 0)
        return -1;
    box->r.highestmodseq = tx->meta.gone_modseq = store_tx_modseq(tx);
    return tell(tx, STORE_CHANGE_EXPUNGE, box, uid, rec, err);
}

int store_msg_insert(struct store_tx *tx, struct store_box *box, struct store_rec *rec,
                     struct moxd_str thread, struct store_origin origin, uint32_t *uid,
                     struct moxd_err *err)
{
    moxd_assert(rec->id > 0 && rec->prefix <= rec->size);
    rec->createseq = store_tx_modseq(tx);
    if (place(tx, box, rec, thread, uid, err) < 0)
        return -1;
    return run_hooks(tx, (struct side){ 0 }, (struct side){ box, *uid, rec }, origin, err);
}

static bool only_seen(const struct store_rec *old, const struct store_rec *now)
{
    return (old->flags ^ now->flags) == STORE_SEEN && old->nkw == now->nkw &&
           memcmp(old->kw, now->kw, now->nkw * sizeof(now->kw[0])) == 0;
}

int store_msg_update(struct store_tx *tx, struct store_box *box, uint32_t uid,
                     const struct store_rec *old, struct store_rec *now, struct moxd_err *err)
{
    moxd_assert(old->id == now->id && old->size == now->size);
    if (!count_out(tx, box, old))
        return store_corrupt(tx, "counts of a mailbox", err);
    count_in(tx, box, now);
    now->modseq = box->r.highestmodseq = store_tx_modseq(tx);
    if (put_rec(tx, box->id, uid, now, err) < 0 || store_changed_note(tx, box, uid, err) < 0 ||
        tell(tx, STORE_CHANGE_FLAGS, box, uid, now, err) < 0)
        return -1;
    if (!tx->quiet)
        tx->batch->v[tx->batch->n - 1].seen_only = only_seen(old, now);
    return run_hooks(tx, (struct side){ box, uid, old }, (struct side){ box, uid, now },
                     (struct store_origin){ 0 }, err);
}

int store_msg_translate(struct store_tx *tx, struct store_box *src, struct store_box *dst,
                        struct store_rec *rec, struct moxd_err *err)
{
    struct store_keywords kw;

    if (rec->nkw == 0 || src->id == dst->id)
        return 0;
    if (store_box_keywords(tx, src, err) < 0 || store_box_keywords(tx, dst, err) < 0)
        return -1;
    if (store_kwlist_names(tx, src->kw, rec->kw, rec->nkw, tx->arena, &kw, err) < 0)
        return -1;
    return store_kwlist_numbers(tx, dst->kw, kw, rec->kw, &rec->nkw, err);
}

static int move_parsed(struct store_tx *tx, uint32_t src, uint32_t uid, uint32_t dst,
                       uint32_t new_uid, struct moxd_err *err)
{
    struct store_place from = { src, uid }, to = { dst, new_uid };

    return store_parsed_copy(tx, from, to, err) < 0 ? -1 : store_parsed_del(tx, from, err);
}

void store_msg_leave(struct store_rec *rec, const struct store_box *src, const struct store_box *dst)
{
    if (src->id == dst->id)
        return;
    if (rec->reject)
        rec->flags &= ~(uint32_t)STORE_SEEN;
    if ((dst->r.special_use & STORE_USE_JUNK) != 0)
        rec->flags = (rec->flags | STORE_JUNK) & ~(uint32_t)STORE_NOTJUNK;
    store_rec_leave(rec, src->id, dst->id);
}

int store_msg_move(struct store_tx *tx, struct store_box *src, struct store_box *dst, uint32_t uid,
                   struct store_rec *rec, uint32_t *new_uid, struct moxd_err *err)
{
    struct store_rec old = *rec;
    struct moxd_str thread;

    moxd_assert(src == dst || src->id != dst->id);
    *new_uid = dst->r.uidnext;
    if (store_seen_copy(tx, src, uid, dst, *new_uid, err) < 0 ||
        displace(tx, src, uid, rec, NULL, err) < 0 || get_thread(tx, rec->id, &thread, err) < 0 ||
        store_msg_translate(tx, src, dst, rec, err) < 0)
        return -1;
    rec->saved = moxd_wall();
    store_msg_leave(rec, src, dst);
    if (place(tx, dst, rec, thread, new_uid, err) < 0 ||
        move_parsed(tx, src->id, uid, dst->id, *new_uid, err) < 0)
        return -1;
    return run_hooks(tx, (struct side){ src, uid, &old }, (struct side){ dst, *new_uid, rec },
                     (struct store_origin){ 0 }, err);
}

int store_msg_expunge(struct store_tx *tx, struct store_box *box, uint32_t uid,
                      const struct store_rec *rec, struct moxd_err *err)
{
    struct store_expunged e = { uid, rec->id, { rec->body, rec->size, rec->prefix, rec->where }, rec->received };

    if (displace(tx, box, uid, rec, &e, err) < 0)
        return -1;
    return run_hooks(tx, (struct side){ box, uid, rec }, (struct side){ 0 },
                     (struct store_origin){ 0 }, err);
}
