/* Encodings used everywhere: base64, hex, big-endian integers, modified base64 alphabets. Pure. */
#ifndef MOXD_ENC_H
#define MOXD_ENC_H

#include <moxd/buf.h>

/* Appends base64 (RFC 4648 4, with padding, no line breaks). */
void moxd_b64_encode(struct moxd_buf *b, struct moxd_str s);
/* Strict decoding: whole quads, canonical padding, nothing else; -1 on any other byte. */
int moxd_b64_decode(struct moxd_buf *b, struct moxd_str s) MOXD_CHECKED;
/* URL-safe alphabet without padding (RFC 4648 5). */
void moxd_b64url_encode(struct moxd_buf *b, struct moxd_str s);
int moxd_b64url_decode(struct moxd_buf *b, struct moxd_str s) MOXD_CHECKED;
void moxd_hex_encode(struct moxd_buf *b, struct moxd_str s); /* lower case */
int moxd_hex_decode(struct moxd_buf *b, struct moxd_str s) MOXD_CHECKED;

static inline void moxd_put_be32(void *p, uint32_t v)
{
    unsigned char *q = p;
    q[0] = (unsigned char)(v >> 24), q[1] = (unsigned char)(v >> 16);
    q[2] = (unsigned char)(v >> 8), q[3] = (unsigned char)v;
}
static inline uint32_t moxd_get_be32(const void *p)
{
    const unsigned char *q = p;
    return (uint32_t)q[0] << 24 | (uint32_t)q[1] << 16 | (uint32_t)q[2] << 8 | q[3];
}
static inline void moxd_put_be64(void *p, uint64_t v)
{
    moxd_put_be32(p, (uint32_t)(v >> 32));
    moxd_put_be32((char *)p + 4, (uint32_t)v);
}
static inline uint64_t moxd_get_be64(const void *p)
{
    return (uint64_t)moxd_get_be32(p) << 32 | moxd_get_be32((const char *)p + 4);
}

#endif
