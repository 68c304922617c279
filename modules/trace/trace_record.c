/* Traces in the database: written, read, forgotten. Inside of transactions, on workers. */
#include "trace.h"

#include <moxd/enc.h>
#include <stdlib.h>

enum { HEAD_MAX = 8 * 1024, PER_RECORD = 40 /* bytes of keys and of the database, roughly */ };

/* --- keys -------------------------------------------------------------------------------------- */

static void add_id(struct trace_key *k, const struct trace_id *id)
{
    moxd_put_be64(k->p + k->n, id->cid);
    moxd_put_be32(k->p + k->n + 8, id->n);
    k->n += TRACE_ID_SIZE;
}

struct trace_key trace_key_head(int64_t start, const struct trace_id *id)
{
    struct trace_key k = { .n = 8 };

    moxd_put_be64(k.p, (uint64_t)start);
    add_id(&k, id);
    return k;
}

struct trace_key trace_key_step(const struct trace_id *id, uint32_t chunk)
{
    struct trace_key k = { .n = 0 };

    add_id(&k, id);
    moxd_put_be32(k.p + k.n, chunk);
    k.n += 4;
    return k;
}

struct trace_key trace_key_message(struct moxd_str message_id, const struct trace_id *id)
{
    struct moxd_str s = trace_message_id(message_id);
    struct trace_key k = { .n = s.n + 1 };

    if (s.n > 0)
        memcpy(k.p, s.p, s.n);
    k.p[s.n] = '\0';
    if (id)
        add_id(&k, id);
    return k;
}

struct trace_id trace_key_id(struct moxd_str key)
{
    struct trace_id id = { 0 };

    if (key.n >= TRACE_ID_SIZE) {
        const char *p = key.p + key.n - TRACE_ID_SIZE;
        id = (struct trace_id){ moxd_get_be64(p), moxd_get_be32(p + 8) };
    }
    return id;
}

static int del(const struct store_v1 *store, struct store_tx *tx, const char *table,
               struct trace_key key, struct moxd_err *err)
{
    return store->tx_del(tx, table, trace_key_str(&key), err);
}

/* --- how much there is ------------------------------------------------------------------------- */

int trace_get_total(const struct store_v1 *store, struct store_tx *tx, struct trace_total *out,
                    struct moxd_err *err)
{
    struct moxd_buf b = MOXD_BUF_INIT(64);
    int rc = store_tx_find(store, tx, "trace.total", MOXD_STR("total"), &b, err);

    *out = (struct trace_total){ 0 };
    if (rc > 0 && b.n == 16)
        *out = (struct trace_total){ moxd_get_be64(b.p), moxd_get_be64(b.p + 8) };
    moxd_buf_fini(&b);
    return rc < 0 ? -1 : 0;
}

static int put_total(const struct store_v1 *store, struct store_tx *tx, const struct trace_total *t,
                     struct moxd_err *err)
{
    char p[16];

    moxd_put_be64(p, t->bytes);
    moxd_put_be64(p + 8, t->count);
    return store->tx_put(tx, "trace.total", MOXD_STR("total"), moxd_str(p, sizeof(p)), err);
}

/* --- a message --------------------------------------------------------------------------------- */

static void empty_head(struct trace_head *h, const struct trace_id *id)
{
    *h = (struct trace_head){ .id = *id,
                              .ip = "",
                              .account = "",
                              .from = "",
                              .to = "",
                              .message_id = "",
                              .reason = "",
                              .end = "" };
}

/* The first step says when it began, which is in the key of the head. 1, 0, -1. */
static int find_head(const struct store_v1 *store, struct store_tx *tx, const struct trace_id *id,
                     struct moxd_arena *a, struct trace_head *h, struct moxd_err *err)
{
    struct moxd_buf b = MOXD_BUF_INIT(64 * 1024);
    struct trace_key key = trace_key_step(id, 0);
    int rc = store_tx_find(store, tx, "trace.step", trace_key_str(&key), &b, err);

