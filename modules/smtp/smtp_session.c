/* A session from greeting to goodbye. */
#include "smtp.h"

bool smtp_session_demands_tls(const struct smtp_session *s)
{
    if (!s->conf->require_starttls || s->facts.tls)
        return false;
    return !s->facts.submission || !moxd_addr_is_loopback(s->facts.remote);
}

/* RFC 8689 2: only in sessions with TLS. */
bool smtp_session_offers_requiretls(const struct smtp_session *s)
{
    return s->facts.tls && s->conf->requiretls;
}

size_t smtp_session_line_max(const struct smtp_session *s)
{
    return s->facts.submission ? SMTP_AUTH_LINE_MAX : SMTP_LINE_MAX;
}

/* For users only: others get no reports from us (RFC 3461 5.2.1 has the sending server make them), and the release of
 * mail is not theirs to choose (RFC 4865 4.2). */
static unsigned offered(const struct smtp_offer *o)
{
    return (o->dsn ? MOXD_SMTP_EXT_DSN : 0) | (o->hold_max > 0 ? MOXD_SMTP_EXT_FUTURERELEASE : 0);
}

unsigned smtp_session_opts(const struct smtp_session *s)
{
    unsigned opts = moxd_conf_core()->pedantic ? MOXD_SMTP_PEDANTIC : 0;

    if (s->facts.submission)
        opts |= MOXD_SMTP_SUBMISSION;
    if (s->facts.esmtp)
        opts |= MOXD_SMTP_EXT_SIZE | MOXD_SMTP_EXT_8BITMIME | MOXD_SMTP_EXT_SMTPUTF8;
    if (s->facts.esmtp && s->facts.submission)
        opts |= MOXD_SMTP_EXT_AUTH | offered(&s->smtp->offer);
    if (s->facts.esmtp && smtp_session_offers_requiretls(s))
        opts |= MOXD_SMTP_EXT_REQUIRETLS;
    return opts;
}

static void goodbye(struct smtp_session *s, const char *enhanced, const char *why)
{
    s->verb = NULL;
    smtp_reply(s, 421, enhanced, "%s %s", s->facts.hostname, why);
    s->closing = true;
}

/* Waits for input, so that a stopping server can say goodbye in between. */
static bool await_input(struct smtp_session *s)
{
    int64_t deadline = moxd_deadline(s->conf->command_timeout);
    int r = 0;

    while (r == 0) {
        if (moxd_stopping()) {
            goodbye(s, "4.3.2", "shutting down");
            return false;
        }
        r = moxd_stream_wait(s->st, deadline);
    }
    if (r == MOXD_TIMEOUT)
        goodbye(s, "4.4.2", "you said nothing for too long");
    else if (r == MOXD_CANCELLED)
        goodbye(s, "4.3.2", "shutting down");
    return r > 0;
}

/* RFC 5321 2.3.8: only CRLF ends a line. */
static const char *line_problem(struct moxd_str line, bool crlf)
{
    if (!crlf)
        return "line must end with CRLF";
    if (line.n > 0 && (memchr(line.p, '\r', line.n) || memchr(line.p, '\0', line.n)))
        return "line has a control character";
    return NULL;
}

bool smtp_session_line(struct smtp_session *s, struct moxd_str *line, const char **problem)
{
    bool crlf = false;

    if (moxd_stream_buffered(s->st) == 0 && !await_input(s))
        return false;
    long n = moxd_stream_line(s->st, line, smtp_session_line_max(s), &crlf);
    if (n == MOXD_TOOLONG) {
        *line = MOXD_STR("");
        *problem = "line too long";
        return true;
    }
    if (n == MOXD_TIMEOUT)
        goodbye(s, "4.4.2", "your command did not end in time");
    else if (n == MOXD_CANCELLED || n == MOXD_STOPPED)
        goodbye(s, "4.3.2", "shutting down");
    if (n < 0)
        return false;
    *problem = line_problem(*line, crlf);
    return true;
}

