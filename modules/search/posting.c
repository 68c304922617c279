#include "posting.h"

#include <stdlib.h>
#include <zlib.h>

static uint32_t checksum(uint64_t salt, const char *p, size_t n)
{
    unsigned char head[8];

    moxd_put_be64(head, salt);
    return (uint32_t)crc32(crc32(0, head, sizeof(head)), (const unsigned char *)p, (uInt)n);
}

static void put_number(struct moxd_buf *out, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        moxd_buf_addc(out, (char)(v | 0x80));
    moxd_buf_addc(out, (char)v);
}

/* Room for the checksum, which is put there when what it covers is written. */
static size_t begin(struct moxd_buf *out)
{
    static const char none[SEARCH_POSTING_SUM];

    moxd_buf_add(out, none, sizeof(none));
    return out->n;
}

static void end(struct moxd_buf *out, size_t start, uint64_t salt)
{
    if (!out->overflow)
        moxd_put_be32(out->p + start - SEARCH_POSTING_SUM,
                      checksum(salt, out->p + start, out->n - start));
}

void search_posting_encode(struct moxd_buf *out, uint64_t salt, const uint32_t *v, size_t n)
{
    size_t start = begin(out);

    for (size_t i = 0; i < n; i++)
        put_number(out, i == 0 ? v[0] : v[i] - v[i - 1]);
    end(out, start, salt);
}

void search_ids_encode(struct moxd_buf *out, uint64_t salt, const uint64_t *v, size_t n)
{
    size_t start = begin(out);
    unsigned char id[8];

    for (size_t i = 0; i < n; i++) {
        moxd_put_be64(id, v[i]);
        moxd_buf_add(out, id, sizeof(id));
    }
    end(out, start, salt);
}

/* --- reading ----------------------------------------------------------------------------------- */

struct reading {
    const unsigned char *p, *end;
    uint64_t last;
    bool first;
};

static int corrupt(struct moxd_err *err)
{
    return moxd_err_set(err, MOXD_ERR_CORRUPT, "a list of the search index is damaged");
}

static int start_reading(struct moxd_str s, uint64_t salt, struct reading *r, struct moxd_err *err)
{
    if (s.n < SEARCH_POSTING_SUM ||
        checksum(salt, s.p + SEARCH_POSTING_SUM, s.n - SEARCH_POSTING_SUM) != moxd_get_be32(s.p))
        return corrupt(err);
    *r = (struct reading){ .p = (const unsigned char *)s.p + SEARCH_POSTING_SUM,
                           .end = (const unsigned char *)s.p + s.n,
                           .first = true };
    return 0;
}

/* 1 and the next number, 0 at the end, -1 for what no encoder made. */
static int next(struct reading *r, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;
    unsigned shift = 0;

    if (r->p == r->end)
        return 0;
    for (;;) {
        if (r->p == r->end || shift > 56)
            return -1;
        v |= (uint64_t)(*r->p & 0x7F) << shift;
        shift += 7;
        if (*r->p++ < 0x80)
            break;
    }
    if ((v == 0 && !r->first) || v > max || r->last > max - v)
        return -1;
    r->first = false;
    *out = r->last += v;
    return 1;
}

int search_posting_decode(struct moxd_str s, uint64_t salt, struct search_bits *out,
                          struct moxd_err *err)
{
    struct reading r;
    uint64_t v;
    int rc;

    if (start_reading(s, salt, &r, err) < 0 || (out->n == 0 && r.p < r.end))
        return corrupt(err);
    while ((rc = next(&r, out->n - 1, &v)) > 0)
        search_bits_set(out, (size_t)v);
    return rc < 0 ? corrupt(err) : 0;
}

int search_posting_list(struct moxd_str s, uint64_t salt, uint32_t max, uint32_t **out, size_t *n,
                        struct moxd_err *err)
{
    struct reading r;
    uint64_t v;
    int rc;

    *out = NULL;
    *n = 0;
    if (start_reading(s, salt, &r, err) < 0 || (max == 0 && r.p < r.end))
        return corrupt(err);
    *out = moxd_xcalloc(s.n, sizeof(**out)); /* a byte at least each */
    while ((rc = next(&r, (uint64_t)max - 1, &v)) > 0)
        (*out)[(*n)++] = (uint32_t)v;
    if (rc == 0)
        return 0;
    free(*out);
    *out = NULL;
    *n = 0;
    return corrupt(err);
}

int search_ids_decode(struct moxd_str s, uint64_t salt, uint64_t **out, size_t *n,
                      struct moxd_err *err)
{
    struct reading r;

    *out = NULL;
    *n = 0;
    if (start_reading(s, salt, &r, err) < 0 || (r.end - r.p) % 8 != 0)
        return corrupt(err);
    *n = (size_t)(r.end - r.p) / 8;
    *out = moxd_xcalloc(*n + 1, sizeof(**out));
    for (size_t i = 0; i < *n; i++)
        (*out)[i] = moxd_get_be64(r.p + 8 * i);
    return 0;
}

/* --- sets -------------------------------------------------------------------------------------- */

static size_t words(const struct search_bits *b)
{
    return (b->n + 63) / 64;
}

struct search_bits search_bits_new(size_t n)
{
    struct search_bits b = { .n = n };

    b.w = moxd_xcalloc(words(&b) + 1, sizeof(*b.w));
    return b;
}

void search_bits_free(struct search_bits *b)
{
    free(b->w);
    *b = (struct search_bits){ 0 };
}

void search_bits_clear(struct search_bits *b)
{
    memset(b->w, 0, words(b) * sizeof(*b->w));
}

bool search_bits_none(const struct search_bits *b)
{
    for (size_t i = 0; i < words(b); i++)
        if (b->w[i] != 0)
            return false;
    return true;
}

void search_bits_and(struct search_bits *b, const struct search_bits *with)
{
    moxd_assert(b->n == with->n);
    for (size_t i = 0; i < words(b); i++)
        b->w[i] &= with->w[i];
}

void search_bits_or(struct search_bits *b, const struct search_bits *with)
{
    moxd_assert(b->n == with->n);
    for (size_t i = 0; i < words(b); i++)
        b->w[i] |= with->w[i];
}