    if (rc > 0 && b.n < 8)
        rc = moxd_err_set(err, MOXD_ERR_CORRUPT, "a trace is damaged");
    if (rc > 0) {
        key = trace_key_head((int64_t)moxd_get_be64(b.p), id);
        moxd_buf_reset(&b);
        rc = store_tx_find(store, tx, "trace.head", trace_key_str(&key), &b, err);
    }
    if (rc > 0) {
        rc = trace_head_decode(moxd_buf_str(&b), a, h, err) < 0 ? -1 : 1;
        h->id = *id;
    }
    moxd_buf_fini(&b);
    return rc;
}

static int learn(struct trace_head *h, struct moxd_str steps, struct moxd_arena *a,
                 struct moxd_err *err)
{
    struct moxd_step s;
    int rc;

    while ((rc = moxd_step_next(&steps, a, &s, err)) > 0)
        trace_head_learn(h, &s, a);
    return rc;
}

/* A chunk begins with the start of the message. */
static int put_steps(const struct store_v1 *store, struct store_tx *tx, struct trace_head *h,
                     int64_t start, const struct trace_part *part, struct moxd_err *err)
{
    struct moxd_buf b = MOXD_BUF_INIT(TRACE_CHUNK_MAX + 8);
    struct trace_key key = trace_key_step(&h->id, (uint32_t)h->chunks);
    char p[8];

    if (h->bytes + (int64_t)part->steps.n > TRACE_MESSAGE_MAX) {
        h->cut = true;
        return 0;
    }
    moxd_put_be64(p, (uint64_t)start);
    moxd_buf_add(&b, p, sizeof(p));
    moxd_buf_addstr(&b, moxd_buf_str(&part->steps));
    h->cut |= part->steps.overflow;
    h->bytes += (int64_t)part->steps.n + PER_RECORD;
    h->chunks++;
    int rc = store->tx_put(tx, "trace.step", trace_key_str(&key), moxd_buf_str(&b), err);
    moxd_buf_fini(&b);
    return rc;
}

static int put_message_id(const struct store_v1 *store, struct store_tx *tx,
                          const struct trace_head *h, int64_t start, struct moxd_err *err)
{
    struct trace_key key = trace_key_message(moxd_cstr(h->message_id), &h->id);
    char p[8];

    if (h->message_id[0] == '\0')
        return 0;
    moxd_put_be64(p, (uint64_t)start);
    return store->tx_put(tx, "trace.message", trace_key_str(&key), moxd_str(p, sizeof(p)), err);
}

/* Under the start that it was first written with, which is 0 for a new one; its bytes are counted. */
static int put_head(const struct store_v1 *store, struct store_tx *tx, const struct trace_head *h,
                    int64_t start, struct moxd_err *err)
{
    struct moxd_buf b = MOXD_BUF_INIT(HEAD_MAX);
    struct trace_key key = trace_key_head(start, &h->id);

    trace_head_encode(&b, h);
    int rc = store->tx_put(tx, "trace.head", trace_key_str(&key), moxd_buf_str(&b), err);
    moxd_buf_fini(&b);
    return rc;
}

static int write_learned(const struct store_v1 *store, struct store_tx *tx, struct trace_head *h,
                         const struct trace_part *part, bool is_new, struct moxd_err *err)
{
    struct trace_total total;
    int64_t start = h->start, before = is_new ? 0 : h->bytes;

    if (is_new)
        h->bytes = 4 * PER_RECORD; /* what the head takes */
    if (put_steps(store, tx, h, start, part, err) < 0 ||
        put_message_id(store, tx, h, start, err) < 0 || put_head(store, tx, h, start, err) < 0 ||
        trace_get_total(store, tx, &total, err) < 0)
        return -1;
    total.bytes += (uint64_t)(h->bytes - before);
    total.count += is_new;
    return put_total(store, tx, &total, err);
}

