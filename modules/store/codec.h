/* Bytes of stored records: a writer into a caller's buffer and a reader that cannot run past the end.
 * Integers are big-endian and of fixed width, so that an update of a counter changes few bytes and the
 * log stays small. Pure. */
#ifndef STORE_CODEC_H
#define STORE_CODEC_H

#include <moxd/enc.h>
#include <moxd/str.h>

/* Writes at p + n. The caller sizes the buffer for the largest record (asserted). */
struct store_enc {
    unsigned char *p;
    size_t n, cap;
};
void store_enc_u8(struct store_enc *e, unsigned v);
void store_enc_u16(struct store_enc *e, unsigned v);
void store_enc_u32(struct store_enc *e, uint32_t v);
void store_enc_u64(struct store_enc *e, uint64_t v);
void store_enc_bytes(struct store_enc *e, struct moxd_str s); /* as they are, no length */
static inline struct moxd_str store_enc_str(const struct store_enc *e)
{
    return moxd_str((const char *)e->p, e->n);
}

/* Reads from the front. Past the end it gives zeros and sets bad, which stays set. */
struct store_dec {
    const unsigned char *p;
    size_t n;
    bool bad;
};
static inline struct store_dec store_dec(struct moxd_str s)
{
    return (struct store_dec){ .p = (const unsigned char *)s.p, .n = s.n };
}
unsigned store_dec_u8(struct store_dec *d);
unsigned store_dec_u16(struct store_dec *d);
uint32_t store_dec_u32(struct store_dec *d);
uint64_t store_dec_u64(struct store_dec *d);
struct moxd_str store_dec_bytes(struct store_dec *d, size_t n);
/* Whether everything was read and nothing is left over. */
static inline bool store_dec_done(const struct store_dec *d)
{
    return !d->bad && d->n == 0;
}

#endif
