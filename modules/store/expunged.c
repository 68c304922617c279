#include "expunged.h"

enum { EXPUNGED_VERSION = 1 };

/* --- tombstones -------------------------------------------------------------------------------- */

static int put_gone(struct store_tx *tx, struct store_box *box, struct moxd_err *err)
{
    struct store_uid_range *r = &box->leaving->gone;
    struct store_key key = store_key_gone(box->id, store_tx_modseq(tx), r->first);
    unsigned char n[4];

    if (r->first == 0)
        return 0;
    moxd_put_be32(n, r->last - r->first + 1);
    r->first = 0;
    return store_put(tx, &key, moxd_str((char *)n, sizeof(n)), err);
}

/* The number of UIDs; before, the id of a single message. */
int store_gone_decode(struct moxd_str key, struct moxd_str val, struct store_uid_range *out)
{
    if (key.n != 17 || (val.n != 4 && val.n != 8))
        return -1;
    uint32_t first = moxd_get_be32(key.p + 13), n = val.n == 4 ? moxd_get_be32(val.p) : 1;
    *out = (struct store_uid_range){ first, first + n - 1 };
    return first > 0 && n > 0 && out->last >= first ? 0 : -1;
}

/* --- expunged messages ------------------------------------------------------------------------- */

struct moxd_str store_expunged_encode(const struct store_expunged *v, size_t n, unsigned char *buf)
{
    struct store_enc e = { .p = buf, .cap = STORE_RECORD_MAX };

    store_enc_u8(&e, EXPUNGED_VERSION);
    for (size_t i = 0; i < n; i++) {
        store_enc_u32(&e, v[i].uid);
        store_enc_u64(&e, v[i].id);
        store_enc_u64(&e, v[i].body.body);
        store_enc_u64(&e, v[i].body.size);
        store_enc_u32(&e, v[i].body.prefix);
        store_enc_u8(&e, v[i].body.where);
        store_enc_u64(&e, (uint64_t)v[i].received);
    }
    return store_enc_str(&e);
}

static void decode_one(struct store_dec *d, struct store_expunged *e)
{
    e->uid = store_dec_u32(d);
    e->id = store_dec_u64(d);
    e->body.body = store_dec_u64(d);
    e->body.size = store_dec_u64(d);
    e->body.prefix = store_dec_u32(d);
    unsigned where = store_dec_u8(d);
    e->body.where = where == STORE_IN_DB ? STORE_IN_DB : STORE_IN_FILE;
    e->received = (int64_t)store_dec_u64(d);
    if (where > STORE_IN_DB || e->body.body > STORE_RECORD_NUMBER_MAX || e->body.body == e->id ||
        (e->body.body != 0 && e->body.where != STORE_IN_DB) || e->uid == 0 || e->id == 0 || e->id > STORE_RECORD_NUMBER_MAX ||
        e->body.size > STORE_SIZE_MAX || e->body.prefix > e->body.size)
        d->bad = true;
}

int store_expunged_decode(struct moxd_str val, struct store_expunged *v)
{
    struct store_dec d = store_dec(val);
    bool known = store_dec_u8(&d) == EXPUNGED_VERSION;
    int n = 0;

    while (known && !d.bad && d.n > 0 && n < STORE_EXPUNGED_MAX) {
        decode_one(&d, &v[n]);
        if (n > 0 && v[n].uid <= v[n - 1].uid)
            return -1;
        n++;
    }
    return known && n > 0 && store_dec_done(&d) ? n : -1;
}

/* They are erased when all who watch the account were told. */
static int put_expunged(struct store_tx *tx, struct store_box *box, struct moxd_err *err)
{
    struct store_leaving *l = box->leaving;
    unsigned char buf[STORE_RECORD_MAX];
    size_t n = l->n;

    if (n == 0)
        return 0;
    struct store_key key = store_key_place(STORE_T_EXPUNGED, box->id, l->v[0].uid);
    struct store_erasable what = { STORE_T_EXPUNGED, (uint64_t)box->id << 32 | l->v[0].uid, false };
    for (size_t i = 0; i < n; i++)
        what.files |= l->v[i].body.where == STORE_IN_FILE;
    store_tx_erase(tx, what);
    l->n = 0;
    return store_put(tx, &key, store_expunged_encode(l->v, n, buf), err);
}

int store_leave(struct store_tx *tx, struct store_box *box, uint32_t uid,
                const struct store_expunged *e, struct moxd_err *err)
{
    if (box->leaving == NULL)
        box->leaving = moxd_arena_calloc(tx->arena, 1, sizeof(*box->leaving));
    struct store_leaving *l = box->leaving;
    if (l->gone.first > 0 && uid != l->gone.last + 1 && put_gone(tx, box, err) < 0)
        return -1;
    if (l->gone.first == 0)
        l->gone.first = uid;
    l->gone.last = uid;
    if (e == NULL)
        return 0;
    if (l->n == STORE_EXPUNGED_MAX && put_expunged(tx, box, err) < 0)
        return -1;
    moxd_assert(l->n == 0 || l->v[l->n - 1].uid < uid);
    l->v[l->n++] = *e;
    return 0;
}

int store_leave_end(struct store_tx *tx, struct store_box *box, struct moxd_err *err)
{
    if (box->leaving == NULL)
        return 0;
    return put_gone(tx, box, err) < 0 ? -1 : put_expunged(tx, box, err);
}

struct finding {
    struct store_tx *tx;
    uint32_t uid;
    struct store_expunged *out;
    struct moxd_err *err;
};

static int find_in(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct finding *f = arg;
    struct store_expunged v[STORE_EXPUNGED_MAX];
    int n = key.n == 9 ? store_expunged_decode(val, v) : -1;

    if (n < 0)
        return store_corrupt(f->tx, "record of expunged messages", f->err);
    for (int i = 0; i < n; i++)
        if (v[i].uid == f->uid) {
            *f->out = v[i];
            return 1;
        }
    return 0;
}

int store_expunged_find(struct store_tx *tx, uint32_t mailbox, uint32_t uid,
                        struct store_expunged *out, struct moxd_err *err)
{
    struct finding f = { tx, uid, out, err };
    struct store_key all = store_key_u32(STORE_T_EXPUNGED, mailbox);

    return store_scan(tx, &all, store_key_str(&all), find_in, &f, err);
}
