/* The session with the server: one fiber on the loop, with the SMTP client of the queue. */
#include "sendmail.h"

#include "../modules/smtpclient/smtpclient.h"

#include <moxd/loop.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

enum {
    ROUNDS_MAX = 20
}; /* transactions, for servers that take few recipients in each (RFC 9422) */

static const struct moxd_module program = { .name = "sendmail" };
static const struct smtpclient_conf timeouts = {
    .dns = 30 * MOXD_SEC,
    .connect = 30 * MOXD_SEC,
    .greeting = 60 * MOXD_SEC,
    .command = 60 * MOXD_SEC,
    .data = 120 * MOXD_SEC,
    .block = 180 * MOXD_SEC,
    .end = 600 * MOXD_SEC,
};

struct submission {
    struct sendmail *sm;
    struct smtpclient client;
    struct moxd_log log;
    struct addrinfo *addresses;
    struct smtpclient_session *s;
    struct smtpclient_reply reply; /* why there is no session */
};

/* --- what to exit with ----------------------------------------------------------------------- */

static int status_of(const struct smtpclient_reply *r)
{
    if (r->stage == SMTPCLIENT_AUTH && r->code / 100 != 4)
        return EX_NOPERM;
    if (r->stage == SMTPCLIENT_RCPT && r->code / 100 == 5 && strncmp(r->enhanced, "5.1.", 4) == 0)
        return EX_NOUSER;
    if (r->code / 100 == 5 || r->permanent)
        return EX_UNAVAILABLE;
    return EX_TEMPFAIL;
}

static int fail_with(struct sendmail *sm, const struct smtpclient_reply *r, const char *to)
{
    return sendmail_fail(sm, status_of(r), "%s%s%s: %s", sm->conf->host, to ? ": " : "",
                         to ? to : "", r->text);
}

/* --- the message ---------------------------------------------------------------------------- */

static long read_text(void *arg, uint64_t off, void *p, size_t n, struct moxd_err *err)
{
    const struct moxd_buf *text = arg;
    struct moxd_str part = moxd_str_sub(moxd_buf_str(text), (size_t)off, n);

    (void)err;
    if (part.n > 0)
        memcpy(p, part.p, part.n);
    return (long)part.n;
}

static const char *xtext(const char *s, struct moxd_arena *a)
{
    struct moxd_buf b = MOXD_BUF_INIT(1000);

    moxd_xtext_put(&b, moxd_cstr(s ? s : ""));
    const char *text = s ? moxd_arena_strdup(a, moxd_buf_cstr(&b)) : NULL;
    moxd_buf_fini(&b);
    return text;
}

static bool has_8bit(struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return true;
    return false;
}

/* What the message cannot do without is asked of the server; 8-bit text is only announced where it can be, as
 * programs write it without asking. */
static struct smtpclient_transaction describe(struct submission *sub, struct smtpclient_rcpt *rcpts,
                                              size_t n)
{
    struct sendmail *sm = sub->sm;
    const struct smtpclient_facts *f = smtpclient_session_facts(sub->s);
    bool eight = has_8bit(moxd_buf_str(&sm->text));

    return (struct smtpclient_transaction){
        .from = sm->sender,
        .rcpts = rcpts,
        .n = n,
        .smtputf8 = sm->utf8 || sm->rcpts.utf8 || (eight && f->smtputf8),
        .body8bit = eight && f->eightbitmime,
        .requiretls = sm->conf->requiretls == SENDMAIL_REQUIRETLS_YES,
        .envid = xtext(sm->o.envid, sm->a),
        .ret = sm->o.ret ? (sm->o.ret[0] == 'f' ? "FULL" : "HDRS") : NULL,
        .size = sm->text.n,
        .read = read_text,
        .arg = &sm->text,
        .deadline = MOXD_NEVER,
    };
}

/* Those who are left; a server may take few at a time, with 452 for the others. */
static size_t left(const struct sendmail_rcpts *all, struct smtpclient_rcpt **out, bool first,
                   struct moxd_arena *a)
{
    size_t n = 0;

    *out = moxd_arena_calloc(a, all->n + 1, sizeof(**out));
    for (size_t i = 0; i < all->n; i++)
        if (first || (!all->v[i].ok && all->v[i].reply.code == 452))
            (*out)[n++] = all->v[i];
    return n;
}

static void take_results(struct sendmail_rcpts *all, const struct smtpclient_rcpt *sent, size_t n)
{
    for (size_t i = 0; i < all->n; i++)
        for (size_t k = 0; k < n; k++)
            if (strcmp(all->v[i].to, sent[k].to) == 0)
                all->v[i] = sent[k];
}

