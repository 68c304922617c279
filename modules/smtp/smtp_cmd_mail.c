/* MAIL (RFC 5321 4.1.1.2) with SIZE, BODY, SMTPUTF8, AUTH, REQUIRETLS, RET, ENVID, HOLDFOR and HOLDUNTIL. */
#include "smtp.h"

/* RFC 6531 3.5: internationalized addresses only where the client asked for them. */
int smtp_path_of(struct smtp_path *p, const struct moxd_address *ad, bool smtputf8,
                 struct moxd_arena *a, struct moxd_err *err)
{
    if (!smtputf8 && moxd_address_needs_utf8(ad))
        return moxd_err_smtp_set(err, MOXD_ERR_INVALID, 553, "5.6.7",
                                 "internationalized addresses need SMTPUTF8");
    *p = (struct smtp_path){ .localpart = ad->localpart,
                             .domain = ad->domain.ascii,
                             .text = moxd_address_text(ad, smtputf8, a) };
    return 0;
}

static int check_size(const struct smtp_session *s, const struct moxd_smtp_mail *mail,
                      struct moxd_err *err)
{
    if (mail->has_size && mail->size > (uint64_t)s->conf->max_message_size)
        return smtp_too_large(s, err);
    return 0;
}

/* P-CORE-16: the sender's own domain may be switched off for now. */
static int check_domain(const struct smtp_session *s, const struct smtp_path *from,
                        struct moxd_arena *a, struct moxd_err *err)
{
    struct accounts_target own = { 0 };
    struct moxd_err why = { 0 };

    if (s->smtp->accounts->resolve(s->smtp->accounts_self, from->localpart, from->domain, a, &own,
                                   &why) == 0 ||
        why.kind != MOXD_ERR_TEMP)
        return 0;
    return moxd_err_smtp_set(err, MOXD_ERR_TEMP, 451, "4.3.0",
                             "sending from this domain is switched off for now");
}

/* Users send as themselves; the null path is for read receipts (RFC 8098 3). */
static int check_sender(const struct smtp_session *s, const struct smtp_path *from,
                        struct moxd_arena *a, struct moxd_err *err)
{
    const struct smtp *smtp = s->smtp;

    if (!s->facts.submission || (from->localpart.n == 0 && from->domain.n == 0))
        return 0;
    if (smtp->accounts->may_send_as(smtp->accounts_self, s->facts.account, from->localpart,
                                    from->domain))
        return check_domain(s, from, a, err);
    return moxd_err_smtp_set(err, MOXD_ERR_DENIED, 550, "5.7.1",
                             "not an address of your account: %" MOXD_STRF, MOXD_STRA(from->text));
}

/* RFC 4865 4.2. A time that is over is a mistake of the client's clock or zone, and not meant as "at once". */
static int set_hold(struct smtp_txn *t, const struct moxd_smtp_mail *mail, struct moxd_err *err)
{
    int64_t now = moxd_wall(), max = t->s->smtp->offer.hold_max;

    if (mail->hold_for == 0 && mail->hold_until == 0)
        return 0;
    if (mail->hold_until != 0 && mail->hold_until <= now / MOXD_SEC)
        return moxd_err_smtp_set(err, MOXD_ERR_INVALID, 501, "5.5.4", "HOLDUNTIL is in the past");
    if (mail->hold_for > max || mail->hold_until > now / MOXD_SEC + max)
        return moxd_err_smtp_set(err, MOXD_ERR_LIMIT, 501, "5.5.4",
                                 "a message is held for %lld seconds at most", (long long)max);
    t->mail.holduntil =
        mail->hold_for != 0 ? now + mail->hold_for * MOXD_SEC : mail->hold_until * MOXD_SEC;
    return 0;
}

static void set_dsn(struct smtp_txn *t, const struct moxd_smtp_mail *mail)
{
    static const char *const ret[] = {
        [MOXD_SMTP_RET_NONE] = "", [MOXD_SMTP_RET_FULL] = "FULL", [MOXD_SMTP_RET_HDRS] = "HDRS"
    };
    struct moxd_buf b = MOXD_BUF_INIT(3 * MOXD_SMTP_ENVID_MAX);

    moxd_xtext_put(&b, mail->envid);
    t->mail.envid = moxd_arena_str(t->arena, moxd_buf_str(&b));
    t->mail.ret = moxd_cstr(ret[mail->ret]);
    moxd_buf_fini(&b);
}

static int fill(struct smtp_txn *t, const struct moxd_smtp_mail *mail, struct moxd_err *err)
{
    struct smtp_session *s = t->s;

    t->mail.size = mail->has_size ? mail->size : 0;
    t->mail.smtputf8 = mail->smtputf8;
    t->mail.requiretls = mail->requiretls;
    t->from = mail->from;
    t->mail.body8bit = mail->body == MOXD_SMTP_8BITMIME;
    set_dsn(t, mail);
    if (smtp_path_of(&t->mail.from, &mail->from, mail->smtputf8, t->arena, err) < 0 ||
        check_size(s, mail, err) < 0 || set_hold(t, mail, err) < 0)
        return -1;
    return check_sender(s, &t->mail.from, t->arena, err);
}

void smtp_cmd_mail(struct smtp_session *s, struct moxd_str args)
{
    struct smtp_txn *t = smtp_txn_new(s);
    struct moxd_smtp_mail mail = { 0 };
    struct moxd_reply reply = { 0 };
    struct moxd_err err = { 0 };
    enum moxd_verdict v = MOXD_NEXT;

    smtp_tell_command(s, "MAIL", args);
    if (moxd_smtp_parse_mail(args, smtp_session_opts(s), t->arena, &mail, &err) < 0) {
        smtp_reply_bad(s, moxd_err_smtp_code(&err), moxd_err_enhanced(&err), "%s", err.pub);
        smtp_txn_free(s);
        return;
    }
    if (fill(t, &mail, &err) < 0)
        smtp_reply_err(s, &err);
    else if ((v = moxd_fire(s->smtp->on_mail, &t->mail, &reply)) != MOXD_NEXT)
        smtp_reply_verdict(s, v, &reply, "on_mail");
    else
        smtp_reply(s, 250, "2.1.0", "sender ok");
    if (err.kind != MOXD_ERR_NONE || v != MOXD_NEXT)
        smtp_txn_free(s);
}
