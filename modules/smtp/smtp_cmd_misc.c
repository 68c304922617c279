/* RSET, NOOP, VRFY, HELP, QUIT (RFC 5321 4.1.1.5 to 4.1.1.10). */
#include "smtp.h"

void smtp_cmd_rset(struct smtp_session *s, struct moxd_str args)
{
    (void)args;
    smtp_txn_free(s);
    smtp_reply(s, 250, "2.0.0", "ok");
}

void smtp_cmd_noop(struct smtp_session *s, struct moxd_str args)
{
    (void)args;
    smtp_reply(s, 250, "2.0.0", "ok");
}

/* RFC 5321 3.5.3 and 7.3: whether an address exists is told by RCPT only. */
void smtp_cmd_vrfy(struct smtp_session *s, struct moxd_str args)
{
    if (args.n == 0)
        smtp_reply_bad(s, 501, "5.5.4", "VRFY needs an argument");
    else
        smtp_reply(s, 252, "2.5.2", "not verified; send mail and see");
}

void smtp_cmd_help(struct smtp_session *s, struct moxd_str args)
{
    (void)args;
    smtp_reply_line(s, 214, false, "2.0.0 Commands:");
    for (int verb = 0; verb < MOXD_SMTP_VERBS; verb++) {
        const struct smtp_command *c = &smtp_commands[verb];
        char text[128];
        if (!c->run || ((c->flags & SMTP_C_SUBMISSION) && !s->facts.submission))
            continue;
        snprintf(text, sizeof(text), "2.0.0   %s", moxd_smtp_verb_usage((enum moxd_smtp_verb)verb));
        smtp_reply_line(s, 214, false, text);
    }
    smtp_reply(s, 214, "2.0.0", "RFC 5321 tells more");
}

void smtp_cmd_quit(struct smtp_session *s, struct moxd_str args)
{
    (void)args;
    smtp_txn_free(s);
    smtp_reply(s, 221, "2.0.0", "%s bye", s->facts.hostname);
    s->closing = true;
}
