#include <moxd/hash.h>

static uint64_t rotate(uint64_t v, int n)
{
    return v << n | v >> (64 - n);
}

static void rounds(uint64_t v[4], int n)
{
    while (n-- > 0) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] = rotate(v[2], 32);
    }
}

/* Up to 8 bytes, little-endian. */
static uint64_t word(const char *p, size_t n)
{
    uint64_t w = 0;

    for (size_t i = 0; i < n; i++)
        w |= (uint64_t)(unsigned char)p[i] << (8 * i);
    return w;
}

static void add(uint64_t v[4], uint64_t w)
{
    v[3] ^= w;
    rounds(v, 2);
    v[0] ^= w;
}

uint64_t moxd_hash(const struct moxd_hash_key *key, struct moxd_str s)
{
    uint64_t v[4] = { key->k[0] ^ 0x736f6d6570736575, key->k[1] ^ 0x646f72616e646f6d,
                      key->k[0] ^ 0x6c7967656e657261, key->k[1] ^ 0x7465646279746573 };
    size_t i = 0;

    for (; i + 8 <= s.n; i += 8)
        add(v, word(s.p + i, 8));
    add(v, word(s.p + i, s.n - i) | (uint64_t)s.n << 56);
    v[2] ^= 0xff;
    rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
