#include "changed.h"

/* --- writing ----------------------------------------------------------------------------------- */

int store_changed_end(struct store_tx *tx, struct store_box *box, struct moxd_err *err)
{
    unsigned char val[8];

    if (!box->changed)
        return 0;
    struct store_key key = store_key_place(STORE_T_CHANGED, box->id, box->changed_block);
    moxd_put_be64(val, store_tx_modseq(tx));
    box->changed = false;
    return store_put(tx, &key, moxd_str((char *)val, sizeof(val)), err);
}

int store_changed_note(struct store_tx *tx, struct store_box *box, uint32_t uid, struct moxd_err *err)
{
    uint32_t block = uid / STORE_BLOCK_UIDS;

    if (box->changed && box->changed_block != block && store_changed_end(tx, box, err) < 0)
        return -1;
    box->changed = true;
    box->changed_block = block;
    return 0;
}

/* --- of the account ---------------------------------------------------------------------------- */

int store_changed_from(struct store_tx *tx, uint64_t *modseq, struct moxd_err *err)
{
    struct store_key key = store_key_table(STORE_T_CHANGED);
    struct moxd_str val;
    int rc = store_get(tx, &key, &val, err);

    if (rc <= 0)
        return rc;
    if (val.n != 8)
        return store_corrupt(tx, "start of changes", err);
    *modseq = moxd_get_be64(val.p);
    return 1;
}

int store_changed_begin(struct store_tx *tx, struct moxd_err *err)
{
    struct store_key key = store_key_table(STORE_T_CHANGED);
    unsigned char val[8];

    moxd_put_be64(val, tx->meta.modseq);
    return store_put(tx, &key, moxd_str((char *)val, sizeof(val)), err);
}

/* --- reading ----------------------------------------------------------------------------------- */

struct where {
    struct store_tx *tx;
    uint64_t since;
    struct moxd_arena *a;
    struct store_uid_range *v;
    size_t n, cap;
    struct moxd_err *err;
};

static void add(struct where *w, uint32_t first, uint32_t last)
{
    if (w->n > 0 && w->v[w->n - 1].last + 1 == first) {
        w->v[w->n - 1].last = last;
        return;
    }
    struct store_uid_range *r = moxd_arena_push(w->a, &w->v, &w->n, &w->cap, sizeof(*r));
    *r = (struct store_uid_range){ first, last };
}

static int block(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct where *w = arg;

    if (key.n != 9 || val.n != 8)
        return store_corrupt(w->tx, "block of changes", w->err);
    uint32_t first = moxd_get_be32(key.p + 5) * STORE_BLOCK_UIDS;
    if (moxd_get_be64(val.p) > w->since)
        add(w, first, first + STORE_BLOCK_UIDS - 1);
    return 0;
}

/* What two ascending sets have in common. */
static struct store_uids common(struct moxd_arena *a, const struct store_uids *x,
                                const struct store_uids *y)
{
    struct where w = { .a = a };

    for (size_t i = 0, k = 0; i < x->n && k < y->n;) {
        uint32_t first = x->v[i].first > y->v[k].first ? x->v[i].first : y->v[k].first;
        uint32_t last = x->v[i].last < y->v[k].last ? x->v[i].last : y->v[k].last;
        if (first <= last)
            add(&w, first, last);
        if (x->v[i].last < y->v[k].last)
            i++;
        else
            k++;
    }
    return (struct store_uids){ w.v, w.n };
}

int store_changed_where(struct store_tx *tx, uint32_t mailbox, const struct store_uids *uids,
                        uint64_t since, struct moxd_arena *a, struct store_uids *out,
                        struct moxd_err *err)
{
    struct where w = { .tx = tx, .since = since, .a = a, .err = err };
    struct store_key all = store_key_u32(STORE_T_CHANGED, mailbox);
    uint64_t from;
    int rc = store_changed_from(tx, &from, err);

    if (rc <= 0 || since < from)
        return rc < 0 ? -1 : 0;
    if (store_scan(tx, &all, store_key_str(&all), block, &w, err) < 0)
        return -1;
    *out = (struct store_uids){ w.v, w.n };
    if (uids != NULL)
        *out = common(a, out, uids);
    return 1;
}
