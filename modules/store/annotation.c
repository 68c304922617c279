#include "annotation.h"

#include "codec.h"

enum { RECORD_VERSION = 1, HEAD_SIZE = 1 + 1 + 8 + 8 };

static const struct moxd_str table = { "store.annotation", 16 };

struct record {
    uint64_t modseq, createseq;
    struct moxd_str value; /* p NULL: a tombstone */
};

/* --- keys and records -------------------------------------------------------------------------- */

static struct store_key key_of(uint32_t mailbox, struct moxd_str name)
{
    unsigned char buf[4 + STORE_ANNOTATION_NAME_MAX];

    moxd_assert(name.n <= STORE_ANNOTATION_NAME_MAX);
    moxd_put_be32(buf, mailbox);
    if (name.n > 0)
        memcpy(buf + 4, name.p, name.n);
    return store_key_module(table, moxd_str((const char *)buf, 4 + name.n));
}

static struct moxd_str encode(struct store_tx *tx, const struct record *r)
{
    struct store_enc e = { .cap = HEAD_SIZE + r->value.n };

    e.p = moxd_arena_alloc(tx->arena, e.cap);
    store_enc_u8(&e, RECORD_VERSION);
    store_enc_u8(&e, r->value.p != NULL);
    store_enc_u64(&e, r->modseq);
    store_enc_u64(&e, r->createseq);
    store_enc_bytes(&e, r->value);
    return store_enc_str(&e);
}

static int decode(struct moxd_str s, struct record *r)
{
    struct store_dec d = store_dec(s);
    unsigned version = store_dec_u8(&d), live = store_dec_u8(&d);

    r->modseq = store_dec_u64(&d);
    r->createseq = store_dec_u64(&d);
    r->value = store_dec_bytes(&d, d.n);
    if (r->value.n == 0)
        r->value.p = "";
    if (!live)
        r->value = moxd_str(NULL, 0);
    return d.bad || version != RECORD_VERSION || live > 1 || r->createseq > r->modseq ? -1 : 0;
}

/* 1, 0, -1. */
static int get(struct store_tx *tx, const struct store_key *key, struct record *r,
               struct moxd_err *err)
{
    struct moxd_str val;
    int rc = store_get(tx, key, &val, err);

    if (rc > 0 && decode(val, r) < 0)
        return store_corrupt(tx, "annotation", err);
    return rc;
}

/* --- reading ----------------------------------------------------------------------------------- */

struct scan {
    struct store_tx *tx;
    struct moxd_err *err;
    void *arg;
    int (*fn)(void *arg, uint32_t mailbox, struct moxd_str name, const struct record *r);
};

static int each(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct scan *s = arg;
    struct moxd_str rest = moxd_str_from(key, store_key_module(table, MOXD_STR("")).n);
    struct record r;

    if (rest.n < 4 || decode(val, &r) < 0)
        return store_corrupt(s->tx, "annotation", s->err);
    return s->fn(s->arg, moxd_get_be32(rest.p), moxd_str_from(rest, 4), &r);
}

static int scan(struct scan *s, const struct store_key *prefix)
{
    return store_scan(s->tx, prefix, store_key_str(prefix), each, s, s->err);
}

static int show(void *arg, uint32_t mailbox, struct moxd_str name, const struct record *r)
{
    struct store_op_annotations *op = arg;
    struct store_annotation *out;

    if (r->value.p == NULL)
        return 0;
    out = moxd_arena_push(op->arena, &op->v, &op->n, &op->cap, sizeof(*out));
    *out = (struct store_annotation){ .mailbox = mailbox, .modseq = r->modseq,
                                      .createseq = r->createseq };
    out->name = moxd_arena_cstr(op->arena, name);
    out->value = moxd_str(moxd_arena_cstr(op->arena, r->value), r->value.n);
    return 0;
}

int store_op_annotations(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_op_annotations *op = arg;
    struct scan s = { tx, err, op, show };
    struct store_key prefix = op->all ? store_key_module(table, MOXD_STR(""))
                                      : key_of(op->mailbox, MOXD_STR(""));

    op->v = NULL;
    op->n = op->cap = 0;
    return scan(&s, &prefix) < 0 ? -1 : 0;
}

/* --- limits ------------------------------------------------------------------------------------ */

struct counted {
    uint32_t mailbox;
    size_t live;             /* of that mailbox */
    uint64_t size;           /* of all */
    size_t tombs;            /* of that mailbox; the oldest: */
    uint64_t oldest;
    struct store_key oldest_key;
};

