/* Well-formed UTF-8 from any bytes. */
#include <moxmail/charset.h>

enum { ASCII_RUN = 32 };                          /* looked at together, since most text is ASCII */
static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */

/* Range of the second byte after a lead byte, by RFC 3629 4; false when it leads nothing. */
static bool second_range(unsigned char c, unsigned char *lo, unsigned char *hi)
{
    *lo = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
    *hi = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
    return c >= 0xC2 && c <= 0xF4;
}

/* Looks at the sequence at p: its length so far in *got, its full length as the result. */
static size_t sequence(const unsigned char *p, size_t n, size_t *got)
{
    unsigned char lo, hi;
    *got = 1;
    if (p[0] < 0x80)
        return 1;
    if (!second_range(p[0], &lo, &hi))
        return 2; /* never complete */
    size_t need = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    while (*got < need && *got < n && p[*got] >= lo && p[*got] <= hi) {
        ++*got;
        lo = 0x80, hi = 0xBF;
    }
    return need;
}

size_t moxd_utf8_repair(struct moxd_buf *out, struct moxd_str in, bool last)
{
    const unsigned char *p = (const unsigned char *)in.p;
    size_t good = 0, i = 0; /* [good, i) is well-formed and not yet copied */
    unsigned char lo, hi;
    while (i < in.n) {
        if (in.n - i >= ASCII_RUN && moxd_str_is_ascii(moxd_str(in.p + i, ASCII_RUN))) {
            i += ASCII_RUN;
            continue;
        }
        size_t got, need = sequence(p + i, in.n - i, &got);
        if (got == need) {
            i += need;
            continue;
        }
        moxd_buf_add(out, in.p + good, i - good);
        if (!last && i + got == in.n && second_range(p[i], &lo, &hi))
            return got;
        moxd_buf_add(out, replacement, sizeof(replacement) - 1);
        good = i += got;
    }
    if (i > good)
        moxd_buf_add(out, in.p + good, i - good);
    return 0;
}
