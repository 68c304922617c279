#include "thread.h"

#include "message.h"

#include <stdlib.h>

/* --- by message id ----------------------------------------------------------------------------- */

enum { SAME_SIZE = 16 };

uint64_t store_thread_msgid_hash(const struct store_thread_rec *r)
{
    return store_hash(moxd_str(r->msgid, r->msgid_n));
}

int store_thread_same_msgid(struct store_tx *tx, uint64_t hash, struct store_same_msgid *out,
                            struct moxd_err *err)
{
    struct store_key key = store_thread_key_msgid(hash);
    struct moxd_str val = { 0 };

    if (store_get(tx, &key, &val, err) < 0)
        return -1;
    if (val.n % SAME_SIZE != 0 || val.n > STORE_SAME_MSGID_MAX * SAME_SIZE)
        return store_corrupt(tx, "index of message ids", err);
    out->n = val.n / SAME_SIZE;
    for (size_t i = 0; i < out->n; i++) {
        out->v[i].id = moxd_get_be64(val.p + SAME_SIZE * i);
        out->v[i].subject = moxd_get_be64(val.p + SAME_SIZE * i + 8);
    }
    return 0;
}

static int put_same(struct store_tx *tx, uint64_t hash, const struct store_same_msgid *same,
                    struct moxd_err *err)
{
    struct store_key key = store_thread_key_msgid(hash);
    char val[STORE_SAME_MSGID_MAX * SAME_SIZE];

    if (same->n == 0)
        return store_del(tx, &key, err) < 0 ? -1 : 0;
    for (size_t i = 0; i < same->n; i++) {
        moxd_put_be64(val + SAME_SIZE * i, same->v[i].id);
        moxd_put_be64(val + SAME_SIZE * i + 8, same->v[i].subject);
    }
    return store_put(tx, &key, moxd_str(val, SAME_SIZE * same->n), err);
}

int store_thread_own_msgid(struct store_tx *tx, const struct store_thread_rec *r,
                           struct store_same_msgid *out, struct moxd_err *err)
{
    out->n = 0;
    return r->msgid_n == 0 ? 0 : store_thread_same_msgid(tx, store_thread_msgid_hash(r), out, err);
}

/* same: those that there are already. */
static int put_msgid(struct store_tx *tx, uint64_t id, const struct store_thread_rec *r,
                     struct store_same_msgid *same, struct moxd_err *err)
{
    if (r->msgid_n == 0 || same->n == STORE_SAME_MSGID_MAX)
        return 0;
    same->v[same->n].id = id;
    same->v[same->n++].subject = r->subject;
    return put_same(tx, store_thread_msgid_hash(r), same, err);
}

static int del_msgid(struct store_tx *tx, uint64_t id, const struct store_thread_rec *r,
                     struct moxd_err *err)
{
    struct store_same_msgid same;
    size_t n = 0;

    if (store_thread_own_msgid(tx, r, &same, err) < 0)
        return -1;
    for (size_t i = 0; i < same.n; i++)
        if (same.v[i].id != id)
            same.v[n++] = same.v[i];
    if (n == same.n)
        return 0;
    same.n = n;
    return put_same(tx, store_thread_msgid_hash(r), &same, err);
}

/* --- by subject -------------------------------------------------------------------------------- */

int store_thread_put_subject(struct store_tx *tx, uint64_t id, int64_t received,
                             const struct store_thread_rec *r, struct moxd_err *err)
{
    struct store_key key = store_thread_key_subject(r->subject, received, id);
    char val[8];

    moxd_put_be64(val, r->thread);
    return store_put(tx, &key, moxd_str(val, sizeof(val)), err);
}

struct members {
    struct store_tx *tx;
    uint64_t thread;
    uint64_t *ids;
    size_t n, cap;
    struct moxd_err *err;
};

static int member(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct members *m = arg;

    if (key.n != 26 || val.n != 8)
        return store_corrupt(m->tx, "index of subjects", m->err);
    if (moxd_get_be64(val.p) != m->thread)
        return 0;
    uint64_t *id = moxd_arena_push(m->tx->arena, &m->ids, &m->n, &m->cap, sizeof(*id));
    *id = ~moxd_get_be64(key.p + 18);
    return 0;
}

