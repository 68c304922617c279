/* Making a database consistent, whatever records it has: used after a salvage, which may lack any.
 *
 * Records of mailboxes and messages are what everything else is derived from: names, places, counts,
 * counters. Bodies that no record knows are messages of the mailbox "Restored". */
#include "restore.h"

#include "bodyfile.h"
#include "changed.h"
#include "expunged.h"
#include "message.h"
#include "thread.h"
#include "viewer.h"

#include <stdlib.h>
#include <sys/stat.h>

/* The hash function of uthash falls through without saying so in a way that clang reads. */
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"
#include <uthash.h>

static const char restored_name[] = "Restored";

struct rbox {
    uint32_t id;
    struct store_box box;
    uint32_t last_uid;
    UT_hash_handle hh;
};
struct place {
    uint32_t mailbox, uid;
};
struct rebuild {
    struct store_tx *tx;
    struct store_rebuild *op;
    struct rbox *boxes;
    struct place *places; /* of message records */
    size_t nplaces, places_cap;
    uint64_t *ids; /* of bodies, notes, files: being looked through */
    size_t nids, ids_cap;
    struct moxd_str *weeds; /* keys */
    size_t nweeds, weeds_cap;
    struct store_expunged *expunged;
    size_t nexpunged, expunged_cap;
    struct store_thread_states states;
    uint64_t modseq; /* highest seen */
    struct moxd_err *err;
};

static int scan(struct rebuild *r, enum store_table table, store_each *fn)
{
    struct store_key all = store_key_table(table);
    return store_scan(r->tx, &all, store_key_str(&all), fn, r, r->err) < 0 ? -1 : 0;
}

static int clear(struct rebuild *r, enum store_table table)
{
    struct store_key all = store_key_table(table);
    return store_clear(r->tx, &all, r->err);
}

/* Numbers that were never given out are damage, and would bring a counter to its end. */
static bool id_ok(uint64_t id)
{
    return id > 0 && id < STORE_COUNTER_MAX;
}
static bool mailbox_ok(uint32_t id)
{
    return id > 0 && id < STORE_MAILBOX_ID_MAX;
}

static void saw_modseq(struct rebuild *r, uint64_t modseq)
{
    if (modseq > r->modseq && modseq < STORE_COUNTER_MAX)
        r->modseq = modseq;
}

static void saw_id(struct rebuild *r, uint64_t id)
{
    if (id >= r->tx->meta.next_id)
        r->tx->meta.next_id = id + 1;
}

/* --- mailboxes --------------------------------------------------------------------------------- */

static struct rbox *find_box(struct rebuild *r, uint32_t id)
{
    struct rbox *b;
    HASH_FIND(hh, r->boxes, &id, sizeof(id), b);
    return b;
}

static struct rbox *new_box(struct rebuild *r, uint32_t id)
{
    struct rbox *b = moxd_arena_alloc(r->tx->arena, sizeof(*b));

    b->id = b->box.id = id;
    HASH_ADD(hh, r->boxes, id, sizeof(b->id), b);
    if (id >= r->tx->meta.next_mailbox)
        r->tx->meta.next_mailbox = id + 1;
    return b;
}

static int on_mailbox(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct rebuild *r = arg;
    struct store_mbox m;

    if (key.n != 5 || store_mbox_decode(val, &m) < 0 || !mailbox_ok(moxd_get_be32(key.p + 1)))
        return 0;
    struct rbox *b = new_box(r, moxd_get_be32(key.p + 1));
    b->box.r = m;
    if (store_name_parse(m.name, &b->box.name, NULL) < 0)
        b->box.name.n = 0;
    b->box.r.total = b->box.r.unseen = b->box.r.deleted = b->box.r.viewers = 0;
    b->box.r.size = 0;
    saw_modseq(r, m.highestmodseq);
    if (m.uidvalidity >= r->tx->meta.next_uidvalidity && m.uidvalidity < STORE_UIDVALIDITY_MAX)
        r->tx->meta.next_uidvalidity = m.uidvalidity + 1;
    return 0;
}

static int on_seen(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct store_seen_rec seen;

    (void)key;
    if (store_seen_decode(val, &seen) == 0)
        saw_modseq(arg, seen.modseq);
    return 0;
}

/* A mailbox of which only messages are left. */
static struct rbox *lost_box(struct rebuild *r, uint32_t id)
{
    struct rbox *b = find_box(r, id);

    if (b == NULL) {
        b = new_box(r, id);
        b->box.r.uidnext = b->box.r.recent = 1;
    }
    return b;
}

