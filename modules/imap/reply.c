/* Responses (RFC 9051 7). */
#include "imap.h"

static int send_line(struct imap_session *s, struct moxd_str line)
{
    moxd_log_trace(&s->log, MOXD_TRACE, "S: ", line);
    if (moxd_stream_write(s->st, line.p, line.n) < 0)
        return -1;
    return moxd_stream_write(s->st, "\r\n", 2) < 0 ? -1 : 0;
}

int imap_untagged(struct imap_session *s, const char *fmt, ...)
{
    struct moxd_buf b = MOXD_BUF_INIT(IMAP_OUT_MAX);
    va_list ap;
    int r;

    moxd_buf_adds(&b, "* ");
    va_start(ap, fmt);
    moxd_buf_addv(&b, fmt, ap);
    va_end(ap);
    r = send_line(s, moxd_buf_str(&b));
    moxd_buf_fini(&b);
    return r;
}

int imap_send_out(struct imap_session *s)
{
    int r;

    if (s->out.overflow) {
        moxd_error(&s->log, "response line over its limit", moxd_kvu("limit", IMAP_OUT_MAX));
        return -1;
    }
    r = send_line(s, moxd_buf_str(&s->out));
    moxd_buf_reset(&s->out);
    s->out_split = false;
    return r;
}

int imap_send_part(struct imap_session *s)
{
    struct moxd_str part = moxd_buf_str(&s->out);
    int r = moxd_stream_write(s->st, part.p, part.n);

    moxd_log_trace(&s->log, MOXD_TRACE, "S: ", part);
    moxd_buf_reset(&s->out);
    s->out_split = true;
    return r < 0 ? -1 : 0;
}

/* resp-text: one line, ASCII unless the client enabled UTF-8 (RFC 9051 7.1, RFC 6855 3). */
static void add_text(struct imap_session *s, struct moxd_buf *b, const char *fmt, va_list ap)
{
    size_t start = b->n;

    moxd_buf_addv(b, fmt, ap);
    for (size_t i = start; i < b->n; i++) {
        unsigned char c = (unsigned char)b->p[i];

        if (c < 0x20 || c == 0x7f || (c > 0x7f && !imap_utf8(s)))
            b->p[i] = '?';
    }
    if (b->n == start)
        moxd_buf_addc(b, '-');
}

/* resp-cond-state: tag SP ("OK" / "NO" / "BAD") SP [code] text; "*" when there is no tag. */
static int tagged(struct imap_session *s, const char *word, const char *code, const char *fmt,
                  va_list ap)
{
    struct moxd_buf b = MOXD_BUF_INIT(IMAP_OUT_MAX);
    int r;

    if (s->cmd.tag.n > 0)
        moxd_buf_addstr(&b, s->cmd.tag);
    else
        moxd_buf_addc(&b, '*');
    moxd_buf_addf(&b, " %s ", word);
    if (code) {
        moxd_buf_addc(&b, '[');
        moxd_buf_adds(&b, code);
        moxd_buf_adds(&b, "] ");
    }
    add_text(s, &b, fmt, ap);
    r = send_line(s, moxd_buf_str(&b));
    moxd_buf_fini(&b);
    return r;
}

int imap_ok(struct imap_session *s, const char *code, const char *fmt, ...)
{
    va_list ap;
    int r;

    if (imap_sync(s) < 0 || imap_before_answer(s) < 0)
        return -1;
    va_start(ap, fmt);
    r = tagged(s, "OK", code, fmt, ap);
    va_end(ap);
    return r;
}

int imap_no(struct imap_session *s, const char *code, const char *fmt, ...)
{
    va_list ap;
    int r;

    s->cmd_error = "no";
    if (imap_sync(s) < 0 || imap_before_answer(s) < 0)
        return -1;
    va_start(ap, fmt);
    r = tagged(s, "NO", code, fmt, ap);
    va_end(ap);
    return r;
}

int imap_bad(struct imap_session *s, const char *code, const char *fmt, ...)
{
    va_list ap;
    int r;

    s->cmd_error = "bad";
    s->bad++;
    va_start(ap, fmt);
    r = tagged(s, "BAD", code, fmt, ap);
    va_end(ap);
    return r;
}

int imap_bye(struct imap_session *s, const char *fmt, ...)
{
    struct moxd_buf b = MOXD_BUF_INIT(IMAP_OUT_MAX);
    va_list ap;
    int r;

    s->bye = true;
    moxd_buf_adds(&b, "* BYE ");
    va_start(ap, fmt);
    add_text(s, &b, fmt, ap);
    va_end(ap);
    r = send_line(s, moxd_buf_str(&b));
    moxd_buf_fini(&b);
    return r < 0 || moxd_stream_flush(s->st) < 0 ? -1 : 0;
}

/* RFC 5530 and RFC 9051 7.1 codes for what can go wrong. */
static const char *code_of(enum moxd_err_kind kind)
{
    static const char *const codes[] = {
        [MOXD_ERR_INVALID] = "CANNOT",        [MOXD_ERR_NOTFOUND] = "NONEXISTENT",
        [MOXD_ERR_EXISTS] = "ALREADYEXISTS",  [MOXD_ERR_DENIED] = "NOPERM",
        [MOXD_ERR_LIMIT] = "LIMIT",           [MOXD_ERR_TEMP] = "UNAVAILABLE",
        [MOXD_ERR_FULL] = "UNAVAILABLE",      [MOXD_ERR_IO] = "SERVERBUG",
        [MOXD_ERR_CORRUPT] = "CORRUPTION",    [MOXD_ERR_TIMEOUT] = "UNAVAILABLE",
        [MOXD_ERR_CANCELLED] = "UNAVAILABLE", [MOXD_ERR_INTERNAL] = "SERVERBUG",
    };

    return (size_t)kind < MOXD_NELEMS(codes) ? codes[kind] : NULL;
}

/* RFC 9208 4.1.3: the store's error has the enhanced code of RFC 3463 3.3. */
static bool over_quota(const struct moxd_err *err)
{
    return err->kind == MOXD_ERR_LIMIT &&
           (strcmp(err->enhanced, "4.2.2") == 0 || strcmp(err->enhanced, "5.2.2") == 0);
}

int imap_fail(struct imap_session *s, const struct moxd_err *err)
{
    if (err->kind == MOXD_ERR_SYNTAX)
        return imap_bad(s, NULL, "%s", err->pub);
    if (err->kind == MOXD_ERR_IO || err->kind == MOXD_ERR_CORRUPT ||
        err->kind == MOXD_ERR_INTERNAL || err->kind == MOXD_ERR_FULL)
        moxd_error(&s->log, "command failed", moxd_kve(err));
    return imap_no(s, over_quota(err) ? "OVERQUOTA" : code_of(err->kind), "%s",
                   err->pub[0] ? err->pub : "command failed");
}
