/* Lines: the first two bytes are the limit and the way of cutting; every cut must find the same lines
 * as a plain search for LF. */
#include "fuzz.h"

#include "stream/line.h"

#include <moxd/str.h>
#include <stdlib.h>

struct reader {
    struct moxd_str rest; /* not yet in the buffer */
    char *buf;
    size_t n;
    unsigned seed;
};

static bool fill(struct reader *r)
{
    r->seed = r->seed * 1103515245 + 12345;
    size_t piece = 1 + (r->seed >> 16) % 7;

    if (r->rest.n == 0)
        return false;
    piece = piece < r->rest.n ? piece : r->rest.n;
    r->buf = moxd_xrealloc(r->buf, r->n + piece);
    memcpy(r->buf + r->n, r->rest.p, piece);
    r->n += piece;
    r->rest = moxd_str_from(r->rest, piece);
    return true;
}

static void consume(struct reader *r, size_t n)
{
    moxd_assert(n <= r->n);
    memmove(r->buf, r->buf + n, r->n - n);
    r->n -= n;
}

/* The next line must be `want`, which has no LF. */
static void check_line(struct reader *r, struct moxd_str want, size_t max)
{
    struct core_line l = { 0 };
    struct core_line_found f;
    enum core_line_result result;
    bool crlf = moxd_str_ends(want, MOXD_STR("\r"));
    size_t n = want.n - crlf;

    while ((result = core_line_find(&l, r->buf, r->n, max, &f)) == CORE_LINE_MORE) {
        consume(r, f.consumed);
        moxd_assert(r->n <= max + 1);
        moxd_assert(fill(r));
    }
    moxd_assert(result == (n > max ? CORE_LINE_LONG : CORE_LINE_OK));
    if (result == CORE_LINE_OK) {
        moxd_assert(f.n == n && f.crlf == crlf);
        moxd_assert(memcmp(r->buf, want.p, n) == 0);
    }
    consume(r, f.consumed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    struct moxd_str all = moxd_str((const char *)data + 2, size - 2);
    struct reader r = { .rest = all, .seed = data[1] };
    fill(&r);
    while (moxd_str_chr(all, '\n') >= 0)
        check_line(&r, moxd_str_cut(&all, '\n'), data[0] % 32);
    free(r.buf);
    return 0;
}
