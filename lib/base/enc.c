/* Base64, its URL-safe form, and hexadecimal. */
#include <moxd/enc.h>

static const char alphabet_std[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char alphabet_url[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void encode_group(char *out, const unsigned char *p, size_t n, const char *alphabet)
{
    unsigned v = (unsigned)p[0] << 16 | (n > 1 ? (unsigned)p[1] << 8 : 0) | (n > 2 ? p[2] : 0);
    out[0] = alphabet[v >> 18];
    out[1] = alphabet[v >> 12 & 63];
    out[2] = n > 1 ? alphabet[v >> 6 & 63] : '=';
    out[3] = n > 2 ? alphabet[v & 63] : '=';
}

static void encode(struct moxd_buf *b, struct moxd_str s, const char *alphabet, bool pad)
{
    if (s.n == 0)
        return;
    size_t tail = s.n % 3;
    size_t full = (s.n / 3 + (tail > 0)) * 4;
    char *out = moxd_buf_room(b, full);
    if (out == NULL)
        return;
    for (size_t i = 0; i < s.n; i += 3)
        encode_group(out + i / 3 * 4, (const unsigned char *)s.p + i, s.n - i, alphabet);
    moxd_buf_grew(b, pad || tail == 0 ? full : full - (3 - tail));
}

void moxd_b64_encode(struct moxd_buf *b, struct moxd_str s)
{
    encode(b, s, alphabet_std, true);
}

void moxd_b64url_encode(struct moxd_buf *b, struct moxd_str s)
{
    encode(b, s, alphabet_url, false);
}

static int digit64(char c, const char *alphabet)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (moxd_is_digit(c))
        return c - '0' + 52;
    return c == alphabet[62] ? 62 : c == alphabet[63] ? 63 : -1;
}

/* Decodes 2 to 4 digits into n - 1 bytes; bits beyond the last byte must be zero, so that each value
 * has one encoding only. */
static int decode_group(char *out, const char *p, size_t n, const char *alphabet)
{
    unsigned v = 0;
    for (size_t i = 0; i < n; i++) {
        int d = digit64(p[i], alphabet);
        if (d < 0)
            return -1;
        v = v << 6 | (unsigned)d;
    }
    v <<= 6 * (4 - n);
    if ((v & (0xffffffu >> (8 * (n - 1)))) != 0)
        return -1;
    for (size_t i = 0; i + 1 < n; i++)
        out[i] = (char)(v >> (16 - 8 * i));
    return 0;
}

/* Digits without padding. */
static int decode(struct moxd_buf *b, struct moxd_str s, const char *alphabet)
{
    size_t tail = s.n % 4;
    if (tail == 1)
        return -1;
    size_t size = s.n / 4 * 3 + (tail > 0 ? tail - 1 : 0);
    char *out = moxd_buf_room(b, size);
    if (out == NULL)
        return -1;
    for (size_t i = 0; i < s.n; i += 4)
        if (decode_group(out + i / 4 * 3, s.p + i, s.n - i < 4 ? s.n - i : 4, alphabet) < 0) {
            *out = '\0';
            return -1;
        }
    moxd_buf_grew(b, size);
    return 0;
}

int moxd_b64_decode(struct moxd_buf *b, struct moxd_str s)
{
    if (s.n % 4 != 0)
        return -1;
    for (int pad = 0; pad < 2 && s.n > 0 && s.p[s.n - 1] == '='; pad++)
        s.n--;
    return decode(b, s, alphabet_std);
}

int moxd_b64url_decode(struct moxd_buf *b, struct moxd_str s)
{
    return decode(b, s, alphabet_url);
}

void moxd_hex_encode(struct moxd_buf *b, struct moxd_str s)
{
    static const char digits[] = "0123456789abcdef";
    if (s.n > SIZE_MAX / 2) {
        b->overflow = true;
        return;
    }
    char *out = moxd_buf_room(b, s.n * 2);
    if (out == NULL)
        return;
    for (size_t i = 0; i < s.n; i++) {
        out[2 * i] = digits[(unsigned char)s.p[i] >> 4];
        out[2 * i + 1] = digits[s.p[i] & 15];
    }
    moxd_buf_grew(b, s.n * 2);
}

static int digit16(char c)
{
    if (moxd_is_digit(c))
        return c - '0';
    c = moxd_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int moxd_hex_decode(struct moxd_buf *b, struct moxd_str s)
{
    char *out = s.n % 2 == 0 ? moxd_buf_room(b, s.n / 2) : NULL;
    if (out == NULL)
        return -1;
    for (size_t i = 0; i < s.n / 2; i++) {
        int high = digit16(s.p[2 * i]), low = digit16(s.p[2 * i + 1]);
        if (high < 0 || low < 0) {
            *out = '\0';
            return -1;
        }
        out[i] = (char)(high << 4 | low);
    }
    moxd_buf_grew(b, s.n / 2);
    return 0;
}
