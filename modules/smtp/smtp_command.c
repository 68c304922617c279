/* The protocol as a table, and the checks that all commands share. */
#include "smtp.h"

const struct smtp_command smtp_commands[MOXD_SMTP_VERBS] = {
    [MOXD_SMTP_EHLO] = { 0, smtp_cmd_ehlo },
    [MOXD_SMTP_HELO] = { 0, smtp_cmd_helo },
    [MOXD_SMTP_MAIL] = { SMTP_C_HELO | SMTP_C_NOMAIL | SMTP_C_TLS | SMTP_C_AUTH, smtp_cmd_mail },
    [MOXD_SMTP_RCPT] = { SMTP_C_MAIL | SMTP_C_NOBDAT, smtp_cmd_rcpt },
    [MOXD_SMTP_DATA] = { SMTP_C_NOARGS | SMTP_C_MAIL | SMTP_C_NOBDAT, smtp_cmd_data },
    [MOXD_SMTP_BDAT] = { SMTP_C_EHLO | SMTP_C_MAIL | SMTP_C_CHUNK, smtp_cmd_bdat },
    [MOXD_SMTP_RSET] = { SMTP_C_NOARGS, smtp_cmd_rset },
    [MOXD_SMTP_NOOP] = { 0, smtp_cmd_noop },
    [MOXD_SMTP_VRFY] = { 0, smtp_cmd_vrfy },
    [MOXD_SMTP_HELP] = { 0, smtp_cmd_help },
    [MOXD_SMTP_QUIT] = { SMTP_C_NOARGS, smtp_cmd_quit },
    [MOXD_SMTP_STARTTLS] = { SMTP_C_NOARGS | SMTP_C_STARTTLS | SMTP_C_NOMAIL, smtp_cmd_starttls },
    [MOXD_SMTP_AUTH] = { SMTP_C_SUBMISSION | SMTP_C_EHLO | SMTP_C_NOMAIL | SMTP_C_TLS,
                         smtp_cmd_auth },
};

/* What is wrong with a command at this place: a condition for each flag, first match first. */
struct misplaced {
    unsigned flag;
    bool (*wrong)(const struct smtp_session *s);
    int code;
    const char *enhanced, *text;
};

static bool not_submission(const struct smtp_session *s)
{
    return !s->facts.submission;
}

static bool no_tls(const struct smtp_session *s)
{
    return !s->c->tls;
}

static bool on_tls(const struct smtp_session *s)
{
    return s->facts.tls;
}

static bool no_helo(const struct smtp_session *s)
{
    return s->facts.helo.n == 0;
}

static bool no_ehlo(const struct smtp_session *s)
{
    return s->facts.helo.n == 0 || !s->facts.esmtp;
}

static bool no_mail(const struct smtp_session *s)
{
    return !s->txn;
}

static bool in_mail(const struct smtp_session *s)
{
    return s->txn != NULL;
}

static bool in_bdat(const struct smtp_session *s)
{
    return s->txn && s->txn->receive;
}

static bool not_authenticated(const struct smtp_session *s)
{
    return s->facts.submission && !s->facts.account;
}

static const struct misplaced rules[] = {
    { SMTP_C_SUBMISSION, not_submission, 502, "5.5.1", "command not implemented" },
    { SMTP_C_STARTTLS, no_tls, 502, "5.5.1", "command not implemented" },
    { SMTP_C_STARTTLS, on_tls, 503, "5.5.1", "TLS is there already" },
    { SMTP_C_HELO, no_helo, 503, "5.5.1", "EHLO first" },
    { SMTP_C_EHLO, no_ehlo, 503, "5.5.1", "EHLO first" },
    { SMTP_C_TLS, smtp_session_demands_tls, 530, "5.7.0", "STARTTLS first" },    /* RFC 3207 4 */
    { SMTP_C_AUTH, not_authenticated, 530, "5.7.0", "authentication required" }, /* RFC 4954 6 */
    { SMTP_C_MAIL, no_mail, 503, "5.5.1", "MAIL first" },
    { SMTP_C_NOMAIL, in_mail, 503, "5.5.1", "not in a mail transaction" },
    { SMTP_C_NOBDAT, in_bdat, 503, "5.5.1", "not between BDAT commands" },
};

static const struct misplaced *misplaced(const struct smtp_session *s, unsigned flags)
{
    for (size_t i = 0; i < MOXD_NELEMS(rules); i++)
        if ((flags & rules[i].flag) && rules[i].wrong(s))
            return &rules[i];
    return NULL;
}

/* SMTPIN-02: what begins with anything but a command is no mail client. */
static void unknown(struct smtp_session *s)
{
    if (s->ncommands == 0)
        s->closing = true;
    smtp_reply_bad(s, 500, "5.5.2", "unknown command");
}

static void run(struct smtp_session *s, const struct smtp_command *c, struct moxd_str args)
{
    const struct misplaced *wrong;

    if (c->flags & SMTP_C_AUTH)
        smtp_auth_by_key(s);
    wrong = misplaced(s, c->flags);
    if (wrong && (c->flags & SMTP_C_CHUNK) && !smtp_bdat_skip(s, args))
        return;

    if (!c->run)
        smtp_reply_bad(s, 502, "5.5.1", "command not implemented");
    else if (wrong)
        smtp_reply_bad(s, wrong->code, wrong->enhanced, "%s", wrong->text);
    else if ((c->flags & SMTP_C_NOARGS) && args.n > 0)
        smtp_reply_bad(s, 501, "5.5.4", "%s has no arguments", s->verb);
    else
        c->run(s, args);
}

void smtp_command_run(struct smtp_session *s, struct moxd_str line)
{
    struct moxd_str args;
    enum moxd_smtp_verb verb = moxd_smtp_verb(line, &args);
    bool secret = verb == MOXD_SMTP_AUTH;

    moxd_log_trace(&s->log, secret ? MOXD_TRACEAUTH : MOXD_TRACE, "C: ", line);
    if (verb == MOXD_SMTP_UNKNOWN) {
        unknown(s);
        return;
    }
    s->verb = moxd_smtp_verb_name(verb);
    run(s, &smtp_commands[verb], args);
}
