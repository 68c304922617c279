/* Changing flags and keywords. */
#include "ops.h"
#include "viewer.h"

struct flagging {
    struct store_tx *tx;
    struct store_op_flags *op;
    struct store_box box;
    struct store_uidset refused;
    struct store_seen seen;
    uint16_t kw[STORE_KEYWORDS_MAX]; /* numbers of the keywords that were given */
    unsigned nkw;
};

static bool has(const uint16_t *v, unsigned n, uint16_t x)
{
    for (unsigned i = 0; i < n; i++)
        if (v[i] == x)
            return true;
    return false;
}

/* Both lists ascending; the result too. LIMIT when it is too long. */
static int merge(struct store_rec *rec, const struct flagging *f, struct moxd_err *err)
{
    uint16_t out[2 * STORE_KEYWORDS_MAX];
    unsigned i = 0, j = 0, n = 0;

    while (i < rec->nkw || j < f->nkw) {
        bool left = j == f->nkw || (i < rec->nkw && rec->kw[i] <= f->kw[j]);
        uint16_t x = left ? rec->kw[i] : f->kw[j];
        i += i < rec->nkw && rec->kw[i] == x;
        j += j < f->nkw && f->kw[j] == x;
        out[n++] = x;
    }
    if (n > STORE_KEYWORDS_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "more than %d keywords", STORE_KEYWORDS_MAX);
    memcpy(rec->kw, out, n * sizeof(*out));
    rec->nkw = n;
    return 0;
}

static void subtract(struct store_rec *rec, const struct flagging *f)
{
    unsigned n = 0;
    for (unsigned i = 0; i < rec->nkw; i++)
        if (!has(f->kw, f->nkw, rec->kw[i]))
            rec->kw[n++] = rec->kw[i];
    rec->nkw = n;
}

static int apply(struct store_rec *rec, const struct flagging *f, struct moxd_err *err)
{
    unsigned mask = f->op->mask, flags = f->op->fc->flags & mask & STORE_FLAGS_ALL;

    switch (f->op->fc->mode) {
    case STORE_FLAGS_SET:
        rec->flags = (rec->flags & ~mask) | flags;
        if ((mask & STORE_FLAG_KEYWORDS) == 0)
            return 0;
        memcpy(rec->kw, f->kw, f->nkw * sizeof(*f->kw));
        rec->nkw = f->nkw;
        return 0;
    case STORE_FLAGS_ADD:
        rec->flags |= flags;
        return merge(rec, f, err);
    case STORE_FLAGS_REMOVE:
        rec->flags &= ~flags;
        subtract(rec, f);
        return 0;
    }
    return moxd_err_set(err, MOXD_ERR_INVALID, "unknown mode");
}

static bool same(const struct store_rec *a, const struct store_rec *b)
{
    return a->flags == b->flags && a->nkw == b->nkw &&
           memcmp(a->kw, b->kw, a->nkw * sizeof(*a->kw)) == 0;
}

/* `shown` is what the one who asks saw until now. A viewer has a \Seen of its own. */
static int put(struct flagging *f, uint32_t uid, const struct store_rec *old,
               const struct store_rec *shown, struct store_rec *now, struct moxd_err *err)
{
    struct store_rec stored = *now;

    stored.modseq = old->modseq;
    if (f->tx->viewer != 0)
        stored.flags = (now->flags & ~(unsigned)STORE_SEEN) | (old->flags & STORE_SEEN);
    if (!same(old, &stored)) {
        if (store_msg_update(f->tx, &f->box, uid, old, &stored, err) < 0)
            return -1;
        now->modseq = stored.modseq;
    }
    if (f->tx->viewer == 0 || ((now->flags ^ shown->flags) & STORE_SEEN) == 0)
        return 0;
    now->modseq = store_tx_modseq(f->tx);
    return store_seen_set(f->tx, &f->box, uid, old->id, now->flags, err);
}

static int flag_one(struct flagging *f, uint32_t uid, const struct store_rec *old,
                    struct moxd_err *err)
{
    struct store_op_flags *op = f->op;
    struct store_rec shown = *old, now;

    store_seen_show(&f->seen, uid, &shown.flags, &shown.modseq);
    now = shown;
    if (op->fc->has_unchangedsince && shown.modseq > op->fc->unchangedsince) {
        store_uidset_add(&f->refused, op->arena, uid);
        return 0;
    }
    if (apply(&now, f, err) < 0 || put(f, uid, old, &shown, &now, err) < 0)
        return -1;
    struct store_entry *e = moxd_arena_push(op->arena, &op->v, &op->n, &op->cap, sizeof(*e));
    *e = (struct store_entry){ .uid = uid, .flags = now.flags, .id = now.id, .modseq = now.modseq };
    if (now.nkw == 0)
        return 0;
    if (store_box_keywords(f->tx, &f->box, err) < 0)
        return -1;
    return store_kwlist_names(f->tx, f->box.kw, now.kw, now.nkw, op->arena, &e->keywords, err);
}

static int prepare(struct flagging *f, struct moxd_err *err)
{
    struct store_op_flags *op = f->op;

    op->v = NULL;
    op->n = op->cap = 0;
    if ((op->fc->flags & ~(unsigned)STORE_FLAGS_ALL) != 0)
        return moxd_err_set(err, MOXD_ERR_INVALID, "unknown flag");
    if (store_keywords_check(op->fc->keywords, err) < 0 ||
        store_box_load(f->tx, op->mailbox, &f->box, err) < 0 ||
        store_seen_load(f->tx, op->mailbox, op->uids, &f->seen, err) < 0)
        return -1;
    if (op->fc->keywords.n == 0 || (op->mask & STORE_FLAG_KEYWORDS) == 0)
        return 0;
    if (store_box_keywords(f->tx, &f->box, err) < 0)
        return -1;
    if (op->fc->mode == STORE_FLAGS_REMOVE) {
        store_kwlist_known(f->box.kw, op->fc->keywords, f->kw, &f->nkw);
        return 0;
    }
    return store_kwlist_numbers(f->tx, f->box.kw, op->fc->keywords, f->kw, &f->nkw, err);
}

int store_op_flags(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct flagging f = { .tx = tx, .op = arg };
    int rc;

    if (prepare(&f, err) < 0)
        return -1;
    struct store_portion *it = store_portion_new(tx, &f.box, f.op->uids);
    while ((rc = store_portion_next(tx, it, err)) > 0)
        for (size_t i = 0; i < it->n; i++)
            if (flag_one(&f, it->uid[i], &it->rec[i], err) < 0)
                return -1;
    f.op->modified = store_uidset_uids(&f.refused);
    f.op->fc->modseq = tx->modseq;
    /* Nothing changed: the mailbox is not written, and a keyword that nobody has is not kept. */
    if (rc < 0 || tx->modseq == 0)
        return rc;
    return store_box_save(tx, &f.box, err);
}