/* A name that is free: its own, or "Restored-<id>". */
static int settle_name(struct rebuild *r, struct rbox *b)
{
    char text[40];
    uint32_t id;
    int rc =
        b->box.name.n == 0 ? 1 : store_box_id(r->tx, store_name_str(&b->box.name), &id, r->err);

    if (rc > 0) {
        snprintf(text, sizeof(text), "%s-%u", restored_name, b->id);
        rc = store_name_parse(moxd_cstr(text), &b->box.name, r->err);
    }
    b->box.r.name = store_name_str(&b->box.name);
    return rc;
}

/* Written with empty counts; made again by what is put into it. */
static int put_boxes(struct rebuild *r)
{
    struct rbox *b, *tmp;

    if (clear(r, STORE_T_NAME) < 0 || clear(r, STORE_T_MAILBOX) < 0)
        return -1;
    r->tx->meta.mailboxes = HASH_COUNT(r->boxes);
    HASH_ITER (hh, r->boxes, b, tmp) {
        unsigned char val[4];
        if (settle_name(r, b) < 0)
            return -1;
        struct store_key key = store_key_name(STORE_T_NAME, b->box.r.name);
        moxd_put_be32(val, b->id);
        if (r->tx->meta.next_uidvalidity == UINT32_MAX)
            return moxd_err_set(r->err, MOXD_ERR_LIMIT, "there are too many mailboxes");
        b->box.r.uidvalidity = r->tx->meta.next_uidvalidity++;
        b->box.r.highestmodseq = store_tx_modseq(r->tx);
        if (b->box.r.createseq == 0 || b->box.r.createseq > b->box.r.highestmodseq)
            b->box.r.createseq = b->box.r.highestmodseq;
        if (store_put(r->tx, &key, moxd_str((char *)val, 4), r->err) < 0 ||
            store_box_save(r->tx, &b->box, r->err) < 0)
            return -1;
    }
    return 0;
}

/* Adds a mailbox with its parents, unless it is there. */
static int ensure_box(struct rebuild *r, struct moxd_str name, uint32_t *id)
{
    struct store_box box;
    int rc = store_box_id(r->tx, name, id, r->err);

    if (rc != 0)
        return rc < 0 ? -1 : 0;
    if (store_box_create(r->tx, name, 0, true, &box, r->err) < 0)
        return -1;
    *id = box.id;
    return 0;
}

static int ensure_parents(struct rebuild *r)
{
    struct rbox *b, *tmp;
    uint32_t id;

    HASH_ITER (hh, r->boxes, b, tmp) {
        struct moxd_str parent = store_name_parent(b->box.r.name);
        if (parent.n > 0 && ensure_box(r, parent, &id) < 0)
            return -1;
    }
    return ensure_box(r, MOXD_STR("INBOX"), &id);
}

/* --- what cannot be used ----------------------------------------------------------------------- */

static bool usable(struct rebuild *r, struct moxd_str key, struct moxd_str val)
{
    struct store_rec rec;
    struct store_erase erase;
    struct moxd_str *v;
    size_t n;
    uint64_t id = key.n >= 9 ? moxd_get_be64(key.p + 1) : 0;

    switch (key.p[0]) {
    case STORE_T_MESSAGE:
        return key.n == 9 && mailbox_ok((uint32_t)(id >> 32)) && (uint32_t)id > 0 &&
               (uint32_t)id < UINT32_MAX && store_rec_decode(val, &rec) == 0 && id_ok(rec.id);
    case STORE_T_ERASE:
        return key.n == 9 && id_ok(id) && store_erase_decode(val, &erase) == 0;
    case STORE_T_DATA:
        return key.n == 9 && id_ok(id);
    case STORE_T_KEYWORDS:
        return key.n == 5 && find_box(r, moxd_get_be32(key.p + 1)) != NULL &&
               store_kwlist_decode(val, r->tx->arena, &v, &n) == 0;
    default: /* STORE_T_NOTE */
        return key.n > 9 && id_ok(id);
    }
}

static int gather_weed(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct rebuild *r = arg;

    if (usable(r, key, val))
        return 0;
    struct moxd_str *p =
        moxd_arena_push(r->tx->arena, &r->weeds, &r->nweeds, &r->weeds_cap, sizeof(*p));
    *p = moxd_arena_str(r->tx->arena, key);
    return 0;
}

