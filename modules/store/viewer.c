#include "viewer.h"

#include "message.h"

/* A set of at most so many messages is looked up one by one. */
enum { FEW = 16 };

/* --- records ----------------------------------------------------------------------------------- */

static int get_seen(struct store_tx *tx, uint32_t mailbox, uint64_t viewer, uint32_t uid,
                    struct store_seen_rec *out, struct moxd_err *err)
{
    struct store_key key = store_key_seen(mailbox, viewer, uid);
    struct moxd_str val;
    int rc = store_get(tx, &key, &val, err);

    *out = (struct store_seen_rec){ 0 };
    if (rc > 0 && store_seen_decode(val, out) < 0)
        return store_corrupt(tx, "what a viewer has seen", err);
    return rc;
}

static int put_seen(struct store_tx *tx, uint32_t mailbox, uint64_t viewer, uint32_t uid, bool seen,
                    struct moxd_err *err)
{
    struct store_seen_rec r = { seen, store_tx_modseq(tx) };
    struct store_key key = store_key_seen(mailbox, viewer, uid);
    unsigned char buf[STORE_RECORD_MAX];

    return store_put(tx, &key, store_seen_encode(&r, buf), err);
}

static int get_viewer(struct store_tx *tx, uint32_t mailbox, uint64_t viewer,
                      struct store_viewer_rec *out, struct moxd_err *err)
{
    struct store_key key = store_key_viewer(mailbox, viewer);
    struct moxd_str val;
    int rc = store_get(tx, &key, &val, err);

    *out = (struct store_viewer_rec){ 0 };
    if (rc > 0 && store_viewer_decode(val, out) < 0)
        return store_corrupt(tx, "counts of a viewer", err);
    return rc;
}

/* What a viewer has seen grows by one, is less by one, or (0) stays: changed in this transaction. The first record
 * of a viewer is counted in the box. */
static int count(struct store_tx *tx, struct store_box *box, uint64_t viewer, int by,
                 struct moxd_err *err)
{
    struct store_key key = store_key_viewer(box->id, viewer);
    unsigned char buf[STORE_RECORD_MAX];
    struct store_viewer_rec r;
    int rc = get_viewer(tx, box->id, viewer, &r, err);

    if (rc < 0)
        return -1;
    if (by < 0 && r.seen == 0)
        return store_corrupt(tx, "counts of a viewer", err);
    box->r.viewers += rc == 0;
    r.seen += (uint32_t)by;
    r.modseq = store_tx_modseq(tx);
    return store_put(tx, &key, store_viewer_encode(&r, buf), err);
}

/* --- reading ----------------------------------------------------------------------------------- */

struct loading {
    struct store_tx *tx;
    struct store_seen *out;
    uint32_t last;
    struct moxd_err *err;
};

static int load_one(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct loading *l = arg;
    struct store_seen_at at;

    if (key.n != STORE_SEEN_KEY)
        return store_corrupt(l->tx, "key of what a viewer has seen", l->err);
    at.uid = moxd_get_be32(key.p + 13);
    if (at.uid > l->last)
        return 1;
    if (store_seen_decode(val, &at.r) < 0)
        return store_corrupt(l->tx, "what a viewer has seen", l->err);
    *(struct store_seen_at *)moxd_arena_push(l->tx->arena, &l->out->v, &l->out->n, &l->out->cap,
                                             sizeof(at)) = at;
    return 0;
}

/* From `first` to `last`, in one scan. */
static int load_range(struct loading *l, uint32_t mailbox, uint32_t first)
{
    struct store_key from = store_key_seen(mailbox, l->tx->viewer, first);
    struct moxd_str prefix = moxd_str((const char *)from.p, STORE_SEEN_KEY - 4);

    return store_scan(l->tx, &from, prefix, load_one, l, l->err) < 0 ? -1 : 0;
}

static int look_up(struct loading *l, uint32_t mailbox, const struct store_uids *uids)
{
    for (size_t i = 0; i < uids->n; i++) {
        struct store_seen_at at = { .uid = uids->v[i].first };
        int rc = get_seen(l->tx, mailbox, l->tx->viewer, at.uid, &at.r, l->err);

        if (rc < 0)
            return -1;
        if (rc > 0)
            *(struct store_seen_at *)moxd_arena_push(l->tx->arena, &l->out->v, &l->out->n,
                                                     &l->out->cap, sizeof(at)) = at;
    }
    return 0;
}

static bool are_few(const struct store_uids *uids)
{
    for (size_t i = 0; i < uids->n && i < FEW; i++)
        if (uids->v[i].first != uids->v[i].last)
            return false;
    return uids->n < FEW;
}

int store_seen_load(struct store_tx *tx, uint32_t mailbox, const struct store_uids *uids,
                    struct store_seen *out, struct moxd_err *err)
{
    struct loading l = { .tx = tx, .out = out, .last = UINT32_MAX, .err = err };

