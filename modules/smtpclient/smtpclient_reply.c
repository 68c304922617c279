/* What servers say (RFC 5321 4.2). */
#include "smtpclient.h"

#include <stdio.h>

int64_t smtpclient_until(int64_t deadline)
{
    int64_t before = moxd_fiber_ceiling(deadline);

    if (before < deadline)
        (void)moxd_fiber_ceiling(before);
    return before;
}

int smtpclient_ours(struct moxd_arena *a, struct smtpclient_reply *out, enum smtpclient_stage stage,
                    const char *enhanced, const char *fmt, ...)
{
    char text[400];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    *out = (struct smtpclient_reply){ .stage = stage,
                                      .enhanced = moxd_arena_strdup(a, enhanced),
                                      .text = moxd_arena_strdup(a, text),
                                      .permanent = *enhanced == '5',
                                      .ours = true };
    return -1;
}

int smtpclient_broken(struct smtpclient_session *s, enum smtpclient_stage stage, int result,
                      struct moxd_arena *a, struct smtpclient_reply *out)
{
    static const char *const doing[] = {
        [SMTPCLIENT_CONNECT] = "connecting",
        [SMTPCLIENT_GREETING] = "waiting for the greeting",
        [SMTPCLIENT_EHLO] = "waiting for EHLO",
        [SMTPCLIENT_STARTTLS] = "waiting for STARTTLS",
        [SMTPCLIENT_HANDSHAKE] = "in TLS",
        [SMTPCLIENT_AUTH] = "logging in",
        [SMTPCLIENT_MAIL] = "waiting for MAIL",
        [SMTPCLIENT_RCPT] = "waiting for RCPT",
        [SMTPCLIENT_DATA] = "waiting for DATA",
        [SMTPCLIENT_BODY] = "sending the message",
        [SMTPCLIENT_NEEDS] = "preparing the mail",
    };
    const char *detail = s->st && result != MOXD_TIMEOUT ? moxd_stream_error(s->st) : "";

    s->broken = true;
    switch (result) {
    case MOXD_TIMEOUT:
        return smtpclient_ours(a, out, stage, "4.4.2", "timeout while %s", doing[stage]);
    case MOXD_CANCELLED:
        return smtpclient_ours(a, out, stage, "4.3.0", "cancelled while %s", doing[stage]);
    case MOXD_CLOSED:
        return smtpclient_ours(a, out, stage, "4.4.2", "the server closed the connection while %s",
                               doing[stage]);
    default:
        return smtpclient_ours(a, out, stage, "4.4.2", "the connection broke while %s%s%s",
                               doing[stage], *detail ? ": " : "", detail);
    }
}

static int malformed(struct smtpclient_session *s, enum smtpclient_stage stage,
                     const struct moxd_err *err, struct moxd_arena *a, struct smtpclient_reply *out)
{
    s->broken = true;
    return smtpclient_ours(a, out, stage, "4.5.0", "the server does not talk SMTP: %s", err->pub);
}

static const char *text_of(const struct moxd_smtp_reply *r, struct moxd_arena *a)
{
    struct moxd_buf b = MOXD_BUF_INIT(SMTPCLIENT_REPLY_TEXT_MAX);

    moxd_smtp_reply_put(&b, r);
    const char *text = moxd_arena_strdup(a, moxd_buf_cstr(&b));
    moxd_buf_fini(&b);
    return text;
}

static void take(const struct moxd_smtp_reply *r, enum smtpclient_stage stage, struct moxd_arena *a,
                 struct smtpclient_reply *out)
{
    *out = (struct smtpclient_reply){ .stage = stage,
                                      .code = r->code,
                                      .enhanced = moxd_arena_strdup(a, r->enhanced),
                                      .text = text_of(r, a),
                                      .permanent = r->code >= 500 && stage >= SMTPCLIENT_MAIL };
}

/* The reply to EHLO is not only read but understood. */
static void understand(struct smtpclient_session *s, const struct moxd_smtp_reply *r)
{
    moxd_smtp_offer_parse(r, s->a, &s->offer);
}

static int read_lines(struct smtpclient_session *s, enum smtpclient_stage stage,
                      struct moxd_smtp_reply *r, struct moxd_arena *a, struct smtpclient_reply *out)
{
    struct moxd_err err = { 0 };
    struct moxd_str line;
    int more;

    do {
        long n = moxd_stream_line(s->st, &line, MOXD_SMTP_REPLY_LINE_ACCEPTED, NULL);
        if (n == MOXD_TOOLONG)
            more = moxd_err_set(&err, MOXD_ERR_LIMIT, "a line of a reply is too long");
        else if (n < 0)
            return smtpclient_broken(s, stage, (int)n, a, out);
        else
            more = moxd_smtp_reply_add(r, line, s->scratch, &err);
        if (n >= 0)
            moxd_log_trace(&s->log, MOXD_TRACE, "S: ", line);
    } while (more == 1);
    return more < 0 ? malformed(s, stage, &err, a, out) : 0;
}

int smtpclient_reply(struct smtpclient_session *s, enum smtpclient_stage stage, int64_t timeout,
                     struct moxd_arena *a, struct smtpclient_reply *out)
{
    int64_t before = smtpclient_until(moxd_deadline(timeout));
    struct moxd_smtp_reply r = { 0 };

    moxd_arena_reset(s->scratch);
    int rc = s->broken ? smtpclient_broken(s, stage, MOXD_CLOSED, a, out)
                       : read_lines(s, stage, &r, a, out);
    (void)moxd_fiber_ceiling(before);
    if (rc < 0)
        return rc;
    take(&r, stage, a, out);
    if (stage == SMTPCLIENT_EHLO && smtpclient_is_ok(out))
        understand(s, &r);
    s->broken = out->code == 421; /* it closes the connection (RFC 5321 4.2.3) */
    return 0;
}

int smtpclient_command(struct smtpclient_session *s, enum smtpclient_stage stage,
                       enum moxd_level what, const char *line, int64_t timeout,
                       struct moxd_arena *a, struct smtpclient_reply *out)
{
    moxd_log_trace(&s->log, what, "C: ", moxd_cstr(line));
    int64_t before = smtpclient_until(moxd_deadline(timeout));
    int rc = moxd_stream_puts(s->st, line);
    if (rc == 0)
        rc = moxd_stream_puts(s->st, "\r\n");
    if (rc == 0)
        rc = moxd_stream_flush(s->st);
    (void)moxd_fiber_ceiling(before);
    if (rc < 0)
        return smtpclient_broken(s, stage, rc, a, out);
    return smtpclient_reply(s, stage, timeout, a, out);
}
