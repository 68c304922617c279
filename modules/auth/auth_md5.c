#include "auth_md5.h"

/* RFC 1321 3.3: the state before the first block. */
static const struct auth_md5 start = { { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 } };

/* RFC 1321 3.4: T[i] = floor(2^32 * abs(sin(i + 1))). */
static const uint32_t sines[AUTH_MD5_BLOCK] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

static uint32_t get_le32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put_le32(unsigned char *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (unsigned char)(v >> (8 * i));
}

/* The function of the round, and which word of the block step i takes. */
static uint32_t mix(unsigned i, uint32_t b, uint32_t c, uint32_t d, unsigned *word)
{
    switch (i / 16) {
    case 0:
        *word = i;
        return (b & c) | (~b & d);
    case 1:
        *word = (5 * i + 1) % 16;
        return (b & d) | (c & ~d);
    case 2:
        *word = (3 * i + 5) % 16;
        return b ^ c ^ d;
    default:
        *word = (7 * i) % 16;
        return c ^ (b | ~d);
    }
}

static void block(struct auth_md5 *m, const unsigned char p[AUTH_MD5_BLOCK])
{
    static const unsigned char turns[4][4] = {
        { 7, 12, 17, 22 }, { 5, 9, 14, 20 }, { 4, 11, 16, 23 }, { 6, 10, 15, 21 }
    };
    uint32_t a = m->h[0], b = m->h[1], c = m->h[2], d = m->h[3];

    for (unsigned i = 0; i < AUTH_MD5_BLOCK; i++) {
        unsigned word, turn = turns[i / 16][i % 4];
        uint32_t sum = mix(i, b, c, d, &word) + a + sines[i];
        sum += get_le32(p + 4 * (size_t)word);
        a = d, d = c, c = b;
        b += sum << turn | sum >> (32 - turn);
    }
    m->h[0] += a, m->h[1] += b, m->h[2] += c, m->h[3] += d;
}

/* Hashes s, the last part of the input, and the padding; `before` bytes (whole blocks) went before. */
static void finish(struct auth_md5 m, uint64_t before, struct moxd_str s,
                   unsigned char out[AUTH_MD5_LEN])
{
    unsigned char tail[2 * AUTH_MD5_BLOCK] = { 0 };
    uint64_t bits = (before + s.n) * 8;

    for (; s.n >= AUTH_MD5_BLOCK; s = moxd_str_from(s, AUTH_MD5_BLOCK))
        block(&m, (const unsigned char *)s.p);
    if (s.n > 0)
        memcpy(tail, s.p, s.n);
    tail[s.n] = 0x80;
    size_t n = s.n + 9 <= AUTH_MD5_BLOCK ? AUTH_MD5_BLOCK : 2 * AUTH_MD5_BLOCK;
    put_le32(tail + n - 8, (uint32_t)bits);
    put_le32(tail + n - 4, (uint32_t)(bits >> 32));
    for (size_t i = 0; i < n; i += AUTH_MD5_BLOCK)
        block(&m, tail + i);
    for (size_t i = 0; i < 4; i++)
        put_le32(out + 4 * i, m.h[i]);
    moxd_wipe(tail, sizeof(tail));
}

void auth_md5(struct moxd_str s, unsigned char out[AUTH_MD5_LEN])
{
    finish(start, 0, s, out);
}

static void padded_key(const unsigned char key[AUTH_MD5_BLOCK], unsigned char pad,
                       struct auth_md5 *out)
{
    unsigned char b[AUTH_MD5_BLOCK];

    for (size_t i = 0; i < sizeof(b); i++)
        b[i] = key[i] ^ pad;
    *out = start;
    block(out, b);
    moxd_wipe(b, sizeof(b));
}

/* RFC 2104 2: keys longer than a block are hashed first. */
void auth_cram_derive(struct moxd_str key, struct auth_cram *out)
{
    unsigned char k[AUTH_MD5_BLOCK] = { 0 };

    if (key.n > sizeof(k))
        auth_md5(key, k);
    else if (key.n > 0)
        memcpy(k, key.p, key.n);
    padded_key(k, 0x36, &out->inner);
    padded_key(k, 0x5c, &out->outer);
    moxd_wipe(k, sizeof(k));
}

void auth_cram_mac(const struct auth_cram *c, struct moxd_str s, unsigned char out[AUTH_MD5_LEN])
{
    unsigned char inner[AUTH_MD5_LEN];

    finish(c->inner, AUTH_MD5_BLOCK, s, inner);
    finish(c->outer, AUTH_MD5_BLOCK, moxd_str((const char *)inner, sizeof(inner)), out);
}
