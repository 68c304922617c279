/* SMTP DATA and, with the highest bit of the first byte, BDAT: that byte says how the rest is cut into pieces;
 * what comes out must be what a plain reading of the whole says. */
#include "fuzz.h"

#include "stream/dots.h"

#include <moxd/buf.h>

enum { OUT_MAX = 1 << 20 };

static void collect(void *arg, const char *p, size_t n)
{
    moxd_buf_add(arg, p, n);
}

/* Where CRLF.CRLF ends, or n + 1; the data begins after a CRLF. */
static size_t true_end(struct moxd_str s)
{
    if (moxd_str_starts(s, MOXD_STR(".\r\n")))
        return 3;
    ptrdiff_t at = moxd_str_find(s, MOXD_STR("\r\n.\r\n"));
    return at < 0 ? s.n + 1 : (size_t)at + 5;
}

static bool is_false_end(struct moxd_str s, size_t dot)
{
    bool lf_before = dot > 0 && s.p[dot - 1] == '\n';
    bool crlf_before = dot == 0 || (lf_before && dot > 1 && s.p[dot - 2] == '\r');
    bool lf_after = dot + 1 < s.n && s.p[dot + 1] == '\n';
    bool crlf_after = dot + 2 < s.n && s.p[dot + 1] == '\r' && s.p[dot + 2] == '\n';

    return ((lf_before || crlf_before) && lf_after) || (lf_before && !crlf_before && crlf_after);
}

static bool is_bad(struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\0' || (s.p[i] == '\r' && i + 1 < s.n && s.p[i + 1] != '\n') ||
            (s.p[i] == '.' && is_false_end(s, i)))
            return true;
    }
    return false;
}

/* What the message is; a CR at the end of unfinished data is not decided. */
static void translate(struct moxd_str s, struct moxd_buf *out)
{
    bool bol = true;

    for (size_t i = 0; i < s.n; i++) {
        bool crlf = s.p[i] == '\n' && i > 0 && s.p[i - 1] == '\r';
        if (s.p[i] == '\n' && !crlf)
            moxd_buf_addc(out, '\r');
        if (!(s.p[i] == '.' && bol) && !(s.p[i] == '\r' && i + 1 == s.n))
            moxd_buf_addc(out, s.p[i]);
        bol = crlf;
    }
}

static size_t feed(struct core_dots *d, const char *p, size_t n, unsigned seed)
{
    size_t at = 0;

    while (at < n && d->state != CORE_DOTS_END) {
        seed = seed * 1103515245 + 12345;
        size_t piece = 1 + (seed >> 16) % 9;
        if (piece > n - at)
            piece = n - at;
        at += core_dots_feed(d, p + at, piece);
    }
    return at;
}

/* Of the chunks of BDAT; the data ends where they end. */
static bool is_bad_chunked(struct moxd_str s)
{
    bool cr = s.n > 0 && s.p[s.n - 1] == '\r';
    bool dot = moxd_str_ends(s, MOXD_STR("\n.")) && !moxd_str_ends(s, MOXD_STR("\r\n."));

    return is_bad(s) || cr || dot;
}

static void translate_chunked(struct moxd_str s, struct moxd_buf *out)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\n' && (i == 0 || s.p[i - 1] != '\r'))
            moxd_buf_addc(out, '\r');
        moxd_buf_addc(out, s.p[i]);
    }
    if (s.n > 0 && s.p[s.n - 1] != '\n')
        moxd_buf_adds(out, "\r\n");
}

static void check_chunked(struct moxd_str s, unsigned seed)
{
    struct moxd_buf got = MOXD_BUF_INIT(OUT_MAX), want = MOXD_BUF_INIT(OUT_MAX);
    struct core_dots d = { .emit = collect, .arg = &got, .chunked = true };

    moxd_assert(feed(&d, s.p, s.n, seed) == s.n);
    core_dots_finish(&d);
    moxd_assert((d.problem != NULL) == is_bad_chunked(s));
    translate_chunked(s, &want);
    if (d.problem == NULL)
        moxd_assert(moxd_str_eq(moxd_buf_str(&got), moxd_buf_str(&want)));
    moxd_assert(d.problem != NULL || d.longest_line <= want.n);
    moxd_buf_fini(&got);
    moxd_buf_fini(&want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_buf got = MOXD_BUF_INIT(OUT_MAX), want = MOXD_BUF_INIT(OUT_MAX);
    struct core_dots d = { .emit = collect, .arg = &got };

    if (size == 0 || size > OUT_MAX / 4)
        return 0;
    struct moxd_str s = moxd_str((const char *)data + 1, size - 1);
    if (data[0] & 0x80) {
        check_chunked(s, data[0]);
        return 0;
    }
    size_t end = true_end(s), n = feed(&d, s.p, s.n, data[0]);
    moxd_assert((d.state == CORE_DOTS_END) == (end <= s.n));
    moxd_assert(n == (end <= s.n ? end : s.n));
    struct moxd_str body = moxd_str_sub(s, 0, end <= s.n ? end - 3 : s.n);
    moxd_assert((d.problem != NULL) == is_bad(moxd_str_sub(s, 0, n)));
    translate(body, &want);
    if (d.problem == NULL)
        moxd_assert(moxd_str_eq(moxd_buf_str(&got), moxd_buf_str(&want)));
    moxd_assert(d.problem != NULL || d.longest_line <= want.n);
    moxd_buf_fini(&got);
    moxd_buf_fini(&want);
    return 0;
}
