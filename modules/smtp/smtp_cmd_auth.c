/* AUTH (RFC 4954). The mechanisms are auth/1's. */
#include "smtp.h"

#include <moxd/enc.h>

enum { MESSAGE_MAX = SMTP_AUTH_LINE_MAX }; /* decoded data is shorter than its line */

/* One message of the client, and what it meant. */
struct message {
    struct moxd_buf data; /* decoded */
    bool has;             /* false: no initial response */
    struct moxd_err err;  /* NOT_A_MESSAGE: the reply */
};
enum incoming { MESSAGE, NOT_A_MESSAGE, GONE };

/* The text is in the input buffer, where it must not stay. */
static enum incoming decode(struct moxd_str text, struct message *m)
{
    moxd_buf_wipe(&m->data);
    m->data.max = MESSAGE_MAX;
    m->has = true;
    int rc = moxd_smtp_auth_decode(&m->data, text, &m->err);
    moxd_wipe((void *)(uintptr_t)text.p, text.n);
    return rc == 0 ? MESSAGE : NOT_A_MESSAGE;
}

static enum incoming refuse(struct message *m, const char *why)
{
    moxd_err_smtp_set(&m->err, MOXD_ERR_SYNTAX, 501, "5.5.2", "%s", why);
    return NOT_A_MESSAGE;
}

static enum incoming ask(struct smtp_session *s, struct moxd_str challenge, struct message *m)
{
    struct moxd_buf b = MOXD_BUF_INIT(SMTP_AUTH_LINE_MAX);
    struct moxd_str line;
    const char *problem = NULL;

    moxd_buf_adds(&b, "334 ");
    moxd_b64_encode(&b, challenge);
    moxd_log_trace(&s->log, MOXD_TRACEAUTH, "S: ", moxd_buf_str(&b));
    moxd_buf_adds(&b, "\r\n");
    (void)moxd_stream_write(s->st, b.p, b.n);
    moxd_buf_wipe(&b);
    if (!smtp_session_line(s, &line, &problem))
        return GONE;
    moxd_log_trace(&s->log, MOXD_TRACEAUTH, "C: ", line);
    return problem ? refuse(m, problem) : decode(line, m);
}

static void take_identity(struct smtp_session *s, const struct auth_identity *id)
{
    s->identity = *id;
    s->facts.account = s->identity.account;
    s->facts.login = s->identity.login;
    s->log_kv[0] = moxd_kvs("account", s->identity.account);
    s->log.nkv = 1;
    smtp_tell(s, "login", moxd_sv("account", s->identity.account),
              moxd_sv("login", s->identity.login));
}

static void succeeded(struct smtp_session *s, const struct auth_identity *id)
{
    take_identity(s, id);
    smtp_reply(s, 235, "2.7.0", "authenticated");
}

void smtp_auth_by_key(struct smtp_session *s)
{
    struct auth_identity id;
    struct moxd_err err = { 0 };

    if (!s->facts.submission || s->facts.account || s->key_tried || !moxd_stream_is_tls(s->st))
        return;
    s->key_tried = true;
    int rc = s->smtp->auth->key_login(s->smtp->auth_self, &s->auth_env, false, &id, &err);
    if (rc > 0)
        take_identity(s, &id);
    else if (rc < 0)
        moxd_info(&s->log, "not logged in by its key", moxd_kve(&err));
}

static void failed(struct smtp_session *s, const struct moxd_err *err)
{
    smtp_tell(s, "nologin", moxd_sv("reason", err->pub));
    s->tell.refused = true;
    smtp_reply_err(s, err);
    if (s->auth_env.failures < SMTP_AUTH_FAILURES_MAX)
        return;
    smtp_reply(s, 421, "4.7.0", "too many failed logins, closing");
    s->closing = true;
}

/* Final data of the server with success goes out as a challenge, which the client answers with nothing
 * (RFC 4422 3.6). */
static enum incoming hand_over(struct smtp_session *s, struct moxd_buf *out, struct message *m)
{
    if (out->n == 0)
        return MESSAGE;
    enum incoming in = ask(s, moxd_buf_str(out), m);
    return in == MESSAGE && m->data.n > 0 ? refuse(m, "the last response must be empty") : in;
}

static enum incoming exchange(struct smtp_session *s, struct auth_sasl *sasl, struct message *m)
{
    const struct auth_v1 *auth = s->smtp->auth;
    struct moxd_buf out = MOXD_BUF_INIT(MESSAGE_MAX / 2);
    struct moxd_err err = { 0 };
    enum auth_step step = AUTH_CONTINUE;
    enum incoming in = MESSAGE;

    while (in == MESSAGE && step == AUTH_CONTINUE) {
        moxd_buf_reset(&out);
        step = auth->sasl_step(sasl, moxd_buf_str(&m->data), m->has, &out, &err);
        if (step == AUTH_CONTINUE)
            in = ask(s, moxd_buf_str(&out), m);
        else if (step == AUTH_DONE)
            in = hand_over(s, &out, m);
        else
            failed(s, &err);
    }
    if (in == MESSAGE && step == AUTH_DONE)
        succeeded(s, auth->sasl_identity(sasl));
    moxd_buf_wipe(&out);
    return in;
}

static void run(struct smtp_session *s, struct auth_sasl *sasl, const struct moxd_smtp_auth *cmd)
{
    struct message m = { .data = MOXD_BUF_INIT(MESSAGE_MAX) };
    enum incoming in = cmd->has_initial ? decode(cmd->initial, &m) : MESSAGE;

    if (in == MESSAGE)
        in = exchange(s, sasl, &m);
    if (in != MESSAGE)
        s->smtp->auth->sasl_abort(sasl);
    if (in == NOT_A_MESSAGE)
        smtp_reply_bad(s, m.err.smtp_code, m.err.enhanced, "%s", m.err.pub);
    else if (in == GONE)
        s->closing = true;
    moxd_buf_wipe(&m.data);
}

void smtp_cmd_auth(struct smtp_session *s, struct moxd_str args)
{
    MOXD_CLEANUP(moxd_arena_freep) struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_smtp_auth cmd = { 0 };
    struct auth_sasl *sasl = NULL;
    struct moxd_err err = { 0 };

    if (s->facts.account)
        smtp_reply_bad(s, 503, "5.5.1", "already authenticated");
    else if (moxd_smtp_parse_auth(args, a, &cmd, &err) < 0)
        smtp_reply_bad(s, moxd_err_smtp_code(&err), moxd_err_enhanced(&err), "%s", err.pub);
    else if (s->smtp->auth->sasl_start(s->smtp->auth_self, cmd.mechanism, &s->auth_env,
                                       smtp_allows_plain(s->conf), &sasl, &err) < 0)
        smtp_reply_err(s, &err);
    else
        run(s, sasl, &cmd);
    s->smtp->auth->sasl_free(sasl);
}
