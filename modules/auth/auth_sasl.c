/* SASL exchanges (RFC 4422): which mechanisms, starting, stepping, ending. */
#include "auth_key.h"

/* Strongest first (AUTH-01). PLAIN before LOGIN: the latter is for clients that know nothing else. */
const struct auth_mechanism auth_mechanism_list[] = {
    { "EXTERNAL", AUTH_M_PLUS, auth_external_step, NULL, 0 },
    { "SCRAM-SHA-256-PLUS", AUTH_M_PLUS, auth_scram_step, auth_scram_fini, AUTH_SHA256 },
    { "SCRAM-SHA-256", 0, auth_scram_step, auth_scram_fini, AUTH_SHA256 },
    { "SCRAM-SHA-1-PLUS", AUTH_M_PLUS, auth_scram_step, auth_scram_fini, AUTH_SHA1 },
    { "SCRAM-SHA-1", 0, auth_scram_step, auth_scram_fini, AUTH_SHA1 },
    { "CRAM-MD5", AUTH_M_PRIVATE, auth_cram_step, NULL, 0 },
    { "PLAIN", AUTH_M_PRIVATE, auth_plain_step, NULL, 0 },
    { "LOGIN", AUTH_M_PRIVATE, auth_login_step, NULL, 0 },
    { NULL, 0, NULL, NULL, 0 },
};

/* The same names for each situation. On TLS everything is offered; without it nothing with channel
 * bindings, and nothing that a listener could use where listeners are possible. */
static const char *const on_tls[] = { "EXTERNAL", /* for who has a key */
                                      "SCRAM-SHA-256-PLUS",
                                      "SCRAM-SHA-256",
                                      "SCRAM-SHA-1-PLUS",
                                      "SCRAM-SHA-1",
                                      "CRAM-MD5",
                                      "PLAIN",
                                      "LOGIN",
                                      NULL };
static const char *const on_private[] = { "SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5",
                                          "PLAIN",         "LOGIN",       NULL };
static const char *const on_public[] = { "SCRAM-SHA-256", "SCRAM-SHA-1", NULL };

const char *const *auth_mechanisms(struct moxd_instance *self, const struct auth_env *env,
                                   bool allow_plain)
{
    (void)self;
    if (env->stream && moxd_stream_is_tls(env->stream))
        return auth_key_presented(env) ? on_tls : on_tls + 1;
    if (allow_plain || (env->stream && moxd_addr_is_loopback(moxd_stream_peer(env->stream))))
        return on_private;
    return on_public;
}

static bool offered(const char *const *names, struct moxd_str name)
{
    for (; *names; names++)
        if (moxd_str_caseeqs(name, *names))
            return true;
    return false;
}

int auth_sasl_start(struct moxd_instance *self, struct moxd_str name, struct auth_env *env,
                    bool allow_plain, struct auth_sasl **out, struct moxd_err *err)
{
    const struct auth_mechanism *m = auth_mechanism_list;

    while (m->name && !moxd_str_caseeqs(name, m->name))
        m++;
    if (!m->name || !offered(auth_mechanisms(self, env, allow_plain), name))
        return moxd_err_smtp_set(err, MOXD_ERR_DENIED, 504, "5.5.4",
                                 "authentication mechanism not available");
    struct auth_sasl *s = moxd_xcalloc(1, sizeof(*s));
    s->mechanism = m;
    auth_attempt_init(&s->at, (struct auth *)self, env, m->name);
    *out = s;
    return 0;
}

static enum auth_step first_checks(struct auth_sasl *s, struct moxd_str in, struct moxd_err *err)
{
    if (in.n > AUTH_MESSAGE_MAX)
        return auth_attempt_fail(&s->at, AUTH_BADPROTOCOL, err);
    if (s->round == 0 && auth_attempt_admit(&s->at, err) < 0)
        return AUTH_FAILED;
    return AUTH_CONTINUE;
}

enum auth_step auth_sasl_step(struct auth_sasl *s, struct moxd_str in, bool has_in,
                              struct moxd_buf *out, struct moxd_err *err)
{
    moxd_assert(!s->reported);
    enum auth_step step = first_checks(s, in, err);

    if (step == AUTH_CONTINUE)
        step = s->mechanism->step(s, in, has_in, out, err);
    s->round++;
    s->reported = step != AUTH_CONTINUE;
    return step;
}

const struct auth_identity *auth_sasl_identity(const struct auth_sasl *s)
{
    return &s->at.id;
}

void auth_sasl_abort(struct auth_sasl *s)
{
    if (!s->reported)
        auth_attempt_abort(&s->at);
    s->reported = true;
}

void auth_sasl_free(struct auth_sasl *s)
{
    if (!s)
        return;
    if (s->mechanism->fini)
        s->mechanism->fini(s);
    auth_attempt_fini(&s->at);
    moxd_wipe(s, sizeof(*s));
    free(s);
}
