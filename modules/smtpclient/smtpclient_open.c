/* A connection, up to where mail can be sent (RFC 5321 3.1, 3.2; RFC 3207 4). */
#include "smtpclient.h"

#include <netinet/in.h>

/* --- connect --------------------------------------------------------------------------------------- */

static int connect_failed(struct smtpclient_session *s, const struct moxd_err *err)
{
    return smtpclient_ours(s->ra, s->why, SMTPCLIENT_CONNECT, "4.4.1", "%s", err->priv);
}

static void note_addresses(struct smtpclient_session *s)
{
    moxd_addr_ip(moxd_stream_local(s->st), s->facts.local_ip);
    moxd_addr_ip(moxd_stream_peer(s->st), s->facts.remote_ip);
    s->kv[1] = moxd_kvs("remote", s->facts.remote_ip);
    s->log.nkv = 2;
}

static int connect_direct(struct smtpclient_session *s, int64_t deadline)
{
    const struct smtpclient_target *t = s->t;
    struct moxd_err err = { 0 };

    s->st = moxd_stream_connect_from((const struct sockaddr *)t->source,
                                     (const struct sockaddr *)&t->address, deadline, &err);
    if (!s->st)
        return connect_failed(s, &err);
    note_addresses(s);
    return 0;
}

static int connect_server(struct smtpclient_session *s)
{
    const struct smtpclient_conf *conf = s->sc->conf;
    int64_t deadline = moxd_deadline(conf->connect);
    int rc = s->t->socks ? smtpclient_socks(s, deadline) : connect_direct(s, deadline);

    if (rc == 0)
        moxd_stream_timeouts(s->st, MOXD_NEVER, conf->block);
    return rc;
}

/* --- greetings ------------------------------------------------------------------------------------- */

static int greeting(struct smtpclient_session *s)
{
    if (smtpclient_reply(s, SMTPCLIENT_GREETING, s->sc->conf->greeting, s->ra, s->why) < 0)
        return -1;
    return smtpclient_is_ok(s->why) ? 0 : -1;
}

static void take_offer(struct smtpclient_session *s)
{
    const struct moxd_smtp_offer *o = &s->offer;
    struct smtpclient_facts *f = &s->facts;

    f->esmtp = true;
    f->starttls = f->starttls || o->starttls; /* it is not offered again after it */
    f->requiretls = o->requiretls;
    f->eightbitmime = o->eightbitmime;
    f->smtputf8 = o->smtputf8;
    f->pipelining = o->pipelining;
    f->dsn = o->dsn;
    f->chunking = o->chunking;
    f->size = o->size;
    f->rcptmax = o->rcptmax;
    f->mailmax = o->mailmax;
    f->rcptdomainmax = o->rcptdomainmax;
}

static int say(struct smtpclient_session *s, const char *verb)
{
    const char *line = moxd_arena_printf(s->a, "%s %s", verb, s->t->ehlo);

    return smtpclient_command(s, SMTPCLIENT_EHLO, MOXD_TRACE, line, s->sc->conf->command, s->ra,
                              s->why);
}

/* What only EHLO can give. */
static bool needs_extensions(const struct smtpclient_session *s)
{
    return moxd_stream_is_tls(s->st) || s->t->login ||
           s->t->security.starttls == SMTPCLIENT_TLS_REQUIRED;
}

int smtpclient_hello(struct smtpclient_session *s)
{
    s->offer = (struct moxd_smtp_offer){ .size = 0 };
    if (say(s, "EHLO") < 0)
        return -1;
    if (smtpclient_is_ok(s->why)) {
        take_offer(s);
        return 0;
    }
    if (s->why->code < 500 || s->broken || needs_extensions(s))
        return -1;
    if (say(s, "HELO") < 0)
        return -1;
    s->offer = (struct moxd_smtp_offer){ .size = 0 };
    return smtpclient_is_ok(s->why) ? 0 : -1;
}

/* --- STARTTLS ----------------------------------------------------------------------------------------- */

static int no_starttls(struct smtpclient_session *s, const char *why)
{
    s->facts.tls_result = SMTPCLIENT_TLS_NOT_OFFERED;
    s->facts.tls_error = moxd_arena_strdup(s->a, why);
    if (s->t->security.starttls != SMTPCLIENT_TLS_REQUIRED)
        return 0;
    return smtpclient_ours(s->ra, s->why, SMTPCLIENT_STARTTLS, "4.7.10",
                           "TLS is required, but the server does not have it: %s", why);
}

static int starttls(struct smtpclient_session *s)
{
    enum smtpclient_starttls wanted = s->t->security.starttls;

    if (wanted == SMTPCLIENT_TLS_NEVER || wanted == SMTPCLIENT_TLS_IMMEDIATE)
        return 0;
    if (!s->offer.starttls)
        return no_starttls(s, "no STARTTLS is offered");
    if (smtpclient_command(s, SMTPCLIENT_STARTTLS, MOXD_TRACE, "STARTTLS", s->sc->conf->command,
                           s->ra, s->why) < 0)
        return -1;
    if (s->broken)
        return -1;
    if (s->why->code != 220)
        return no_starttls(s, s->why->text);
    if (moxd_stream_buffered(s->st) > 0)
        moxd_warn(&s->log, "plaintext behind the reply to STARTTLS is discarded");
    return smtpclient_tls(s) < 0 ? -1 : smtpclient_hello(s);
}

/* --- all of it ---------------------------------------------------------------------------------------- */

static int establish(struct smtpclient_session *s)
{
    if (connect_server(s) < 0)
        return -1;
    if (s->t->security.starttls == SMTPCLIENT_TLS_IMMEDIATE && smtpclient_tls(s) < 0)
        return -1;
    if (greeting(s) < 0 || smtpclient_hello(s) < 0 || starttls(s) < 0)
        return -1;
    return s->t->login ? smtpclient_auth(s) : 0;
}

static void keep_facts(struct smtpclient_facts *f, struct moxd_arena *a)
{
    if (f->tls_version)
        f->tls_version = moxd_arena_strdup(a, f->tls_version);
    if (f->tls_cipher)
        f->tls_cipher = moxd_arena_strdup(a, f->tls_cipher);
    f->tls_error = moxd_arena_strdup(a, f->tls_error);
}

int smtpclient_open(struct moxd_instance *m, const struct smtpclient_target *t,
                    struct moxd_arena *a, struct smtpclient_session **out,
                    struct smtpclient_facts *facts, struct smtpclient_reply *reply)
{
    struct smtpclient *sc = MOXD_CONTAINER(m, struct smtpclient, m);
    struct smtpclient_session *s = smtpclient_session_new(sc, t, a, reply);
    int64_t before = smtpclient_until(t->deadline);
    int rc = establish(s);

    (void)moxd_fiber_ceiling(before);
    *facts = s->facts;
    keep_facts(facts, a);
    *out = rc == 0 ? s : NULL;
    s->t = NULL;
    if (rc == 0) {
        moxd_debug(&s->log, "session is open",
                   moxd_kvs("tls", s->facts.tls_version ? s->facts.tls_version : "none"));
        return 0;
    }
    moxd_debug(&s->log, "no session", moxd_kvs("reason", reply->text));
    smtpclient_close(s);
    return -1;
}
