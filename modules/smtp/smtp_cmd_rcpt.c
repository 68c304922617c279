/* RCPT (RFC 5321 4.1.1.3): who takes responsibility for the recipient, and do the hooks agree. */
#include "smtp.h"

static void count(struct smtp_session *s, const char *result)
{
    moxd_metric_inc(s->smtp->recipients, result, NULL);
}

/* P-SMTP-11: those who try out addresses wait, those with one typing error among good ones do not. */
static void refuse(struct smtp_session *s, const struct moxd_reply *why)
{
    bool unknown = strcmp(why->enhanced, "5.1.1") == 0; /* RFC 3463 3.2: bad destination mailbox */

    if (unknown && s->txn->nrcpts == 0 && s->conf->unknown_delay > 0)
        (void)moxd_sleep(s->conf->unknown_delay);
    smtp_reply(s, why->code, why->enhanced, "%s", why->text);
    count(s, unknown ? "unknown" : "refused");
}

static void accept_recipient(struct smtp_session *s, struct smtp_accepted *r)
{
    struct smtp_txn *t = s->txn;
    struct smtp_accepted **slot =
        moxd_arena_push(t->arena, &t->rcpts, &t->nrcpts, &t->rcpts_cap, sizeof(*slot));

    *slot = r;
    t->mail.nrcpts = t->nrcpts;
    smtp_reply(s, 250, "2.1.5", "recipient ok");
    count(s, "accepted");
}

static void judge(struct smtp_session *s, struct smtp_accepted *r)
{
    struct moxd_reply reply = { 0 };
    enum moxd_verdict v = moxd_fire(s->smtp->on_rcpt, &r->facts, &reply);

    if (v == MOXD_NEXT) {
        accept_recipient(s, r);
        return;
    }
    smtp_reply_verdict(s, v, &reply, "on_rcpt");
    count(s, "refused");
}

static void route(struct smtp_session *s, struct smtp_accepted *r)
{
    enum moxd_verdict v = moxd_fire(s->smtp->on_route, &r->facts, &r->route);

    if (v == MOXD_ANSWER && r->route.refuse.code) {
        refuse(s, &r->route.refuse);
    } else if (v == MOXD_ANSWER && r->route.deliver) {
        r->facts.account = r->route.account;
        judge(s, r);
    } else if (v == MOXD_NEXT) {
        smtp_reply(s, 550, "5.7.1", "no module here takes mail for that address");
        count(s, "noroute");
    } else { /* a provider broke */
        moxd_error(&s->log, "a route provider gave no answer", moxd_kvs("by", r->route.by));
        smtp_reply(s, 451, "4.3.0", "the address cannot be looked up now");
        count(s, "refused");
    }
}

static bool is_null(const struct smtp_path *from)
{
    return from->localpart.n == 0 && from->domain.n == 0;
}

static unsigned rcpt_opts(const struct smtp_session *s)
{
    unsigned opts = smtp_session_opts(s);
    return s->txn->mail.smtputf8 ? opts : opts & ~(unsigned)MOXD_SMTP_EXT_SMTPUTF8;
}

void smtp_cmd_rcpt(struct smtp_session *s, struct moxd_str args)
{
    struct smtp_txn *t = s->txn;
    struct moxd_smtp_rcpt rcpt = { 0 };
    struct moxd_err err = { 0 };

    smtp_tell_command(s, "RCPT", args);
    /* Memory of a transaction is bounded by the recipients, refused ones too. */
    if (t->nrcpts == SMTP_RECIPIENTS_MAX || ++t->ntried > 2 * SMTP_RECIPIENTS_MAX) {
        smtp_reply(s, 452, "4.5.3", "too many recipients");
        return;
    }
    /* A bounce is about one message of one sender (RFC 5321 4.5.5); more is somebody who tries addresses out. */
    if (t->nrcpts > 0 && is_null(&t->mail.from)) {
        smtp_reply(s, 452, "4.5.3", "one recipient for mail from the null address");
        return;
    }
    if (moxd_smtp_parse_rcpt(args, rcpt_opts(s), t->arena, &rcpt, &err) < 0) {
        smtp_reply_bad(s, moxd_err_smtp_code(&err), moxd_err_enhanced(&err), "%s", err.pub);
        return;
    }
    struct smtp_accepted *r = moxd_arena_alloc(t->arena, sizeof(*r));
    r->facts.mail = &t->mail;
    r->to = rcpt.to;
    r->facts.notify = rcpt.notify_text;
    r->facts.orcpt = rcpt.orcpt_text;
    if (smtp_path_of(&r->facts.to, &rcpt.to, t->mail.smtputf8, t->arena, &err) < 0)
        smtp_reply_err(s, &err);
    else
        route(s, r);
}
