/* Lists of messages. */
#include "changed.h"
#include "ops.h"
#include "viewer.h"

#include <stdlib.h>

/* Room made at once for the entries of a whole mailbox; more grow. */
enum { ROOM_MAX = 1 << 17 };

void store_uidset_add(struct store_uidset *s, struct moxd_arena *a, uint32_t uid)
{
    if (s->n > 0 && uid == s->v[s->n - 1].last + 1) {
        s->v[s->n - 1].last = uid;
        return;
    }
    moxd_assert(s->n == 0 || uid > s->v[s->n - 1].last);
    struct store_uid_range *r = moxd_arena_push(a, &s->v, &s->n, &s->cap, sizeof(*r));
    r->first = r->last = uid;
}

struct reading {
    struct store_tx *tx;
    struct store_box box;
    struct store_op_entries *entries;
    struct store_op_messages *messages;
    struct store_seen seen;
    struct moxd_err *err;
};

static int keywords(struct reading *r, const struct store_rec *rec, struct moxd_arena *a,
                    struct store_keywords *out)
{
    if (rec->nkw == 0)
        return 0;
    if (store_box_keywords(r->tx, &r->box, r->err) < 0)
        return -1;
    return store_kwlist_names(r->tx, r->box.kw, rec->kw, rec->nkw, a, out, r->err);
}

static int entry(void *arg, uint32_t uid, const struct store_rec *rec)
{
    struct reading *r = arg;
    struct store_op_entries *op = r->entries;

    unsigned flags = rec->flags;
    uint64_t modseq = rec->modseq;

    store_seen_show(&r->seen, uid, &flags, &modseq);
    if (op->since && modseq <= op->modseq)
        return 0;
    struct store_entry *e = moxd_arena_push(op->arena, &op->v, &op->n, &op->cap, sizeof(*e));
    e->uid = uid;
    e->flags = flags;
    e->id = rec->id;
    e->modseq = modseq;
    return keywords(r, rec, op->arena, &e->keywords);
}

/* --- expunged ---------------------------------------------------------------------------------- */

struct gone {
    struct store_tx *tx;
    struct store_uid_range *v;
    size_t n, cap;
    struct moxd_err *err;
};

static int gone_record(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct gone *g = arg;
    struct store_uid_range *r = moxd_arena_push(g->tx->arena, &g->v, &g->n, &g->cap, sizeof(*r));

    return store_gone_decode(key, val, r) == 0 ? 0 : store_corrupt(g->tx, "tombstone", g->err);
}

static int by_uid(const void *a, const void *b)
{
    const struct store_uid_range *x = a, *y = b;
    return (x->first > y->first) - (x->first < y->first);
}

/* Tombstones sort by modseq, so that only the new ones are read; the answer sorts by UID. */
static int find_gone(struct reading *r, struct store_op_entries *op)
{
    struct gone g = { .tx = r->tx, .err = r->err };
    struct store_key prefix = store_key_u32(STORE_T_GONE, op->mailbox);
    struct store_key from = store_key_gone(op->mailbox, op->modseq + 1, 0);

    if (op->modseq == UINT64_MAX)
        return 0;
    if (store_scan(r->tx, &from, store_key_str(&prefix), gone_record, &g, r->err) < 0)
        return -1;
    if (g.n > 0)
        qsort(g.v, g.n, sizeof(*g.v), by_uid);
    struct store_uid_range *v = moxd_arena_calloc(op->arena, g.n, sizeof(*v));
    size_t n = 0;
    for (size_t i = 0; i < g.n; i++)
        if (n > 0 && g.v[i].first == v[n - 1].last + 1)
            v[n - 1].last = g.v[i].last;
        else
            v[n++] = g.v[i];
    op->gone = (struct store_uids){ v, n };
    return 0;
}

static int scan_entries(struct reading *r, struct store_op_entries *op)
{
    const struct store_uids *uids = op->uids;
    struct store_uids where;

    if (op->since && r->tx->viewer == 0) { /* blocks say nothing of what viewers have seen */
        int rc = store_changed_where(r->tx, op->mailbox, uids, op->modseq, r->tx->arena, &where, r->err);
        if (rc < 0)
            return -1;
        uids = rc > 0 ? &where : uids;
    }
    return store_msg_scan(r->tx, op->mailbox, uids, entry, r, r->err);
}

int store_op_entries(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_op_entries *op = arg;
    struct reading r = { .tx = tx, .entries = op, .err = err };

    op->v = NULL;
    op->n = op->cap = 0;
    op->at = tx->meta.modseq;
    if (store_box_load(tx, op->mailbox, &r.box, err) < 0)
        return -1;
    if (op->uids == NULL && !op->since && r.box.r.total > 0) {
        op->cap = r.box.r.total < ROOM_MAX ? r.box.r.total : ROOM_MAX;
        op->v = moxd_arena_calloc(op->arena, op->cap, sizeof(*op->v));
    }
    /* Nothing in this mailbox is newer: no need to look. */
    if (op->since && r.box.r.highestmodseq <= op->modseq && tx->viewer == 0)
        return 0;
    if (!op->no_entries && (store_seen_load(tx, op->mailbox, op->uids, &r.seen, err) < 0 ||
                            scan_entries(&r, op) < 0))
        return -1;
    return op->since && !op->no_gone ? find_gone(&r, op) : 0;
}

int store_op_select(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_op_select *op = arg;

    if (store_op_mailbox(tx, &op->box, err) < 0)
        return -1;
    op->entries.mailbox = op->box.out->id;
    return store_op_entries(tx, &op->entries, err);
}

static int message(void *arg, uint32_t uid, const struct store_rec *rec)
{
    struct reading *r = arg;
    struct store_op_messages *op = r->messages;
    struct store_msg *m = moxd_arena_push(op->arena, &op->v, &op->n, &op->cap, sizeof(*m));

    if (store_msg_show(r->tx, &r->box, uid, rec, op->arena, m, r->err) < 0)
        return -1;
    store_seen_show(&r->seen, uid, &m->flags, &m->modseq);
    return 0;
}

int store_op_messages(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_op_messages *op = arg;
    struct reading r = { .tx = tx, .messages = op, .err = err };

    op->v = NULL;
    op->n = op->cap = 0;
    if (store_box_load(tx, op->mailbox, &r.box, err) < 0 ||
        store_seen_load(tx, op->mailbox, op->uids, &r.seen, err) < 0)
        return -1;
    return store_msg_scan(tx, op->mailbox, op->uids, message, &r, err) < 0 ? -1 : 0;
}

int store_op_places(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_op_places *op = arg;

    op->v = moxd_arena_calloc(op->arena, op->n + 1, sizeof(*op->v));
    for (size_t i = 0; i < op->n; i++)
        if (store_msg_find(tx, op->ids[i], &op->v[i].mailbox, &op->v[i].uid, err) < 0)
            return -1;
    return 0;
}