int trace_write_part(const struct store_v1 *store, struct store_tx *tx,
                     const struct trace_part *part, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct trace_head h;
    struct trace_id id;

    if (part->steps.n == 0 || moxd_cid_from_public_part(part->id, &id.cid, &id.n) < 0)
        return 0;
    int rc = find_head(store, tx, &id, a, &h, err);
    if (rc < 0)
        return -1;
    if (rc == 0)
        empty_head(&h, &id);
    int64_t start = h.start;
    if (learn(&h, moxd_buf_str(&part->steps), a, err) < 0)
        return -1;
    if (rc > 0)
        h.start = start; /* it is part of the key */
    return write_learned(store, tx, &h, part, rc == 0, err);
}

int trace_read(const struct store_v1 *store, struct store_tx *tx, const struct trace_id *id,
               struct moxd_arena *a, struct trace_head *head, struct moxd_buf *steps,
               struct moxd_err *err)
{
    struct moxd_buf b = MOXD_BUF_INIT(64 * 1024);
    int rc = find_head(store, tx, id, a, head, err);

    for (uint32_t i = 0; rc > 0 && i < (uint64_t)head->chunks; i++) {
        struct trace_key key = trace_key_step(id, i);
        moxd_buf_reset(&b);
        if (store_tx_find(store, tx, "trace.step", trace_key_str(&key), &b, err) < 0)
            rc = -1;
        moxd_buf_addstr(steps, moxd_str_from(moxd_buf_str(&b), 8));
    }
    moxd_buf_fini(&b);
    return rc;
}

/* --- forgetting -------------------------------------------------------------------------------- */

struct old {
    char key[8 + TRACE_ID_SIZE];
    struct trace_head head;
    bool damaged;
};
struct pruning {
    struct moxd_arena *a;
    struct old *v;
    size_t n, max;
    int64_t before;
    uint64_t bytes, limit; /* bytes: without those in v */
};

static int collect(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct pruning *p = arg;
    struct old *old = &p->v[p->n];

    if (key.n != sizeof(old->key) || p->n == p->max)
        return 1;
    if ((int64_t)moxd_get_be64(key.p) >= p->before && p->bytes <= p->limit)
        return 1;
    memcpy(old->key, key.p, key.n);
    old->damaged = trace_head_decode(val, p->a, &old->head, NULL) < 0;
    old->head.id = trace_key_id(key);
    uint64_t bytes = old->damaged ? 0 : (uint64_t)old->head.bytes;
    p->bytes -= bytes < p->bytes ? bytes : p->bytes;
    p->n++;
    return 0;
}

static int forget(const struct store_v1 *store, struct store_tx *tx, const struct old *old,
                  struct moxd_err *err)
{
    const struct trace_head *h = &old->head;

    for (int64_t i = 0; !old->damaged && i < h->chunks; i++)
        if (del(store, tx, "trace.step", trace_key_step(&h->id, (uint32_t)i), err) < 0)
            return -1;
    if (!old->damaged && h->message_id[0] &&
        del(store, tx, "trace.message", trace_key_message(moxd_cstr(h->message_id), &h->id), err) <
            0)
        return -1;
    return store->tx_del(tx, "trace.head", moxd_str(old->key, sizeof(old->key)), err);
}

int trace_prune(const struct store_v1 *store, struct store_tx *tx, int64_t before, uint64_t limit,
                size_t max, size_t *removed, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct pruning p = { .a = a, .max = max, .before = before, .limit = limit };
    struct trace_total total;

    *removed = 0;
    p.v = moxd_arena_calloc(a, max + 1, sizeof(*p.v));
    if (trace_get_total(store, tx, &total, err) < 0)
        return -1;
    p.bytes = total.bytes;
    if (store->tx_each(tx, "trace.head", MOXD_STR(""), collect, &p, err) < 0)
        return -1;
    for (size_t i = 0; i < p.n; i++)
        if (forget(store, tx, &p.v[i], err) < 0)
            return -1;
    *removed = p.n;
    total.bytes = p.bytes;
    total.count -= p.n < total.count ? p.n : total.count;
    return p.n > 0 ? put_total(store, tx, &total, err) : 0;
}
