/* Views of bytes: comparison, search, parts, numbers. */
#include <moxd/str.h>

#include <stdlib.h>

/* Case-blind search lowers the haystack in windows of at least this many bytes. */
enum { FIND_WINDOW = 4096 };

static int bytes_cmp(const char *a, const char *b, size_t n)
{
    return n > 0 ? memcmp(a, b, n) : 0;
}

static int bytes_casecmp(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int d = (unsigned char)moxd_lower(a[i]) - (unsigned char)moxd_lower(b[i]);
        if (d != 0)
            return d;
    }
    return 0;
}

bool moxd_str_eq(struct moxd_str a, struct moxd_str b)
{
    return a.n == b.n && bytes_cmp(a.p, b.p, a.n) == 0;
}

bool moxd_str_caseeq(struct moxd_str a, struct moxd_str b)
{
    return a.n == b.n && bytes_casecmp(a.p, b.p, a.n) == 0;
}

bool moxd_str_eqs(struct moxd_str a, const char *b)
{
    return moxd_str_eq(a, moxd_cstr(b));
}

bool moxd_str_caseeqs(struct moxd_str a, const char *b)
{
    return moxd_str_caseeq(a, moxd_cstr(b));
}

static int by_length(int d, size_t a, size_t b)
{
    return d != 0 ? d : (a > b) - (a < b);
}

int moxd_str_cmp(struct moxd_str a, struct moxd_str b)
{
    return by_length(bytes_cmp(a.p, b.p, a.n < b.n ? a.n : b.n), a.n, b.n);
}

int moxd_str_casecmp(struct moxd_str a, struct moxd_str b)
{
    return by_length(bytes_casecmp(a.p, b.p, a.n < b.n ? a.n : b.n), a.n, b.n);
}

bool moxd_str_starts(struct moxd_str s, struct moxd_str prefix)
{
    return s.n >= prefix.n && bytes_cmp(s.p, prefix.p, prefix.n) == 0;
}

bool moxd_str_casestarts(struct moxd_str s, struct moxd_str prefix)
{
    return s.n >= prefix.n && bytes_casecmp(s.p, prefix.p, prefix.n) == 0;
}

bool moxd_str_ends(struct moxd_str s, struct moxd_str suffix)
{
    return s.n >= suffix.n && moxd_str_eq(moxd_str_from(s, s.n - suffix.n), suffix);
}

bool moxd_str_caseends(struct moxd_str s, struct moxd_str suffix)
{
    return s.n >= suffix.n && moxd_str_caseeq(moxd_str_from(s, s.n - suffix.n), suffix);
}

static ptrdiff_t index_of(struct moxd_str s, const char *at)
{
    return at != NULL ? at - s.p : -1;
}

ptrdiff_t moxd_str_chr(struct moxd_str s, char c)
{
    return s.n > 0 ? index_of(s, memchr(s.p, (unsigned char)c, s.n)) : -1;
}

ptrdiff_t moxd_str_rchr(struct moxd_str s, char c)
{
    return s.n > 0 ? index_of(s, memrchr(s.p, (unsigned char)c, s.n)) : -1;
}

/* glibc's memmem is the two-way algorithm: linear. */
ptrdiff_t moxd_str_find(struct moxd_str s, struct moxd_str needle)
{
    if (needle.n == 0)
        return 0;
    return needle.n <= s.n ? index_of(s, memmem(s.p, s.n, needle.p, needle.n)) : -1;
}

static void lower_into(char *dst, const char *src, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = moxd_lower(src[i]);
}

/* Lowers the haystack window by window; windows overlap by needle.n - 1 bytes and are at least four
 * needles long, so that the whole stays linear. */
