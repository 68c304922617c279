#include "smtp.h"

/* Replies are ASCII unless the client said SMTPUTF8 (RFC 6531 3.7.4.2), and one line. */
static void clean(char *text, bool utf8)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == 0x7f || (c >= 0x80 && !utf8))
            *text = '?';
    }
}

static void send_line(struct smtp_session *s, const char *line)
{
    moxd_log_trace(&s->log, MOXD_TRACE, "S: ", moxd_cstr(line));
    (void)moxd_stream_puts(s->st, line);
    (void)moxd_stream_puts(s->st, "\r\n");
}

void smtp_reply_line(struct smtp_session *s, int code, bool last, const char *text)
{
    char line[SMTP_REPLY_TEXT_MAX + 32];

    snprintf(line, sizeof(line), "%d%c%s", code, last ? ' ' : '-', text);
    clean(line, false);
    send_line(s, line);
}

static const char *const classes[] = { "2xx", "3xx", "4xx", "5xx" };

static void count(struct smtp_session *s, int code)
{
    moxd_assert(code >= 200 && code < 600);
    if (s->verb)
        moxd_metric_inc(s->smtp->commands, s->verb, classes[code / 100 - 2]);
}

static void reply(struct smtp_session *s, int code, const char *enhanced, const char *text)
{
    char line[SMTP_REPLY_TEXT_MAX + 64];
    bool utf8 = s->txn && s->txn->mail.smtputf8;
    bool has_enhanced = enhanced && *enhanced;
    const char *id = s->txn ? s->txn->id : s->public_id;

    snprintf(line, sizeof(line), "%d %s%s%.*s%s%s%s", code, has_enhanced ? enhanced : "",
             has_enhanced ? " " : "", SMTP_REPLY_TEXT_MAX, text, code >= 400 ? " (" : "",
             code >= 400 ? id : "", code >= 400 ? ")" : "");
    clean(line, utf8 && moxd_str_is_utf8(moxd_cstr(line)));
    count(s, code);
    if (code >= 400)
        moxd_debug(&s->log, "command refused", moxd_kvs("verb", s->verb ? s->verb : ""),
                   moxd_kvs("reply", line));
    smtp_tell_reply(s, code, line);
    send_line(s, line);
}

void smtp_reply(struct smtp_session *s, int code, const char *enhanced, const char *fmt, ...)
{
    char text[SMTP_REPLY_TEXT_MAX];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    reply(s, code, enhanced, text);
}

void smtp_reply_bad(struct smtp_session *s, int code, const char *enhanced, const char *fmt, ...)
{
    char text[SMTP_REPLY_TEXT_MAX];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    reply(s, code, enhanced, text);
    if (++s->nbad < SMTP_BAD_COMMANDS_MAX || s->closing)
        return;
    smtp_reply(s, 421, "4.7.0", "too many errors, closing");
    s->closing = true;
}

void smtp_reply_err(struct smtp_session *s, const struct moxd_err *err)
{
    if (err->kind == MOXD_ERR_INTERNAL || err->kind == MOXD_ERR_IO ||
        err->kind == MOXD_ERR_CORRUPT || err->kind == MOXD_ERR_FULL)
        moxd_error(&s->log, "command failed", moxd_kvs("verb", s->verb ? s->verb : ""),
                   moxd_kve(err));
    reply(s, moxd_err_smtp_code(err), moxd_err_enhanced(err), err->pub);
}

void smtp_reply_verdict(struct smtp_session *s, enum moxd_verdict v, const struct moxd_reply *r,
                        const char *what)
{
    int code = r->code ? r->code : v == MOXD_DEFER ? 451 : 550;
    const char *enhanced = r->enhanced[0] ? r->enhanced : v == MOXD_DEFER ? "4.7.1" : "5.7.1";

    moxd_info(&s->log, "refused by a hook", moxd_kvs("at", what),
              moxd_kvs("verdict", moxd_verdict_name(v)), moxd_kvi("code", code),
              moxd_kvs("detail", r->detail));
    s->tell.refused = true;
    reply(s, code, enhanced, r->text[0] ? r->text : "refused");
    if (v == MOXD_DROP)
        s->closing = true;
}