/* Removes the records of a table that cannot be read, and those with an impossible number. */
static int weed(struct rebuild *r, enum store_table table)
{
    r->nweeds = 0;
    if (scan(r, table, gather_weed) < 0)
        return -1;
    for (size_t i = 0; i < r->nweeds; i++) {
        struct store_key key = { .n = r->weeds[i].n };
        memcpy(key.p, r->weeds[i].p, key.n);
        if (store_del(r->tx, &key, r->err) < 0)
            return -1;
    }
    return 0;
}

/* --- messages ---------------------------------------------------------------------------------- */

static int on_message(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct rebuild *r = arg;
    struct store_rec rec;

    if (store_rec_decode(val, &rec) < 0) /* dropped before */
        return 0;
    struct place *p =
        moxd_arena_push(r->tx->arena, &r->places, &r->nplaces, &r->places_cap, sizeof(*p));
    *p = (struct place){ moxd_get_be32(key.p + 1), moxd_get_be32(key.p + 5) };
    struct rbox *b = lost_box(r, p->mailbox);
    b->last_uid = p->uid > b->last_uid ? p->uid : b->last_uid;
    if (b->box.r.uidnext <= p->uid)
        b->box.r.uidnext = p->uid + 1;
    saw_modseq(r, rec.modseq);
    saw_id(r, rec.id);
    return 0;
}

/* Bytes of a body's file, or -1. */
static int64_t file_size(struct rebuild *r, uint64_t id)
{
    char path[STORE_PATH_MAX];
    struct stat st;

    store_file_path(r->tx->bt->id, id, path);
    return fstatat(r->tx->bt->env->dir_fd, path, &st, 0) == 0 ? (int64_t)st.st_size : -1;
}

/* Where the body of a message is now, and how large. 1, 0 when there is none, -1. */
static int find_body(struct rebuild *r, struct store_rec *rec)
{
    struct store_key key = store_key_u64(STORE_T_DATA, store_rec_body(rec));
    struct moxd_str val = { 0 };
    int64_t file = rec->body == 0 ? file_size(r, rec->id) : -1;
    int rc = store_get(r->tx, &key, &val, r->err);

    if (rc < 0 || (rc == 0 && file < 0))
        return rc;
    rec->where = file >= 0 ? STORE_IN_FILE : STORE_IN_DB;
    rec->prefix = file >= 0 ? (uint32_t)val.n : rec->prefix;
    rec->size = val.n + (file >= 0 ? (uint64_t)file : 0);
    if (rec->prefix > rec->size)
        rec->prefix = 0;
    return rec->size <= STORE_SIZE_MAX;
}

/* Keyword numbers that the mailbox's list has lost are left out. */
static int fix_keywords(struct rebuild *r, struct store_box *box, struct store_rec *rec)
{
    unsigned n = 0;

    if (rec->nkw == 0)
        return 0;
    if (store_box_keywords(r->tx, box, r->err) < 0)
        return -1;
    while (n < rec->nkw && rec->kw[n] < box->kw->n)
        n++;
    rec->nkw = n;
    return 0;
}

static void count(struct store_tx *tx, struct store_box *box, const struct store_rec *rec)
{
    box->r.total++;
    box->r.unseen += (rec->flags & STORE_SEEN) == 0;
    box->r.deleted += (rec->flags & STORE_DELETED) != 0;
    box->r.size += rec->size;
    tx->meta.messages++;
    tx->meta.size += rec->size;
}

static int put_shared(struct rebuild *r, uint64_t body, uint64_t id)
{
    struct store_key key = store_key_shared(body, id);
    return body == 0 ? 0 : store_put(r->tx, &key, MOXD_STR(""), r->err);
}

static int put_message(struct rebuild *r, struct store_box *box, uint32_t uid,
                       struct store_rec *rec)
{
    struct store_key key = store_key_message(box->id, uid);
    unsigned char buf[STORE_RECORD_MAX];
    struct moxd_str thread;

    rec->modseq = store_tx_modseq(r->tx);
    if (rec->createseq == 0 || rec->createseq > rec->modseq)
        rec->createseq = rec->modseq;
    count(r->tx, box, rec);
    if (store_put(r->tx, &key, store_rec_encode(rec, buf), r->err) < 0 ||
        put_shared(r, rec->body, rec->id) < 0 || store_thread_state_add(r->tx, &r->states, rec, &thread, r->err) < 0)
        return -1;
    return store_msg_put_place(r->tx, rec->id, box->id, uid, thread, r->err);
}

