#include "codec.h"

static unsigned char *room(struct store_enc *e, size_t n)
{
    moxd_assert(e->cap - e->n >= n);
    unsigned char *p = e->p + e->n;
    e->n += n;
    return p;
}

void store_enc_u8(struct store_enc *e, unsigned v)
{
    moxd_assert(v <= UINT8_MAX);
    *room(e, 1) = (unsigned char)v;
}

void store_enc_u16(struct store_enc *e, unsigned v)
{
    moxd_assert(v <= UINT16_MAX);
    unsigned char *p = room(e, 2);
    p[0] = (unsigned char)(v >> 8);
    p[1] = (unsigned char)v;
}

void store_enc_u32(struct store_enc *e, uint32_t v)
{
    moxd_put_be32(room(e, 4), v);
}

void store_enc_u64(struct store_enc *e, uint64_t v)
{
    moxd_put_be64(room(e, 8), v);
}

void store_enc_bytes(struct store_enc *e, struct moxd_str s)
{
    if (s.n > 0)
        memcpy(room(e, s.n), s.p, s.n);
}

/* The next n bytes, or NULL past the end. */
static const unsigned char *take(struct store_dec *d, size_t n)
{
    if (d->bad || d->n < n) {
        d->bad = true;
        return NULL;
    }
    const unsigned char *p = d->p;
    d->p += n;
    d->n -= n;
    return p;
}

unsigned store_dec_u8(struct store_dec *d)
{
    const unsigned char *p = take(d, 1);
    return p ? p[0] : 0;
}

unsigned store_dec_u16(struct store_dec *d)
{
    const unsigned char *p = take(d, 2);
    return p ? (unsigned)p[0] << 8 | p[1] : 0;
}

uint32_t store_dec_u32(struct store_dec *d)
{
    const unsigned char *p = take(d, 4);
    return p ? moxd_get_be32(p) : 0;
}

uint64_t store_dec_u64(struct store_dec *d)
{
    const unsigned char *p = take(d, 8);
    return p ? moxd_get_be64(p) : 0;
}

struct moxd_str store_dec_bytes(struct store_dec *d, size_t n)
{
    const unsigned char *p = take(d, n);
    return moxd_str((const char *)p, p ? n : 0);
}
