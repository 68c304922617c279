/* What a notification says, in our terms. Anybody can write one: who can name the id is one of whom the mail was sent
 * to, and speaks of this recipient alone. */
#include "queue_returned.h"

#include <moxmail/smtp_syntax.h>

static bool is(struct moxd_str address, const char *to)
{
    return moxd_str_caseeqs(address, to);
}

const struct moxd_dsn_status *queue_returned_status(const struct moxd_dsn_report *report,
                                                    const char *to, bool only)
{
    for (size_t i = 0; i < report->nrcpts; i++)
        if (is(report->rcpts[i].original, to))
            return &report->rcpts[i];
    for (size_t i = 0; i < report->nrcpts; i++)
        if (is(report->rcpts[i].final, to))
            return &report->rcpts[i];
    return only && report->nrcpts == 1 ? &report->rcpts[0] : NULL;
}

/* UTF-8 of limited length. */
static const char *clean(struct moxd_str s, size_t max, struct moxd_arena *a)
{
    bool utf8 = moxd_str_is_utf8(s);

    s = moxd_str_sub(s, 0, max);
    while (utf8 && s.n > 0 && !moxd_str_is_utf8(s))
        s.n--;
    char *text = moxd_arena_cstr(a, s);
    for (char *p = text; *p && !utf8; p++)
        *p = (unsigned char)*p > 127 ? '?' : *p;
    return text;
}

/* x.0.0 says nothing, as when a reply had no enhanced code (RFC 3463 3.1). */
static const char *status_of(const struct moxd_dsn_status *st)
{
    return st->status[0] && strcmp(st->status + 1, ".0.0") != 0 ? st->status : "";
}

/* The reply of SMTP in the diagnostic, if there is one; its enhanced code is nearer to the truth than the status. */
static void read_reply(const struct moxd_dsn_status *st, struct moxd_smtp_reply *out,
                       struct moxd_arena *a)
{
    struct moxd_str rest = st->diagnostic;
    struct moxd_err err = { 0 };

    *out = (struct moxd_smtp_reply){ 0 };
    if (st->smtp && moxd_smtp_reply_add(out, moxd_str_cut(&rest, '\n'), a, &err) < 0)
        *out = (struct moxd_smtp_reply){ 0 };
}

struct queue_verdict queue_returned_verdict(const struct moxd_dsn_status *st, struct moxd_arena *a)
{
    bool failed = st->action == MOXD_DSN_FAILED;
    struct moxd_smtp_reply said;
    struct queue_verdict v = { .ok = !failed && st->action != MOXD_DSN_DELAYED,
                               .outcome = QUEUE_FAILED };

    read_reply(st, &said, a);
    v.reply.stage = SMTPCLIENT_BODY;
    v.reply.permanent = failed;
    v.reply.code = said.code;
    if (said.code == 0)
        v.reply.code = st->status[0] ? (st->status[0] - '0') * 100 : failed ? 500 : 0;
    v.reply.enhanced = moxd_arena_strdup(a, said.enhanced[0] ? said.enhanced : status_of(st));
    v.reply.text = st->diagnostic.n > 0
                       ? clean(st->diagnostic, QUEUE_HISTORY_TEXT_MAX, a)
                       : moxd_arena_printf(a, "%s%s%s", moxd_dsn_action_name(st->action),
                                           st->status[0] ? " " : "", st->status);
    return v;
}