/* 1 when another record of the same message was taken already: a stale page had it too. */
static int taken(struct rebuild *r, uint64_t id)
{
    uint32_t mailbox, uid;
    return store_msg_find(r->tx, id, &mailbox, &uid, r->err);
}

static int keep_message(struct rebuild *r, struct place p)
{
    struct store_key key = store_key_message(p.mailbox, p.uid);
    struct store_key erase;
    struct rbox *b = find_box(r, p.mailbox);
    struct store_rec rec;
    int rc = store_msg_get(r->tx, p.mailbox, p.uid, &rec, r->err);

    if (rc <= 0)
        return rc;
    int body = find_body(r, &rec), dup = taken(r, rec.id);
    if (body < 0 || dup < 0)
        return -1;
    if (body == 0 || dup > 0) {
        r->op->out->dropped += body == 0;
        return store_del(r->tx, &key, r->err) < 0 ? -1 : 0;
    }
    erase = store_key_u64(STORE_T_ERASE, rec.id);
    if (store_del(r->tx, &erase, r->err) < 0 || fix_keywords(r, &b->box, &rec) < 0)
        return -1;
    return put_message(r, &b->box, p.uid, &rec);
}

/* From the newest record of a mailbox on, so that of two for one message the later one stays. */
static int put_messages(struct rebuild *r)
{
    struct rbox *b, *tmp;

    if (store_thread_states_take(r->tx, &r->states, r->err) < 0 || clear(r, STORE_T_ID) < 0 ||
        clear(r, STORE_T_GONE) < 0 || clear(r, STORE_T_HEADER) < 0 ||
        clear(r, STORE_T_STRUCTURE) < 0 || clear(r, STORE_T_CHANGED) < 0)
        return -1;
    r->tx->meta.messages = r->tx->meta.size = 0;
    for (size_t i = r->nplaces; i > 0; i--)
        if (keep_message(r, r->places[i - 1]) < 0)
            return -1;
    HASH_ITER (hh, r->boxes, b, tmp)
        if (store_box_save(r->tx, &b->box, r->err) < 0)
            return -1;
    return 0;
}

/* --- expunged ones ----------------------------------------------------------------------------- */

static int on_expunged(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct rebuild *r = arg;
    struct store_expunged v[STORE_EXPUNGED_MAX];
    int n = store_expunged_decode(val, v);

    (void)key;
    for (int i = 0; i < n; i++) {
        struct store_expunged *e =
            moxd_arena_push(r->tx->arena, &r->expunged, &r->nexpunged, &r->expunged_cap, sizeof(*e));
        *e = v[i];
    }
    return 0;
}

/* One that was noted by its id before. */
static int on_erase(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct rebuild *r = arg;
    struct store_expunged *e =
        moxd_arena_push(r->tx->arena, &r->expunged, &r->nexpunged, &r->expunged_cap, sizeof(*e));

    if (key.n == 9 && store_erase_decode(val, &e->body) == 0)
        e->id = moxd_get_be64(key.p + 1);
    else
        r->nexpunged--;
    return 0;
}

/* Places are made anew: what waits to be erased is noted by its id alone. */
static int note_expunged(struct rebuild *r)
{
    unsigned char buf[STORE_RECORD_MAX];

    if (clear(r, STORE_T_SHARED) < 0 || scan(r, STORE_T_EXPUNGED, on_expunged) < 0 ||
        scan(r, STORE_T_ERASE, on_erase) < 0)
        return -1;
    for (size_t i = 0; i < r->nexpunged; i++) {
        const struct store_expunged *e = &r->expunged[i];
        struct store_key key = store_key_u64(STORE_T_ERASE, e->id);
        if (store_put(r->tx, &key, store_erase_encode(&e->body, buf), r->err) < 0 ||
            put_shared(r, e->body.body, e->id) < 0)
            return -1;
    }
    return clear(r, STORE_T_EXPUNGED);
}

/* --- what no record knows ---------------------------------------------------------------------- */

static int gather_id(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct rebuild *r = arg;

    (void)val;
    if (key.n < 9)
        return 0;
    uint64_t id = moxd_get_be64(key.p + 1);
    if (r->nids > 0 && r->ids[r->nids - 1] == id)
        return 0;
    uint64_t *p = moxd_arena_push(r->tx->arena, &r->ids, &r->nids, &r->ids_cap, sizeof(*p));
    *p = id;
    return 0;
}

