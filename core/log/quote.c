/* Values as text, and their quoting. Nothing that comes from a peer reaches a terminal or the
 * journal as a control character. */
#include "log/log.h"

#include <inttypes.h>
#include <moxd/clock.h>

/* Length of the well-formed UTF-8 character at p, 0 when there is none. */
static size_t utf8_len(const char *p, size_t n)
{
    unsigned char c = (unsigned char)*p;
    size_t len = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;

    return len <= n && moxd_str_is_utf8(moxd_str(p, len)) ? len : 0;
}

/* C0, DEL and C1 (U+0080 to U+009F), which terminals obey, and the line separators of Unicode. */
static bool is_control(const char *p, size_t len)
{
    unsigned char c = (unsigned char)p[0], d = len > 1 ? (unsigned char)p[1] : 0;

    if (len == 1)
        return c < 0x20 || c == 0x7f;
    if (len == 2)
        return c == 0xc2 && d < 0xa0;
    return len == 3 && c == 0xe2 && d == 0x80 && ((unsigned char)p[2] & 0xfe) == 0xa8;
}

static void add_escape(struct moxd_buf *b, char c)
{
    switch (c) {
    case '\n':
        moxd_buf_adds(b, "\\n");
        break;
    case '\r':
        moxd_buf_adds(b, "\\r");
        break;
    case '\t':
        moxd_buf_adds(b, "\\t");
        break;
    default:
        moxd_buf_addf(b, "\\x%02x", (unsigned char)c);
    }
}

/* Appends one character escaped as needed; returns how many bytes it took. */
static size_t quote_one(struct moxd_buf *b, const char *p, size_t n)
{
    size_t len = utf8_len(p, n);

    if (*p == '"' || *p == '\\') {
        moxd_buf_addc(b, '\\');
        moxd_buf_addc(b, *p);
        return 1;
    }
    if (len > 0 && !is_control(p, len)) {
        moxd_buf_add(b, p, len);
        return len;
    }
    len = len ? len : 1;
    for (size_t i = 0; i < len; i++)
        add_escape(b, p[i]);
    return len;
}

void core_log_quote(struct moxd_buf *b, struct moxd_str s)
{
    bool cut = s.n > CORE_LOG_VALUE_MAX;
    size_t n = cut ? CORE_LOG_VALUE_MAX : s.n;

    moxd_buf_addc(b, '"');
    for (size_t i = 0; i < n;)
        i += quote_one(b, s.p + i, n - i);
    moxd_buf_adds(b, cut ? "...\"" : "\"");
}

static bool is_bare(struct moxd_str s)
{
    if (s.n == 0 || s.n > CORE_LOG_VALUE_MAX)
        return false;
    for (size_t i = 0, len; i < s.n; i += len) {
        len = utf8_len(s.p + i, s.n - i);
        if (len == 0 || is_control(s.p + i, len) || strchr(" =\"\\", s.p[i]))
            return false;
    }
    return true;
}

void core_log_quote_if(struct moxd_buf *b, struct moxd_str s)
{
    if (is_bare(s))
        moxd_buf_addstr(b, s);
    else
        core_log_quote(b, s);
}

static void add_duration(struct moxd_buf *b, int64_t ns)
{
    double v = (double)ns, a = v < 0 ? -v : v;

    if (a >= (double)MOXD_SEC)
        moxd_buf_addf(b, "%.3fs", v / (double)MOXD_SEC);
    else if (a >= (double)MOXD_MS)
        moxd_buf_addf(b, "%.3fms", v / (double)MOXD_MS);
    else
        moxd_buf_addf(b, "%.3fus", v / 1000);
}

static void add_err(struct moxd_buf *b, const struct moxd_err *err)
{
    const char *text = err && err->priv[0] ? err->priv : err ? err->pub : "";

    if (*text)
        moxd_buf_adds(b, text);
    else
        moxd_buf_adds(b, err ? moxd_err_kind_name(err->kind) : "none");
}

void core_log_value(struct moxd_buf *b, const struct moxd_kv *kv)
{
    switch (kv->type) {
    case MOXD_KV_STR:
        moxd_buf_addstr(b, kv->v.s);
        break;
    case MOXD_KV_INT:
        moxd_buf_addf(b, "%" PRId64, kv->v.i);
        break;
    case MOXD_KV_UINT:
        moxd_buf_addf(b, "%" PRIu64, kv->v.u);
        break;
    case MOXD_KV_DUR:
        add_duration(b, kv->v.i);
        break;
    case MOXD_KV_ERR:
        add_err(b, kv->v.err);
        break;
    case MOXD_KV_BOOL:
        moxd_buf_adds(b, kv->v.i ? "true" : "false");
        break;
    }
}
