/* Adding messages: bodies are on disk already, or come along. */
#include "ops.h"
#include "parsed.h"
#include "recipients.h"
#include "thread.h"
#include "viewer.h"

/* The mailbox of an add, made when it is missing and that was asked for. */
static int find_box(struct store_tx *tx, const struct store_add *add, struct store_box *box,
                    struct moxd_err *err)
{
    struct store_name name;
    uint32_t id = add->mailbox;

    if (id != 0)
        return store_box_load(tx, id, box, err);
    if (store_name_parse(moxd_cstr(add->mailbox_name), &name, err) < 0)
        return -1;
    int rc = store_box_id(tx, store_name_str(&name), &id, err);
    if (rc < 0)
        return -1;
    if (rc == 0 && add->create)
        return store_box_create(tx, store_name_str(&name), 0, true, box, err);
    if (rc == 0)
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "no such mailbox");
    return store_box_load(tx, id, box, err);
}

static int check(const struct store_add *add, uint64_t body_size, struct moxd_err *err)
{
    if (add->prefix.n > STORE_PREFIX_MAX || body_size > STORE_SIZE_MAX - STORE_PREFIX_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "message too large");
    if ((add->flags & ~(unsigned)STORE_FLAGS_ALL) != 0)
        return moxd_err_set(err, MOXD_ERR_INVALID, "unknown flag");
    return store_keywords_check(add->keywords, err);
}

int store_quota_check(const struct store_meta *meta, struct store_quota quota, uint64_t size,
                      struct moxd_err *err)
{
    if (quota.size > 0 && size > quota.size)
        return moxd_err_smtp_set(err, MOXD_ERR_LIMIT, 552, "5.2.2",
                                 "the message is larger than what the mailbox may hold");
    if ((quota.size > 0 && meta->size > quota.size - size) ||
        (quota.messages > 0 && meta->messages >= quota.messages))
        return moxd_err_smtp_set(err, MOXD_ERR_LIMIT, 452, "4.2.2", "the mailbox is full");
    return 0;
}

/* The prefix, and the body when it is small. */
static int put_data(struct store_tx *tx, const struct store_op_one *one, struct moxd_err *err)
{
    struct store_key key = store_key_u64(STORE_T_DATA, one->id);
    struct moxd_str prefix = one->add->prefix;

    if (one->where == STORE_IN_FILE)
        return prefix.n == 0 ? 0 : store_put(tx, &key, prefix, err);
    if (prefix.n == 0)
        return store_put(tx, &key, one->body, err);
    char *both = moxd_arena_alloc(tx->arena, prefix.n + one->body.n);
    memcpy(both, prefix.p, prefix.n);
    if (one->body.n > 0)
        memcpy(both + prefix.n, one->body.p, one->body.n);
    return store_put(tx, &key, moxd_str(both, prefix.n + one->body.n), err);
}

static int put_parsed(struct store_tx *tx, const struct store_op_one *one, struct store_place at,
                      struct moxd_err *err)
{
    if (one->parsed != NULL)
        return store_parsed_put(tx, at, one->parsed, err);
    return store_parsed_set_complete(tx, false, err);
}

static struct store_rec record(const struct store_op_one *one)
{
    const struct store_add *add = one->add;
    return (struct store_rec){
        .id = one->id, .flags = add->flags, .received = add->received.ns,
        .zone = add->received.zone, .saved = moxd_wall(),
        .size = add->prefix.n + one->body_size, .prefix = (uint32_t)add->prefix.n,
        .where = one->where,
    };
}

/* A refused message remembers where it would have gone, if there is such a mailbox yet. */
static int note_reject(struct store_tx *tx, const struct store_add *add, uint32_t box,
                       struct store_rec *rec, struct moxd_err *err)
{
    struct store_name name;
    uint32_t id = 0;

    rec->reject = add->reject;
    if (!add->reject || add->destined == NULL)
        return 0;
    if (store_name_parse(moxd_cstr(add->destined), &name, err) < 0 ||
        store_box_id(tx, store_name_str(&name), &id, err) < 0)
        return -1;
    rec->delivered = id != box ? id : 0;
    return 0;
}