static int gather_file(void *arg, uint64_t id)
{
    struct rebuild *r = arg;
    uint64_t *p = moxd_arena_push(r->tx->arena, &r->ids, &r->nids, &r->ids_cap, sizeof(*p));
    *p = id;
    return 0;
}

/* Whether the id belongs to a message, or to one that waits for its erasure. 1, 0, -1. */
static int owned(struct rebuild *r, uint64_t id)
{
    struct store_key erase = store_key_u64(STORE_T_ERASE, id);
    struct moxd_str val;
    struct store_key all = store_key_u64(STORE_T_SHARED, id), at;
    int rc = taken(r, id);

    if (rc == 0)
        rc = store_get(r->tx, &erase, &val, r->err);
    return rc != 0 ? rc : store_first(r->tx, &all, store_key_str(&all), &at, &val, r->err);
}

static int adopt(struct rebuild *r, uint64_t id)
{
    struct store_rec rec = { .id = id, .received = moxd_wall(), .saved = moxd_wall() };
    struct store_box box;
    uint32_t mailbox, uid;
    int rc = id_ok(id) ? owned(r, id) : 1;

    if (rc != 0 || (rc = find_body(r, &rec)) <= 0)
        return rc < 0 ? -1 : 0;
    saw_id(r, id);
    if (ensure_box(r, moxd_cstr(restored_name), &mailbox) < 0 ||
        store_box_load(r->tx, mailbox, &box, r->err) < 0 || store_box_uid(&box, &uid, r->err) < 0 ||
        put_message(r, &box, uid, &rec) < 0)
        return -1;
    r->op->out->found++;
    return store_box_save(r->tx, &box, r->err);
}

static int adopt_bodies(struct rebuild *r)
{
    r->nids = 0;
    if (scan(r, STORE_T_DATA, gather_id) < 0 ||
        store_file_each(r->tx->bt->env, r->tx->bt->id, 1, gather_file, r, r->err) < 0)
        return -1;
    for (size_t i = 0; i < r->nids; i++)
        if (adopt(r, r->ids[i]) < 0)
            return -1;
    return 0;
}

static int drop_notes(struct rebuild *r)
{
    r->nids = 0;
    if (scan(r, STORE_T_NOTE, gather_id) < 0)
        return -1;
    for (size_t i = 0; i < r->nids; i++) {
        struct store_key notes = store_key_u64(STORE_T_NOTE, r->ids[i]);
        int rc = owned(r, r->ids[i]);
        if (rc < 0 || (rc == 0 && store_clear(r->tx, &notes, r->err) < 0))
            return -1;
    }
    return 0;
}

/* --- all of it --------------------------------------------------------------------------------- */

static void start_meta(struct store_tx *tx, const struct store_meta *before)
{
    tx->meta = (struct store_meta){
        .next_id = before->next_id > 0 ? before->next_id : 1,
        .next_mailbox = before->next_mailbox > 0 ? before->next_mailbox : 1,
        .next_uidvalidity = before->next_uidvalidity,
        .format = STORE_FORMAT,
    };
    if (before->next_mailbox > STORE_MAILBOX_ID_MAX)
        tx->meta.next_mailbox = 1;
}

int store_op_rebuild(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct rebuild r = { .tx = tx, .op = arg, .err = err };
    int rc = -1;

    r.op->out->found = r.op->out->dropped = 0;
    start_meta(tx, &r.op->before);
    r.modseq = r.op->before.modseq;
    if (weed(&r, STORE_T_MESSAGE) < 0 || scan(&r, STORE_T_MAILBOX, on_mailbox) < 0 ||
        scan(&r, STORE_T_MESSAGE, on_message) < 0 || scan(&r, STORE_T_SEEN, on_seen) < 0)
        goto done;
    tx->meta.modseq = r.modseq;
    if (weed(&r, STORE_T_KEYWORDS) == 0 && note_expunged(&r) == 0 && weed(&r, STORE_T_ERASE) == 0 &&
        weed(&r, STORE_T_DATA) == 0 && weed(&r, STORE_T_NOTE) == 0 && put_boxes(&r) == 0 &&
        put_messages(&r) == 0 && ensure_parents(&r) == 0 && adopt_bodies(&r) == 0)
        rc = drop_notes(&r) < 0 || store_viewers_rebuild(tx, err) < 0 ? -1
                                                                        : store_changed_begin(tx, err);
    r.op->out->messages = tx->meta.messages;
    store_ids_raise(&tx->bt->ids, tx->meta.next_id);
done:
    HASH_CLEAR(hh, r.boxes);
    return rc;
}