static MOXD_SUSPENDS void send_all(struct submission *sub)
{
    struct sendmail *sm = sub->sm;
    struct smtpclient_rcpt *rcpts;
    size_t before = sm->rcpts.n + 1, n;
    int rc = 0;

    for (int i = 0; i < ROUNDS_MAX && rc == 0; i++) {
        n = left(&sm->rcpts, &rcpts, i == 0, sm->a);
        if (n == 0 || n >= before)
            return;
        struct smtpclient_transaction t = describe(sub, rcpts, n);
        rc = smtpclient_send(sub->s, &t, sm->a);
        take_results(&sm->rcpts, rcpts, n);
        before = n;
    }
}

/* --- the connection ------------------------------------------------------------------------- */

static struct smtpclient_target target(const struct submission *sub,
                                       const struct smtpclient_login *login)
{
    static const enum smtpclient_starttls modes[] = {
        [SENDMAIL_TLS_IMMEDIATE] = SMTPCLIENT_TLS_IMMEDIATE,
        [SENDMAIL_TLS_STARTTLS] = SMTPCLIENT_TLS_REQUIRED,
        [SENDMAIL_TLS_NONE] = SMTPCLIENT_TLS_NEVER,
    };
    const struct sendmail_conf *conf = sub->sm->conf;

    return (struct smtpclient_target){
        .host = conf->host,
        .ehlo = sendmail_own_name(sub->sm),
        .security = { .starttls = modes[conf->tls], .verify_pkix = conf->tls != SENDMAIL_TLS_NONE },
        .login = login->password || sub->sm->identity ? login : NULL,
        .identity = sub->sm->identity,
        .log = &sub->log,
        .deadline = MOXD_NEVER,
    };
}

/* The addresses one after the other, until there is a connection. */
static MOXD_SUSPENDS bool open_any(struct submission *sub)
{
    const struct sendmail_conf *conf = sub->sm->conf;
    const struct smtpclient_login login = { conf->username, conf->password,
                                            conf->mechanisms.n > 0 ? conf->mechanisms.v : NULL };
    struct smtpclient_target t = target(sub, &login);
    struct smtpclient_facts facts;

    for (const struct addrinfo *ai = sub->addresses; ai; ai = ai->ai_next) {
        memcpy(&t.address, ai->ai_addr, ai->ai_addrlen);
        if (smtpclient_open(&sub->client.m, &t, sub->sm->a, &sub->s, &facts, &sub->reply) == 0)
            return true;
        if (sub->reply.stage != SMTPCLIENT_CONNECT)
            break;
    }
    return false;
}

static void session(void *arg)
{
    struct submission *sub = arg;

    if (!open_any(sub)) {
        (void)fail_with(sub->sm, &sub->reply, NULL);
        return;
    }
    send_all(sub);
    smtpclient_close(sub->s);
}

static int look_up(struct submission *sub)
{
    static const char *const ports[] = { "465", "587", "25" };
    const struct sendmail_conf *conf = sub->sm->conf;
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    const char *port =
        conf->port > 0 ? moxd_arena_printf(sub->sm->a, "%d", (int)conf->port) : ports[conf->tls];
    int rc = getaddrinfo(conf->host, port, &hints, &sub->addresses);

    if (rc == 0)
        return EX_OK;
    return sendmail_fail(sub->sm, rc == EAI_NONAME ? EX_NOHOST : EX_TEMPFAIL, "cannot find %s: %s",
                         conf->host, gai_strerror(rc));
}

/* The first recipient who did not get it says why. */
static int judge(struct sendmail *sm)
{
    for (size_t i = 0; i < sm->rcpts.n && sm->status == EX_OK; i++)
        if (!sm->rcpts.v[i].ok)
            (void)fail_with(sm, &sm->rcpts.v[i].reply, sm->rcpts.v[i].to);
    return sm->status;
}

int sendmail_submit(struct sendmail *sm)
{
    struct submission sub = {
        .sm = sm,
        .client = { .m = { .module = &program }, .conf = &timeouts },
        .log = { .component = "sendmail" },
    };
    struct moxd_err err = { 0 };

    if (moxd_tls_trust(sm->conf->ca.v, sm->conf->ca.n, false, &err) < 0)
        return sendmail_fail(sm, EX_CONFIG, "ca: %s", err.priv);
    if (smtpclient_auth_init(&sub.client, &err) < 0)
        return sendmail_fail(sm, EX_SOFTWARE, "%s", err.priv);
    if (look_up(&sub) == EX_OK) {
        moxd_loop_main(session, &sub);
        freeaddrinfo(sub.addresses);
    }
    smtpclient_auth_fini(&sub.client);
    return sm->status != EX_OK ? sm->status : judge(sm);
}