/* What comes into a muted thread need not be read (THR-04). */
static int add_to_thread(struct store_tx *tx, struct store_op_one *one, struct store_rec *rec,
                         struct moxd_str *out, struct moxd_err *err)
{
    unsigned char buf[STORE_THREAD_RECORD_MAX];
    struct store_thread_rec thread;

    if (store_thread_add(tx, rec->id, rec->received, one->head, one->add->link_later, &thread,
                         err) < 0)
        return -1;
    if ((thread.flags & STORE_THREAD_MUTED) != 0)
        rec->flags |= STORE_SEEN;
    *out = moxd_arena_str(tx->arena, store_thread_encode(&thread, buf));
    return 0;
}

static int add_one(struct store_tx *tx, struct store_op_one *one, struct moxd_err *err)
{
    struct store_add *add = one->add;
    struct store_box box;
    struct store_rec rec = record(one);
    struct moxd_str thread;

    moxd_assert(one->where == STORE_IN_FILE || one->body.n == one->body_size);
    if (check(add, one->body_size, err) < 0 || find_box(tx, add, &box, err) < 0 ||
        store_quota_check(&tx->meta, one->quota, rec.size, err) < 0 ||
        note_reject(tx, add, box.id, &rec, err) < 0)
        return -1;
    if (add->keywords.n > 0 &&
        (store_box_keywords(tx, &box, err) < 0 ||
         store_kwlist_numbers(tx, box.kw, add->keywords, rec.kw, &rec.nkw, err) < 0))
        return -1;
    /* What a viewer adds it has seen itself, not the owner. */
    bool seen = one->viewer != 0 && (rec.flags & STORE_SEEN) != 0;
    tx->viewer = one->viewer;
    if (tx->viewer != 0)
        rec.flags &= ~(unsigned)STORE_SEEN;
    struct store_origin origin = { add->origin, add->origin_data };
    add->uid = box.r.uidnext;
    if (put_data(tx, one, err) < 0 || add_to_thread(tx, one, &rec, &thread, err) < 0 ||
        put_parsed(tx, one, (struct store_place){ box.id, add->uid }, err) < 0 ||
        store_msg_insert(tx, &box, &rec, thread, origin, &add->uid, err) < 0 ||
        (seen && store_seen_add(tx, &box, add->uid, err) < 0) ||
        (one->parsed != NULL &&
         store_recipients_note(tx, &box, moxd_buf_str(&one->parsed->header), rec.received, err) < 0) ||
        store_box_save(tx, &box, err) < 0)
        return -1;
    add->id = rec.id;
    add->modseq = rec.modseq;
    add->mailbox_id = box.id;
    add->uidvalidity = box.r.uidvalidity;
    return 0;
}

/* Whatever its flags. */
static int expunge_replaced(struct store_tx *tx, const struct store_op_replaced *r,
                            struct moxd_err *err)
{
    struct store_box box;
    struct store_rec rec;

    if (store_box_load(tx, r->mailbox, &box, err) < 0)
        return -1;
    int rc = store_msg_get(tx, r->mailbox, r->uid, &rec, err);
    if (rc <= 0)
        return rc < 0 ? -1 : moxd_err_set(err, MOXD_ERR_STATE, "the message is gone");
    if (store_msg_expunge(tx, &box, r->uid, &rec, err) < 0)
        return -1;
    return store_box_save(tx, &box, err);
}

int store_op_add(struct store_tx *txs, void *arg, struct moxd_err *err)
{
    struct store_op_add *op = arg;

    op->failed = 0;
    if (op->replaced != NULL && expunge_replaced(&txs[op->v[0].tx], op->replaced, err) < 0)
        return -1;
    for (op->failed = 0; op->failed < op->n; op->failed++) {
        struct store_op_one *one = &op->v[op->failed];
        if (add_one(&txs[one->tx], one, err) < 0)
            return -1;
    }
    return 0;
}
