/* Replies of servers (RFC 5321 4.2, RFC 2034). */
#include "smtp.h"

static int malformed(struct moxd_err *err, const char *text)
{
    return moxd_err_set(err, MOXD_ERR_SYNTAX, "%s", text);
}

/* Reply-code = %x32-35 %x30-35 %x30-39, with any second digit; 0 when it is none. */
static int reply_code(struct moxd_str line)
{
    uint64_t code;
    if (line.n < 3 || moxd_str_u64(moxd_str_sub(line, 0, 3), 599, &code) < 0 || code < 200)
        return 0;
    return (int)code;
}

/* status-code = class "." subject "." detail, numbers of at most three digits (RFC 2034 4); its length,
 * 0 when there is none of this class. */
static size_t enhanced_length(struct moxd_str s, int code)
{
    struct moxd_str rest = s;
    uint64_t class, number;
    if (moxd_str_take_u64(&rest, 5, &class) < 0 || class != (uint64_t)code / 100 || class == 3)
        return 0;
    for (int i = 0; i < 2; i++) {
        if (rest.n == 0 || rest.p[0] != '.')
            return 0;
        struct moxd_str digits = rest = moxd_str_from(rest, 1);
        if (moxd_str_take_u64(&rest, 999, &number) < 0 || digits.n - rest.n > 3)
            return 0;
    }
    size_t n = s.n - rest.n;
    return rest.n == 0 || rest.p[0] == ' ' ? n : 0;
}

int moxd_smtp_reply_add(struct moxd_smtp_reply *r, struct moxd_str line, struct moxd_arena *a,
                        struct moxd_err *err)
{
    int code = reply_code(line);
    if (line.n > MOXD_SMTP_REPLY_LINE_ACCEPTED || r->nlines >= MOXD_SMTP_REPLY_LINES_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "reply of more than %d lines or %d octets a line",
                            MOXD_SMTP_REPLY_LINES_MAX, MOXD_SMTP_REPLY_LINE_ACCEPTED);
    if (code == 0)
        return malformed(err, "reply does not start with a code from 200 to 599");
    if (r->nlines > 0 && code != r->code)
        return malformed(err, "lines of one reply have different codes");
    if (line.n > 3 && line.p[3] != ' ' && line.p[3] != '-')
        return malformed(err, "expected a space or \"-\" behind the reply's code");

    struct moxd_str text = moxd_str_from(line, 4);
    size_t n = r->nlines == 0 ? enhanced_length(text, code) : 0;
    if (n > 0 && moxd_str_copy(moxd_str_sub(text, 0, n), r->enhanced, sizeof r->enhanced) < 0)
        return malformed(err, "enhanced status code is too long");
    r->code = code;
    struct moxd_str *last = moxd_arena_push(a, &r->lines, &r->nlines, &r->cap, sizeof *last);
    *last = moxd_arena_str(a, text);
    return line.n > 3 && line.p[3] == '-';
}

struct moxd_str moxd_smtp_reply_text(const struct moxd_smtp_reply *r, size_t line)
{
    moxd_assert(line < r->nlines);
    struct moxd_str text = r->lines[line];
    size_t n = enhanced_length(text, r->code);
    return moxd_str_from(text, n > 0 && n < text.n ? n + 1 : n);
}
