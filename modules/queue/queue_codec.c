#include "queue_codec.h"

#include <moxd/enc.h>

enum { RECORD_VERSION = 1, NO_TEXT = 0xffffffff };

static void put_u32(struct moxd_buf *b, uint32_t v)
{
    unsigned char p[4];

    moxd_put_be32(p, v);
    moxd_buf_add(b, p, sizeof(p));
}

static void put_u64(struct moxd_buf *b, uint64_t v)
{
    unsigned char p[8];

    moxd_put_be64(p, v);
    moxd_buf_add(b, p, sizeof(p));
}

static void put_bytes(struct moxd_buf *b, struct moxd_str s)
{
    put_u32(b, (uint32_t)s.n);
    moxd_buf_addstr(b, s);
}

static void put_field(struct moxd_buf *b, enum queue_field_type type, const void *p)
{
    switch (type) {
    case QUEUE_F_U32:
        put_u32(b, *(const uint32_t *)p);
        break;
    case QUEUE_F_U64:
        put_u64(b, *(const uint64_t *)p);
        break;
    case QUEUE_F_I64:
        put_u64(b, (uint64_t) * (const int64_t *)p);
        break;
    case QUEUE_F_BOOL:
        moxd_buf_addc(b, *(const bool *)p ? 1 : 0);
        break;
    case QUEUE_F_TEXT: {
        const char *s = *(const char *const *)p;
        if (s)
            put_bytes(b, moxd_cstr(s));
        else
            put_u32(b, NO_TEXT);
        break;
    }
    case QUEUE_F_BYTES:
        put_bytes(b, *(const struct moxd_str *)p);
        break;
    }
}

void queue_encode(struct moxd_buf *b, const struct queue_table *t, const void *record)
{
    moxd_buf_addc(b, RECORD_VERSION);
    for (size_t i = 0; i < t->n; i++)
        put_field(b, t->v[i].type, (const char *)record + t->v[i].offset);
}

/* --- reading ----------------------------------------------------------------------------------- */

struct reading {
    struct moxd_str rest;
    struct moxd_arena *arena;
    bool bad;
};

static const char *take(struct reading *r, size_t n)
{
    static const char zeros[8];
    const char *p = r->rest.p;

    if (r->rest.n < n) {
        r->bad = true;
        return zeros;
    }
    r->rest = moxd_str_from(r->rest, n);
    return p;
}

/* false: there is none. */
static bool take_bytes(struct reading *r, struct moxd_str *out)
{
    uint32_t n = moxd_get_be32(take(r, 4));

    *out = moxd_str("", 0);
    if (n == NO_TEXT || r->bad)
        return false;
    if (n > r->rest.n) {
        r->bad = true;
        return false;
    }
    *out = moxd_str(take(r, n), n);
    return true;
}

static void take_field(struct reading *r, enum queue_field_type type, void *p)
{
    struct moxd_str s;

    switch (type) {
    case QUEUE_F_U32:
        *(uint32_t *)p = moxd_get_be32(take(r, 4));
        break;
    case QUEUE_F_U64:
        *(uint64_t *)p = moxd_get_be64(take(r, 8));
        break;
    case QUEUE_F_I64:
        *(int64_t *)p = (int64_t)moxd_get_be64(take(r, 8));
        break;
    case QUEUE_F_BOOL:
        *(bool *)p = *take(r, 1) == 1;
        break;
    case QUEUE_F_TEXT:
        *(const char **)p = take_bytes(r, &s) ? moxd_arena_cstr(r->arena, s) : NULL;
        break;
    case QUEUE_F_BYTES:
        *(struct moxd_str *)p = take_bytes(r, &s) ? moxd_arena_str(r->arena, s) : s;
        break;
    }
}

int queue_decode(struct moxd_str s, const struct queue_table *t, struct moxd_arena *a, void *record,
                 struct moxd_err *err)
{
    struct reading r = { .rest = s, .arena = a };

    r.bad = *take(&r, 1) != RECORD_VERSION;
    for (size_t i = 0; i < t->n && r.rest.n > 0 && !r.bad; i++)
        take_field(&r, t->v[i].type, (char *)record + t->v[i].offset);
    if (r.bad || r.rest.n > 0)
        return moxd_err_set(err, MOXD_ERR_CORRUPT, "a record of the queue is damaged");
    return 0;
}