static int by_id(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

int store_thread_members(struct store_tx *tx, const struct store_thread_rec *r, uint64_t **ids,
                         size_t *n, struct moxd_err *err)
{
    struct store_key key = store_thread_key_subject(r->subject, 0, 0);
    struct members m = { .tx = tx, .thread = r->thread, .err = err };

    key.n -= 16;
    if (store_scan(tx, &key, store_key_str(&key), member, &m, err) < 0)
        return -1;
    if (m.n > 0)
        qsort(m.ids, m.n, sizeof(*m.ids), by_id);
    *ids = m.ids;
    *n = 0;
    for (size_t i = 0; i < m.n; i++) {
        uint32_t mailbox, uid;
        int rc = store_msg_find(tx, m.ids[i], &mailbox, &uid, err);
        if (rc < 0)
            return -1;
        if (rc > 0)
            m.ids[(*n)++] = m.ids[i];
    }
    return 0;
}

/* --- records ----------------------------------------------------------------------------------- */

/* What stands behind the place of a message. 1, 0 when nothing does, -1. */
static int get_place(struct store_tx *tx, uint64_t id, struct moxd_str *place, struct moxd_err *err)
{
    struct store_key key = store_key_u64(STORE_T_ID, id);
    int rc = store_get(tx, &key, place, err);

    if (rc > 0 && place->n < STORE_PLACE_SIZE)
        return store_corrupt(tx, "place of a message", err);
    return rc;
}

int store_thread_get(struct store_tx *tx, uint64_t id, struct store_thread_rec *r,
                     struct moxd_err *err)
{
    struct moxd_str val;
    int rc = get_place(tx, id, &val, err);

    if (rc <= 0 || val.n == STORE_PLACE_SIZE)
        return rc < 0 ? -1 : 0;
    return store_thread_decode(moxd_str_from(val, STORE_PLACE_SIZE), r) == 0
               ? 1
               : store_corrupt(tx, "thread of a message", err);
}

int store_thread_live(struct store_tx *tx, uint64_t id, struct store_thread_rec *r,
                      struct moxd_err *err)
{
    uint32_t mailbox, uid;
    int rc = store_thread_get(tx, id, r, err);

    return rc > 0 ? store_msg_find(tx, id, &mailbox, &uid, err) : rc;
}

int store_thread_put(struct store_tx *tx, uint64_t id, const struct store_thread_rec *r,
                     struct moxd_err *err)
{
    struct store_key key = store_key_u64(STORE_T_ID, id);
    unsigned char buf[STORE_THREAD_RECORD_MAX];
    char both[STORE_PLACE_SIZE + STORE_THREAD_RECORD_MAX];
    struct moxd_str rec = store_thread_encode(r, buf), place;
    int rc = get_place(tx, id, &place, err);

    if (rc <= 0)
        return rc < 0 ? -1 : store_corrupt(tx, "thread of a message that is not there", err);
    memcpy(both, place.p, STORE_PLACE_SIZE);
    memcpy(both + STORE_PLACE_SIZE, rec.p, rec.n);
    return store_put(tx, &key, moxd_str(both, STORE_PLACE_SIZE + rec.n), err);
}

/* A pending record is one that the next pass must come by. */
static void come_by(struct store_tx *tx, uint64_t id)
{
    bool behind = tx->meta.thread_pass == STORE_THREADS_DONE && tx->meta.thread_from == 0;

    if (behind || id < tx->meta.thread_from)
        tx->meta.thread_from = id;
}

static struct store_thread_rec pending(const struct store_head *head)
{
    struct store_thread_rec r = { .flags = STORE_THREAD_PENDING, .subject = head->subject,
                                  .n = head->nrefs, .msgid_n = head->msgid_n };

    moxd_assert(head->nrefs <= STORE_ANCESTORS_MAX);
    memcpy(r.v, head->refs, head->nrefs * sizeof(*r.v));
    memcpy(r.msgid, head->msgid, head->msgid_n);
    return r;
}

int store_thread_add(struct store_tx *tx, uint64_t id, int64_t received,
                     const struct store_head *head, bool later, struct store_thread_rec *out,
                     struct moxd_err *err)
{
    struct store_same_msgid same;

    *out = pending(head);
    if (store_thread_own_msgid(tx, out, &same, err) < 0)
        return -1;
    if (later || tx->meta.thread_pass != STORE_THREADS_DONE)
        come_by(tx, id);
    else if (store_thread_assign(tx, id, received, out, &same, err) < 0)
        return -1;
    if (put_msgid(tx, id, out, &same, err) < 0)
        return -1;
    return store_thread_put_subject(tx, id, received, out, err);
}

int store_thread_copy(struct store_tx *tx, uint64_t from, uint64_t to, int64_t received,
                      struct moxd_str *out, struct moxd_err *err)
{
    unsigned char buf[STORE_THREAD_RECORD_MAX];
    struct store_same_msgid same;
    struct store_thread_rec r;
    int rc = store_thread_get(tx, from, &r, err);

    *out = MOXD_STR("");
    if (rc < 0)
        return -1;
    if (rc == 0 || r.thread == 0)
        come_by(tx, to);
    if (rc == 0)
        return 0;
    *out = moxd_arena_str(tx->arena, store_thread_encode(&r, buf));
    if (store_thread_own_msgid(tx, &r, &same, err) < 0 || put_msgid(tx, to, &r, &same, err) < 0)
        return -1;
    return store_thread_put_subject(tx, to, received, &r, err);
}

int store_thread_remove(struct store_tx *tx, uint64_t id, int64_t received, struct moxd_err *err)
{
    struct store_thread_rec r;
    int rc = store_thread_get(tx, id, &r, err);

    if (rc <= 0)
        return rc;
    struct store_key subject = store_thread_key_subject(r.subject, received, id);
    if (del_msgid(tx, id, &r, err) < 0)
        return -1;
    return store_del(tx, &subject, err) < 0 ? -1 : 0;
}