static int count(void *arg, uint32_t mailbox, struct moxd_str name, const struct record *r)
{
    struct counted *c = arg;

    c->size += name.n + r->value.n;
    if (mailbox != c->mailbox)
        return 0;
    c->live += r->value.p != NULL;
    if (r->value.p != NULL)
        return 0;
    if (c->tombs++ == 0 || r->modseq < c->oldest) {
        c->oldest = r->modseq;
        c->oldest_key = key_of(mailbox, name);
    }
    return 0;
}

static int check_limits(struct store_tx *tx, uint32_t mailbox, struct moxd_err *err)
{
    struct store_key all = store_key_module(table, MOXD_STR(""));
    struct counted c;
    struct scan s = { tx, err, &c, count };

    for (;;) {
        c = (struct counted){ .mailbox = mailbox };
        if (scan(&s, &all) < 0)
            return -1;
        if (c.live > STORE_ANNOTATIONS_MAX || c.size > STORE_ANNOTATIONS_SIZE_MAX)
            return moxd_err_set(err, MOXD_ERR_LIMIT, "too many annotations");
        if (c.tombs <= STORE_ANNOTATION_TOMBS)
            return 0;
        if (store_del(tx, &c.oldest_key, err) < 0)
            return -1;
    }
}

/* --- writing ----------------------------------------------------------------------------------- */

static int check(const struct store_annotation *an, struct moxd_err *err)
{
    size_t n = strlen(an->name);

    if (n == 0 || n > STORE_ANNOTATION_NAME_MAX)
        return moxd_err_set(err, MOXD_ERR_INVALID, "bad name of an annotation");
    if (an->value.n > STORE_ANNOTATION_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "annotation larger than %d bytes",
                            STORE_ANNOTATION_MAX);
    return 0;
}

/* 1 when that was a change. */
static int set(struct store_tx *tx, uint32_t mailbox, const struct store_annotation *an,
               struct moxd_err *err)
{
    struct store_key key = key_of(mailbox, moxd_cstr(an->name));
    struct record old = { 0 }, now = { .value = an->value };
    int rc = get(tx, &key, &old, err);
    bool live = rc > 0 && old.value.p != NULL;

    if (rc < 0)
        return -1;
    if (live == (an->value.p != NULL) && (!live || moxd_str_eq(old.value, an->value)))
        return 0;
    now.modseq = store_tx_modseq(tx);
    now.createseq = live ? old.createseq : now.modseq;
    if (an->value.p == NULL) {
        now.createseq = old.createseq;
        tx->meta.gone_modseq = now.modseq;
    }
    return store_put(tx, &key, encode(tx, &now), err) < 0 ? -1 : 1;
}

static void tell(struct store_tx *tx, const struct store_op_annotate *op, const char **names,
                 size_t n, struct moxd_str mailbox)
{
    struct store_change *c = store_tx_change(tx, STORE_CHANGE_ANNOTATIONS);

    c->mailbox = op->mailbox;
    c->modseq = op->modseq;
    c->name = moxd_arena_cstr(tx->batch->arena, mailbox);
    c->keywords = store_keywords_copy((struct store_keywords){ names, n }, tx->batch->arena);
}

int store_op_annotate(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_op_annotate *op = arg;
    const char **names = moxd_arena_calloc(tx->arena, op->n + 1, sizeof(*names));
    struct store_box box = { .r.name = MOXD_STR("") };
    size_t n = 0;

    op->modseq = 0;
    if (op->mailbox != 0 && store_box_load(tx, op->mailbox, &box, err) < 0)
        return -1;
    for (size_t i = 0; i < op->n; i++) {
        int rc = check(&op->v[i], err) < 0 ? -1 : set(tx, op->mailbox, &op->v[i], err);
        if (rc < 0)
            return -1;
        if (rc > 0)
            names[n++] = op->v[i].name;
    }
    if (n == 0)
        return 0;
    op->modseq = store_tx_modseq(tx);
    tell(tx, op, names, n, box.r.name);
    return check_limits(tx, op->mailbox, err);
}

int store_annotations_clear(struct store_tx *tx, uint32_t mailbox, struct moxd_err *err)
{
    struct store_key prefix = key_of(mailbox, MOXD_STR(""));

    return store_clear(tx, &prefix, err);
}

int store_annotations_copy(struct store_tx *tx, uint32_t from, uint32_t to, struct moxd_err *err)
{
    struct store_op_annotations op = { .mailbox = from, .arena = tx->arena };

    if (store_op_annotations(tx, &op, err) < 0)
        return -1;
    for (size_t i = 0; i < op.n; i++)
        if (set(tx, to, &op.v[i], err) < 0)
            return -1;
    return 0;
}