    *out = (struct store_seen){ .owner = tx->viewer == 0 };
    if (out->owner || (uids != NULL && uids->n == 0))
        return 0;
    if (uids == NULL)
        return load_range(&l, mailbox, 1);
    if (are_few(uids))
        return look_up(&l, mailbox, uids);
    l.last = uids->v[uids->n - 1].last;
    return load_range(&l, mailbox, uids->v[0].first);
}

void store_seen_show(const struct store_seen *seen, uint32_t uid, unsigned *flags, uint64_t *modseq)
{
    size_t lo = 0, hi = seen->n;

    if (seen->owner)
        return;
    *flags &= ~(unsigned)STORE_SEEN;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (seen->v[mid].uid < uid)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == seen->n || seen->v[lo].uid != uid)
        return;
    *flags |= seen->v[lo].r.seen ? STORE_SEEN : 0;
    if (seen->v[lo].r.modseq > *modseq)
        *modseq = seen->v[lo].r.modseq;
}

int store_viewer_get(struct store_tx *tx, uint32_t mailbox, struct store_viewer_rec *out,
                     struct moxd_err *err)
{
    return get_viewer(tx, mailbox, tx->viewer, out, err) < 0 ? -1 : 0;
}

/* --- writing ----------------------------------------------------------------------------------- */

int store_seen_set(struct store_tx *tx, struct store_box *box, uint32_t uid, uint64_t id,
                   unsigned flags, struct moxd_err *err)
{
    bool seen = (flags & STORE_SEEN) != 0;
    struct store_seen_rec old;

    moxd_assert(tx->viewer != 0);
    if (get_seen(tx, box->id, tx->viewer, uid, &old, err) < 0)
        return -1;
    if (old.seen == seen)
        return 0;
    if (put_seen(tx, box->id, tx->viewer, uid, seen, err) < 0)
        return -1;
    store_tx_seen(tx, box->id, uid, id, flags);
    return count(tx, box, tx->viewer, seen ? 1 : -1, err);
}

int store_seen_add(struct store_tx *tx, struct store_box *box, uint32_t uid, struct moxd_err *err)
{
    if (put_seen(tx, box->id, tx->viewer, uid, true, err) < 0)
        return -1;
    return count(tx, box, tx->viewer, 1, err);
}

/* The viewers of a mailbox. */
struct viewers {
    struct store_tx *tx;
    uint64_t *v;
    size_t n, cap;
    struct moxd_err *err;
};

static int gather(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct viewers *w = arg;

    (void)val;
    if (key.n != STORE_VIEWER_KEY)
        return store_corrupt(w->tx, "key of a viewer", w->err);
    *(uint64_t *)moxd_arena_push(w->tx->arena, &w->v, &w->n, &w->cap, sizeof(*w->v)) =
        moxd_get_be64(key.p + 5);
    return 0;
}

static int find_viewers(struct store_tx *tx, const struct store_box *box, struct viewers *w,
                        struct moxd_err *err)
{
    struct store_key all = store_key_u32(STORE_T_VIEWER, box->id);

    *w = (struct viewers){ .tx = tx, .err = err };
    if (box->r.viewers == 0)
        return 0;
    return store_scan(tx, &all, store_key_str(&all), gather, w, err) < 0 ? -1 : 0;
}

int store_seen_copy(struct store_tx *tx, struct store_box *src, uint32_t uid, struct store_box *dst,
                    uint32_t new_uid, struct moxd_err *err)
{
    struct viewers w;

    if (find_viewers(tx, src, &w, err) < 0)
        return -1;
    for (size_t i = 0; i < w.n; i++) {
        struct store_seen_rec r;

        if (get_seen(tx, src->id, w.v[i], uid, &r, err) < 0)
            return -1;
        if (r.seen && (put_seen(tx, dst->id, w.v[i], new_uid, true, err) < 0 ||
                       count(tx, dst, w.v[i], 1, err) < 0))
            return -1;
    }
    return 0;
}

int store_seen_remove(struct store_tx *tx, struct store_box *box, uint32_t uid,
                      struct moxd_err *err)
{
    struct viewers w;

    if (find_viewers(tx, box, &w, err) < 0)
        return -1;
    for (size_t i = 0; i < w.n; i++) {
        struct store_key key = store_key_seen(box->id, w.v[i], uid);
        struct store_seen_rec r;
        int rc = get_seen(tx, box->id, w.v[i], uid, &r, err);

        if (rc < 0 || (rc > 0 && store_del(tx, &key, err) < 0) ||
            (r.seen && count(tx, box, w.v[i], -1, err) < 0))
            return -1;
    }
    return 0;
}

int store_viewers_clear(struct store_tx *tx, uint32_t mailbox, struct moxd_err *err)
{
    struct store_key seen = store_key_u32(STORE_T_SEEN, mailbox);
    struct store_key viewers = store_key_u32(STORE_T_VIEWER, mailbox);

    return store_clear(tx, &seen, err) < 0 ? -1 : store_clear(tx, &viewers, err);
}
