/* xtext (RFC 3461 4) and its UTF-8 extension (RFC 6533 3). */
#include "address.h"

#include <unistr.h>

enum { EMBEDDED_MAX = 6 }; /* hexadecimal digits of \x{10FFFF} */

/* xchar = any ASCII CHAR between "!" and "~", except for "+" and "=" */
static bool is_xchar(char c)
{
    return c >= '!' && c <= '~' && c != '+' && c != '=';
}

void moxd_xtext_put(struct moxd_buf *b, struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (is_xchar(s.p[i]))
            moxd_buf_addc(b, s.p[i]);
        else
            moxd_buf_addf(b, "+%02X", (unsigned char)s.p[i]);
    }
}

/* Upper case only, in xtext as in \x{...}. */
static int hex_digit(char c)
{
    if (moxd_is_digit(c))
        return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int moxd_xtext_decode(struct moxd_buf *b, struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (is_xchar(s.p[i])) {
            moxd_buf_addc(b, s.p[i]);
            continue;
        }
        int high = s.p[i] == '+' && s.n - i > 2 ? hex_digit(s.p[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(s.p[i + 2]) : -1;
        if (low < 0)
            return -1;
        moxd_buf_addc(b, (char)(high << 4 | low));
        i += 2;
    }
    return b->overflow ? -1 : 0;
}

/* EmbeddedUnicodeChar = %x5C.78 "{" HEXPOINT "}": bytes it takes, 0 when there is none. HEXPOINT may
 * name control characters too; an address has none. */
static size_t take_embedded(struct moxd_buf *b, struct moxd_str s)
{
    if (!moxd_str_starts(s, MOXD_STR("\\x{")))
        return 0;
    ucs4_t c = 0;
    size_t i = 3;
    for (; i < s.n && i < 3 + EMBEDDED_MAX && hex_digit(s.p[i]) >= 0; i++)
        c = c << 4 | (ucs4_t)hex_digit(s.p[i]);
    uint8_t out[6];
    int n = u8_uctomb(out, c, sizeof out);
    if (i < 5 || i == s.n || s.p[i] != '}' || s.p[3] == '0' || c < ' ' || c == 0x7f || n <= 0)
        return 0;
    moxd_buf_add(b, out, (size_t)n);
    return i + 1;
}

int moxd_utf8_addr_decode(struct moxd_buf *b, struct moxd_str s)
{
    if (!moxd_str_is_utf8(s))
        return -1;
    for (size_t i = 0; i < s.n;) {
        bool embedded = s.p[i] == '\\';
        if (!embedded && !is_xchar(s.p[i]) && !mail_is_utf8(s.p[i]))
            return -1;
        size_t n = embedded ? take_embedded(b, moxd_str_from(s, i)) : 1;
        if (n == 0)
            return -1;
        if (!embedded)
            moxd_buf_addc(b, s.p[i]);
        i += n;
    }
    return b->overflow ? -1 : 0;
}
