/* Visiting the messages of a set of UIDs. */
#include "message.h"

/* A range of so few UIDs is read one by one: a scan fetches 64 KB. */
enum { NARROW = 8, FEW = 100 };

struct visit {
    struct store_tx *tx;
    uint32_t last;
    store_msg_each *fn;
    void *arg;
    struct store_rec rec;
    struct moxd_err *err;
};

static int visit_record(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct visit *v = arg;

    if (key.n != 9)
        return store_corrupt(v->tx, "message key", v->err);
    uint32_t uid = moxd_get_be32(key.p + 5);
    if (uid > v->last)
        return 2; /* past the range: ends the scan, not the visit */
    if (store_rec_decode(val, &v->rec) < 0)
        return store_corrupt(v->tx, "message record", v->err);
    return v->fn(v->arg, uid, &v->rec);
}

static int visit_narrow(struct visit *v, uint32_t mailbox, uint32_t first)
{
    for (uint32_t uid = first;; uid++) {
        int rc = store_msg_get(v->tx, mailbox, uid, &v->rec, v->err);
        if (rc < 0)
            return rc;
        if (rc > 0 && (rc = v->fn(v->arg, uid, &v->rec)) != 0)
            return rc;
        if (uid == v->last)
            return 0;
    }
}

static int visit_range(struct visit *v, uint32_t mailbox, uint32_t first, uint32_t last)
{
    struct store_key from = store_key_message(mailbox, first);
    struct store_key prefix = store_key_u32(STORE_T_MESSAGE, mailbox);

    if (first > last)
        return 0;
    v->last = last;
    if (last - first < NARROW)
        return visit_narrow(v, mailbox, first);
    int rc = (last - first < FEW ? store_scan_few : store_scan)(v->tx, &from, store_key_str(&prefix),
                                                               visit_record, v, v->err);
    return rc == 2 ? 0 : rc;
}

int store_msg_scan(struct store_tx *tx, uint32_t mailbox, const struct store_uids *uids,
                   store_msg_each *fn, void *arg, struct moxd_err *err)
{
    struct visit v = { .tx = tx, .fn = fn, .arg = arg, .err = err };

    if (uids == NULL)
        return visit_range(&v, mailbox, 1, UINT32_MAX);
    for (size_t i = 0; i < uids->n; i++) {
        int rc = visit_range(&v, mailbox, uids->v[i].first, uids->v[i].last);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* --- portions ---------------------------------------------------------------------------------- */

static const struct store_uid_range everything = { 1, UINT32_MAX };

struct store_portion *store_portion_new(struct store_tx *tx, const struct store_box *box,
                                        const struct store_uids *uids)
{
    static const struct store_uids all = { &everything, 1 };
    struct store_portion *it = moxd_arena_alloc(tx->arena, sizeof(*it));

    it->mailbox = box->id;
    it->uids = uids != NULL ? uids : &all;
    it->last = box->r.uidnext - 1;
    return it;
}

/* Takes one; 1 when the portion is full. */
static int collect(void *arg, uint32_t uid, const struct store_rec *rec)
{
    struct store_portion *it = arg;

    it->uid[it->n] = uid;
    it->rec[it->n] = *rec;
    it->from = uid + 1;
    return ++it->n == STORE_PORTION ? 1 : 0;
}

int store_portion_next(struct store_tx *tx, struct store_portion *it, struct moxd_err *err)
{
    struct visit v = { .tx = tx, .fn = collect, .arg = it, .err = err };

    it->n = 0;
    for (; it->range < it->uids->n; it->range++) {
        struct store_uid_range r = it->uids->v[it->range];
        uint32_t first = r.first > it->from ? r.first : it->from;
        int rc = visit_range(&v, it->mailbox, first, r.last < it->last ? r.last : it->last);
        if (rc != 0)
            return rc;
    }
    return it->n > 0;
}
