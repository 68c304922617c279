#include <moxd/buf.h>
#include <moxmail/mutf7.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

static bool is_direct(unsigned char c)
{
    return c >= 0x20 && c <= 0x7e;
}

/* Next code point of well-formed UTF-8. */
static uint32_t next_utf8(struct moxd_str *s)
{
    unsigned char c = (unsigned char)s->p[0];
    size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    uint32_t v = n == 1 ? c : c & (0x7fu >> n);

    for (size_t i = 1; i < n && i < s->n; i++)
        v = v << 6 | ((unsigned char)s->p[i] & 0x3f);
    *s = moxd_str_from(*s, n);
    return v;
}

struct bits {
    uint32_t acc;
    unsigned n;
};

static void put_unit(struct moxd_buf *b, struct bits *bits, uint32_t unit)
{
    bits->acc = bits->acc << 16 | unit;
    bits->n += 16;
    while (bits->n >= 6) {
        bits->n -= 6;
        moxd_buf_addc(b, alphabet[bits->acc >> bits->n & 0x3f]);
    }
    bits->acc &= (1u << bits->n) - 1;
}

static void put_shifted(struct moxd_buf *b, struct moxd_str *s)
{
    struct bits bits = { 0 };

    moxd_buf_addc(b, '&');
    while (s->n > 0 && !is_direct((unsigned char)s->p[0])) {
        uint32_t c = next_utf8(s);

        if (c < 0x10000) {
            put_unit(b, &bits, c);
        } else {
            put_unit(b, &bits, 0xd800 + ((c - 0x10000) >> 10));
            put_unit(b, &bits, 0xdc00 + ((c - 0x10000) & 0x3ff));
        }
    }
    if (bits.n > 0)
        moxd_buf_addc(b, alphabet[bits.acc << (6 - bits.n) & 0x3f]);
    moxd_buf_addc(b, '-');
}

void moxd_mutf7_encode(struct moxd_buf *b, struct moxd_str s)
{
    while (s.n > 0) {
        unsigned char c = (unsigned char)s.p[0];

        if (!is_direct(c)) {
            put_shifted(b, &s);
            continue;
        }
        moxd_buf_addc(b, (char)c);
        if (c == '&')
            moxd_buf_addc(b, '-');
        s = moxd_str_from(s, 1);
    }
}

static void put_utf8(struct moxd_buf *b, uint32_t c)
{
    if (c < 0x80) {
        moxd_buf_addc(b, (char)c);
        return;
    }
    if (c < 0x800) {
        moxd_buf_addc(b, (char)(0xc0 | c >> 6));
    } else {
        if (c < 0x10000) {
            moxd_buf_addc(b, (char)(0xe0 | c >> 12));
        } else {
            moxd_buf_addc(b, (char)(0xf0 | c >> 18));
            moxd_buf_addc(b, (char)(0x80 | (c >> 12 & 0x3f)));
        }
        moxd_buf_addc(b, (char)(0x80 | (c >> 6 & 0x3f)));
    }
    moxd_buf_addc(b, (char)(0x80 | (c & 0x3f)));
}

/* One UTF-16 unit; *high is the open surrogate or 0. */
static int take_unit(struct moxd_buf *b, uint32_t unit, uint32_t *high)
{
    bool low = unit >= 0xdc00 && unit < 0xe000;

    if (low != (*high != 0) || unit < 0x20 || (unit >= 0x20 && unit <= 0x7e))
        return -1;
    if (unit >= 0xd800 && unit < 0xdc00) {
        *high = unit;
        return 0;
    }
    put_utf8(b, low ? 0x10000 + ((*high - 0xd800) << 10) + (unit - 0xdc00) : unit);
    *high = 0;
    return 0;
}

/* The base64 between "&" and "-". */
static int take_shifted(struct moxd_buf *b, struct moxd_str s)
{
    uint32_t acc = 0, high = 0;
    unsigned n = 0;

    for (size_t i = 0; i < s.n; i++) {
        const char *at = s.p[i] ? strchr(alphabet, s.p[i]) : NULL;

        if (!at)
            return -1;
        acc = acc << 6 | (uint32_t)(at - alphabet);
        n += 6;
        if (n >= 16) {
            n -= 16;
            if (take_unit(b, acc >> n & 0xffff, &high) < 0)
                return -1;
            acc &= (1u << n) - 1;
        }
    }
    return high || n >= 6 || acc ? -1 : 0;
}

int moxd_mutf7_decode(struct moxd_buf *b, struct moxd_str s)
{
    bool after_shift = false;

    while (s.n > 0) {
        char c = s.p[0];
        struct moxd_str shifted;

        if (!is_direct((unsigned char)c))
            return -1;
        s = moxd_str_from(s, 1);
        if (c != '&') {
            moxd_buf_addc(b, c);
            after_shift = false;
            continue;
        }
        shifted = moxd_str_cut(&s, '-');
        if (!s.p || (shifted.n > 0 && (after_shift || take_shifted(b, shifted) < 0)))
            return -1;
        if (shifted.n == 0)
            moxd_buf_addc(b, '&');
        after_shift = shifted.n > 0;
    }
    return 0;
}