ptrdiff_t moxd_str_casefind(struct moxd_str s, struct moxd_str needle)
{
    if (needle.n == 0 || needle.n > s.n)
        return needle.n == 0 ? 0 : -1;
    size_t window = needle.n * 4 > FIND_WINDOW ? needle.n * 4 : FIND_WINDOW;
    window = window < s.n ? window : s.n;
    char *mem MOXD_CLEANUP(moxd_freep) = moxd_xmalloc(needle.n + window);
    char *hay = mem + needle.n;
    lower_into(mem, needle.p, needle.n);
    for (size_t at = 0; s.n - at >= needle.n; at += window - (needle.n - 1)) {
        size_t n = s.n - at < window ? s.n - at : window;
        lower_into(hay, s.p + at, n);
        char *hit = memmem(hay, n, mem, needle.n);
        if (hit != NULL)
            return (ptrdiff_t)at + (hit - hay);
        if (n < window || s.n - at == window)
            break;
    }
    return -1;
}

struct moxd_str moxd_str_from(struct moxd_str s, size_t start)
{
    start = start < s.n ? start : s.n;
    return moxd_str(start > 0 ? s.p + start : s.p, s.n - start);
}

struct moxd_str moxd_str_sub(struct moxd_str s, size_t start, size_t n)
{
    s = moxd_str_from(s, start);
    s.n = n < s.n ? n : s.n;
    return s;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct moxd_str moxd_str_trim(struct moxd_str s)
{
    while (s.n > 0 && is_space(s.p[s.n - 1]))
        s.n--;
    while (s.n > 0 && is_space(s.p[0]))
        s.p++, s.n--;
    return s;
}

struct moxd_str moxd_str_cut(struct moxd_str *rest, char c)
{
    struct moxd_str s = *rest;
    ptrdiff_t at = moxd_str_chr(s, c);
    if (at < 0) {
        *rest = moxd_str(NULL, 0);
        return s;
    }
    *rest = moxd_str_from(s, (size_t)at + 1);
    return moxd_str(s.p, (size_t)at);
}

/* Eight bytes at a time: it looks at all text that is searched. */
bool moxd_str_is_ascii(struct moxd_str s)
{
    uint64_t high = 0, word;
    size_t i = 0;

    for (; i + sizeof(word) <= s.n && high == 0; i += sizeof(word)) {
        memcpy(&word, s.p + i, sizeof(word));
        high = word & UINT64_C(0x8080808080808080);
    }
    for (; i < s.n && high == 0; i++)
        high = (unsigned char)s.p[i] & 0x80;
    return high == 0;
}

/* Length of the well-formed sequence at p (RFC 3629 4, the UTF8-* rules), 0 if there is none. */
static size_t utf8_len(const unsigned char *p, size_t n)
{
    if (p[0] < 0x80)
        return 1;
    size_t len = p[0] >= 0xc2 && p[0] <= 0xdf   ? 2
                 : (p[0] & 0xf0) == 0xe0        ? 3
                 : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4
                                                : 0;
    if (len == 0 || len > n)
        return 0;
    unsigned char low = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

bool moxd_str_is_utf8(struct moxd_str s)
{
    for (size_t i = 0, len; i < s.n; i += len) {
        len = utf8_len((const unsigned char *)s.p + i, s.n - i);
        if (len == 0)
            return false;
    }
    return true;
}

int moxd_str_take_u64(struct moxd_str *s, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;
    size_t i = 0;
    for (; i < s->n && moxd_is_digit(s->p[i]); i++)
        if (__builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, (uint64_t)(s->p[i] - '0'), &v) || v > max)
            return -1;
    if (i == 0)
        return -1;
    *s = moxd_str_from(*s, i);
    *out = v;
    return 0;
}

int moxd_str_u64(struct moxd_str s, uint64_t max, uint64_t *out)
{
    uint64_t v;
    if (moxd_str_take_u64(&s, max, &v) < 0 || s.n > 0)
        return -1;
    *out = v;
    return 0;
}

char *moxd_str_dup(struct moxd_str s)
{
    char *p = moxd_xmalloc(s.n + 1);
    if (s.n > 0)
        memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    return p;
}

int moxd_str_copy(struct moxd_str s, char *dst, size_t cap)
{
    bool fits = s.n < cap;
    if (fits && s.n > 0)
        memcpy(dst, s.p, s.n);
    if (cap > 0)
        dst[fits ? s.n : 0] = '\0';
    return fits ? 0 : -1;
}