static void next_command(struct smtp_session *s)
{
    struct moxd_str line;
    const char *problem = NULL;

    if (!smtp_session_line(s, &line, &problem)) {
        s->closing = true;
        return;
    }
    s->verb = "other";
    if (problem) {
        /* Behind a BDAT that cannot be read data follows, and nobody knows how much. */
        s->closing = s->closing || s->ncommands == 0 || moxd_str_casestarts(line, MOXD_STR("BDAT"));
        smtp_reply_bad(s, 500, "5.5.2", "%s", problem);
    } else {
        smtp_command_run(s, line);
    }
    s->ncommands++;
    s->verb = NULL;
}

bool smtp_session_greet(struct smtp_session *s)
{
    struct moxd_reply reply = { 0 };

    s->c->idle = true; /* a hook may take its time */
    enum moxd_verdict v = moxd_fire(s->smtp->on_connect, &s->facts, &reply);
    s->c->idle = false;
    if (moxd_fiber_cancelled()) {
        goodbye(s, "4.3.2", "shutting down");
        return false;
    }
    if (v != MOXD_NEXT) {
        smtp_reply_verdict(s, v, &reply, "on_connect");
        return false;
    }
    char *text = moxd_arena_printf(s->arena, "%s ESMTP", s->facts.hostname);
    smtp_reply_line(s, 220, true, text);
    return true;
}

static void init_facts(struct smtp_session *s, struct moxd_conn *c)
{
    s->facts = (struct smtp_conn){
        .cid = c->cid,
        .remote_ip = c->remote_ip,
        .local_ip = c->local_ip,
        .remote = moxd_stream_peer(c->st),
        .listener = c->listener->head.label,
        .hostname = c->hostname,
        .submission = strcmp(c->service->name, "smtp") != 0,
        .tls = moxd_stream_is_tls(c->st),
        .tls_version = moxd_stream_tls_version(c->st),
        .log = &s->log,
        .arena = s->arena,
        .slots = &s->slots,
    };
    s->auth_env = (struct auth_env){
        .protocol = "submission", .remote_ip = c->remote_ip, .stream = c->st, .log = &s->log
    };
}

struct smtp_session *smtp_session_new(struct smtp *smtp, struct moxd_conn *c)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct smtp_session *s = moxd_arena_alloc(a, sizeof(*s));

    s->smtp = smtp;
    s->c = c;
    s->st = c->st;
    s->conf = (const struct smtp_service_conf *)c->conf;
    s->arena = a;
    s->log = (struct moxd_log){ .component = "smtp", .parent = &c->log, .kv = s->log_kv };
    moxd_slots_init(&s->slots, "smtp-session", a);
    moxd_cid_public(c->cid, s->public_id);
    init_facts(s, c);
    moxd_stream_timeouts(s->st, s->conf->command_timeout, s->conf->command_timeout);
    return s;
}

void smtp_session_free(struct smtp_session *s)
{
    smtp_txn_free(s);
    moxd_slots_fini(&s->slots, "smtp-session");
    moxd_arena_free(s->arena);
}

void smtp_session_forget(struct smtp_session *s)
{
    smtp_txn_free(s);
    s->facts.helo = MOXD_STR("");
    s->facts.esmtp = false;
    s->facts.account = s->facts.login = NULL;
    s->log.nkv = 0;
    s->facts.tls = moxd_stream_is_tls(s->st);
    s->facts.tls_version = moxd_stream_tls_version(s->st);
}

void smtp_session_run(struct moxd_instance *m, struct moxd_conn *c)
{
    struct smtp *smtp = (struct smtp *)m;
    struct smtp_session *s = smtp_session_new(smtp, c);

    moxd_metric_inc(smtp->connections, c->service->name, NULL);
    smtp_tell_begin(s);
    s->closing = !smtp_session_greet(s);
    while (!s->closing)
        next_command(s);
    (void)moxd_stream_flush(s->st);
    smtp_txn_free(s);
    smtp_tell_end(s);
    smtp_session_free(s);
}
