/* EHLO and HELO (RFC 5321 4.1.1.1). */
#include "smtp.h"

#include <moxmail/date.h>

/* What the client calls itself; users may call themselves anything (SMTPIN-03). */
static int parse(struct smtp_session *s, enum moxd_smtp_verb verb, struct moxd_str args,
                 struct moxd_err *err)
{
    MOXD_CLEANUP(moxd_arena_freep) struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_smtp_hello h = { 0 };

    if (moxd_smtp_parse_hello(args, verb, smtp_session_opts(s), a, &h, err) < 0)
        return -1;
    struct moxd_str name = h.valid ? h.domain.ascii : h.text;
    if (name.n == 0 || moxd_str_copy(name, s->helo, sizeof(s->helo)) < 0)
        strcpy(s->helo, "unknown");
    return 0;
}

static bool hello(struct smtp_session *s, enum moxd_smtp_verb verb, struct moxd_str args)
{
    struct moxd_reply reply = { 0 };
    struct moxd_err err = { 0 };

    if (parse(s, verb, args, &err) < 0) {
        smtp_reply_bad(s, moxd_err_smtp_code(&err), moxd_err_enhanced(&err), "%s", err.pub);
        return false;
    }
    smtp_txn_free(s); /* RFC 5321 4.1.4: as RSET */
    s->facts.helo = moxd_cstr(s->helo);
    s->facts.esmtp = verb == MOXD_SMTP_EHLO;
    enum moxd_verdict v = moxd_fire(s->smtp->on_helo, &s->facts, &reply);
    if (v == MOXD_NEXT)
        return true;
    s->facts.helo = MOXD_STR("");
    smtp_reply_verdict(s, v, &reply, "on_helo");
    return false;
}

static void announce_auth(struct smtp_session *s)
{
    const char *const *names =
        s->smtp->auth->mechanisms(s->smtp->auth_self, &s->auth_env, smtp_allows_plain(s->conf));
    struct moxd_buf b = MOXD_BUF_INIT(SMTP_REPLY_TEXT_MAX);

    moxd_buf_adds(&b, "AUTH");
    for (; *names; names++)
        moxd_buf_addf(&b, " %s", *names);
    smtp_reply_line(s, 250, false, moxd_buf_cstr(&b));
    moxd_buf_fini(&b);
}

/* RFC 4865 3: the longest time, and the last moment. */
static void announce_hold(struct smtp_session *s, int64_t seconds)
{
    struct moxd_buf b = MOXD_BUF_INIT(SMTP_REPLY_TEXT_MAX);

    moxd_buf_addf(&b, "FUTURERELEASE %lld ", (long long)seconds);
    moxd_date_put_rfc3339(&b, moxd_wall() / MOXD_SEC + seconds);
    smtp_reply_line(s, 250, false, moxd_buf_cstr(&b));
    moxd_buf_fini(&b);
}

/* Only what works, and only when it does. */
static void announce(struct smtp_session *s)
{
    char size[64], limits[64];

    snprintf(size, sizeof(size), "SIZE %lld", (long long)s->conf->max_message_size);
    snprintf(limits, sizeof(limits), "LIMITS RCPTMAX=%d", (int)SMTP_RECIPIENTS_MAX);
    smtp_reply_line(s, 250, false, s->facts.hostname);
    smtp_reply_line(s, 250, false, "PIPELINING");
    smtp_reply_line(s, 250, false, size);
    if (s->c->tls && !s->facts.tls)
        smtp_reply_line(s, 250, false, "STARTTLS");
    if (smtp_session_offers_requiretls(s))
        smtp_reply_line(s, 250, false, "REQUIRETLS");
    if (s->facts.submission && !s->facts.account && !smtp_session_demands_tls(s))
        announce_auth(s);
    if (smtp_session_opts(s) & MOXD_SMTP_EXT_DSN)
        smtp_reply_line(s, 250, false, "DSN");
    if (smtp_session_opts(s) & MOXD_SMTP_EXT_FUTURERELEASE)
        announce_hold(s, s->smtp->offer.hold_max);
    smtp_reply_line(s, 250, false, "ENHANCEDSTATUSCODES");
    smtp_reply_line(s, 250, false, "8BITMIME");
    smtp_reply_line(s, 250, false, "CHUNKING");
    smtp_reply_line(s, 250, false, limits);
    smtp_reply(s, 250, NULL, "SMTPUTF8");
}

void smtp_cmd_ehlo(struct smtp_session *s, struct moxd_str args)
{
    smtp_tell_command(s, "EHLO", args);
    if (hello(s, MOXD_SMTP_EHLO, args))
        announce(s);
}

void smtp_cmd_helo(struct smtp_session *s, struct moxd_str args)
{
    smtp_tell_command(s, "HELO", args);
    if (hello(s, MOXD_SMTP_HELO, args))
        smtp_reply(s, 250, NULL, "%s", s->facts.hostname);
}
