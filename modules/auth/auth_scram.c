/* SCRAM (RFC 5802, RFC 7677) and its -PLUS forms through libgsasl, on stored keys. libgsasl asks for what
 * it needs through callback(); the answers are set once the user name is known. */
#include "auth.h"

#include <gsasl.h>
#include <moxd/enc.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

enum { PROPERTY_MAX = 256 };

static bool set_base64(Gsasl_session *g, Gsasl_property prop, const void *p, size_t n)
{
    struct moxd_buf b = MOXD_BUF_INIT(PROPERTY_MAX);

    moxd_b64_encode(&b, moxd_str(p, n));
    bool ok = !b.overflow && gsasl_property_set(g, prop, moxd_buf_cstr(&b)) == GSASL_OK;
    moxd_buf_wipe(&b);
    return ok;
}

/* Salt and keys for a user that does not exist or has no secret of this kind: the salt is always the
 * same for a name, as a real one would be, the keys are random. */
static void fake_secret(const struct auth_sasl *s, struct auth_scram *out)
{
    const struct auth *auth = s->at.auth;
    unsigned char mac[AUTH_KEY_MAX];
    struct moxd_buf text = MOXD_BUF_INIT(AUTH_LOGIN_MAX + 8);

    moxd_buf_addf(&text, "%d:%s", (int)s->mechanism->hash, s->at.id.login);
    for (size_t i = 0; i < text.n; i++)
        text.p[i] = moxd_lower(text.p[i]);
    if (!HMAC(EVP_sha256(), auth->server_secret, sizeof(auth->server_secret),
              (const unsigned char *)text.p, text.n, mac, NULL))
        moxd_panic("HMAC failed");
    moxd_buf_fini(&text);
    *out = (struct auth_scram){ .iterations = AUTH_SCRAM_ITERATIONS };
    memcpy(out->salt, mac, sizeof(out->salt));
    moxd_random(out->stored_key, sizeof(out->stored_key));
    moxd_random(out->server_key, sizeof(out->server_key));
}

static bool has_secret(const struct auth_sasl *s)
{
    return s->at.known && s->at.secrets.scram[s->mechanism->hash].iterations > 0;
}

static bool set_secret(struct auth_sasl *s)
{
    size_t n = auth_scram_len(s->mechanism->hash);
    struct auth_scram secret;
    char iterations[16];

    if (has_secret(s))
        secret = s->at.secrets.scram[s->mechanism->hash];
    else
        fake_secret(s, &secret);
    snprintf(iterations, sizeof(iterations), "%u", secret.iterations);
    bool ok = gsasl_property_set(s->gsasl, GSASL_SCRAM_ITER, iterations) == GSASL_OK &&
              set_base64(s->gsasl, GSASL_SCRAM_SALT, secret.salt, sizeof(secret.salt)) &&
              set_base64(s->gsasl, GSASL_SCRAM_STOREDKEY, secret.stored_key, n) &&
              set_base64(s->gsasl, GSASL_SCRAM_SERVERKEY, secret.server_key, n);
    moxd_wipe(&secret, sizeof(secret));
    return ok;
}

/* Called by libgsasl once the client's first message is parsed, in the session's fiber. */
static int look_up(struct auth_sasl *s)
{
    const char *user = gsasl_property_fast(s->gsasl, GSASL_AUTHID);

    if (!user)
        return GSASL_NO_AUTHID;
    s->lookup_failed = auth_attempt_lookup(&s->at, moxd_cstr(user), &s->lookup_err);
    if (s->lookup_failed)
        return GSASL_AUTHENTICATION_ERROR;
    return set_secret(s) ? GSASL_OK : GSASL_MALLOC_ERROR;
}

static int callback(Gsasl *ctx, Gsasl_session *g, Gsasl_property prop)
{
    struct auth_sasl *s = gsasl_session_hook_get(g);

    (void)ctx;
    return prop == GSASL_SCRAM_ITER ? look_up(s) : GSASL_NO_CALLBACK;
}

int auth_scram_init(struct auth *auth, struct moxd_err *err)
{
    int rc = gsasl_init(&auth->gsasl);

    if (rc != GSASL_OK)
        return moxd_err_set(err, MOXD_ERR_INTERNAL, "libgsasl: %s", gsasl_strerror(rc));
    gsasl_callback_set(auth->gsasl, callback);
    return 0;
}

void auth_scram_done(struct auth *auth)
{
    if (auth->gsasl)
        gsasl_done(auth->gsasl);
    auth->gsasl = NULL;
}

/* Also without -PLUS: knowing them, libgsasl refuses a client that says it supports bindings but
 * thinks that the server does not: somebody hid the -PLUS mechanisms from it (RFC 5802 6). */
static void set_bindings(struct auth_sasl *s)
{
    static const struct {
        const char *type;
        Gsasl_property prop;
    } kinds[] = { { "tls-exporter", GSASL_CB_TLS_EXPORTER },
                  { "tls-unique", GSASL_CB_TLS_UNIQUE } };
    struct moxd_stream *st = s->at.env->stream;

    for (size_t i = 0; st && i < MOXD_NELEMS(kinds); i++) {
        struct moxd_buf b = MOXD_BUF_INIT(PROPERTY_MAX);
        if (moxd_stream_tls_binding(st, kinds[i].type, &b) == 0)
            (void)set_base64(s->gsasl, kinds[i].prop, b.p, b.n);
        moxd_buf_fini(&b);
    }
}

static int begin(struct auth_sasl *s)
{
    Gsasl_session *g = NULL;
    int rc = gsasl_server_start(s->at.auth->gsasl, s->mechanism->name, &g);

    if (rc != GSASL_OK)
        return rc;
    s->gsasl = g;
    gsasl_session_hook_set(g, s);
    set_bindings(s);
    return GSASL_OK;
}

/* An authorization identity must be the authentication identity. */
static bool authzid_allowed(const struct auth_sasl *s)
{
    const char *authzid = gsasl_property_fast(s->gsasl, GSASL_AUTHZID);
    const char *authid = gsasl_property_fast(s->gsasl, GSASL_AUTHID);

    return !authzid || !*authzid || (authid && strcmp(authzid, authid) == 0);
}

static enum auth_step ended(struct auth_sasl *s, int rc, struct moxd_err *err)
{
    if (s->lookup_failed) {
        if (err)
            *err = s->lookup_err;
        return auth_attempt_fail(&s->at, AUTH_ERROR, err);
    }
    switch (rc) {
    case GSASL_OK:
        if (!has_secret(s) || !authzid_allowed(s))
            return auth_attempt_fail(&s->at, AUTH_BADCREDS, err);
        return auth_attempt_succeed(&s->at, err);
    case GSASL_AUTHENTICATION_ERROR:
        return auth_attempt_fail(&s->at, AUTH_BADCREDS, err);
    case GSASL_NO_CB_TLS_UNIQUE:
    case GSASL_NO_CB_TLS_EXPORTER:
        return auth_attempt_fail(&s->at, AUTH_BADCHANBIND, err);
    case GSASL_MALLOC_ERROR:
        moxd_err_set(err, MOXD_ERR_INTERNAL, "libgsasl: %s", gsasl_strerror(rc));
        return auth_attempt_fail(&s->at, AUTH_ERROR, err);
    }
    return auth_attempt_fail(&s->at, AUTH_BADPROTOCOL, err);
}

enum auth_step auth_scram_step(struct auth_sasl *s, struct moxd_str in, bool has_in,
                               struct moxd_buf *out, struct moxd_err *err)
{
    char *answer = NULL;
    size_t n = 0;

    if (s->round == 0 && !has_in)
        return AUTH_CONTINUE; /* an empty challenge asks for the first message */
    if (in.n > 0 && memchr(in.p, '\0', in.n))
        return auth_attempt_fail(&s->at, AUTH_BADPROTOCOL, err);
    int rc = s->gsasl ? GSASL_OK : begin(s);
    if (rc == GSASL_OK)
        rc = gsasl_step(s->gsasl, in.p, in.n, &answer, &n);
    if (answer)
        moxd_buf_add(out, answer, n);
    gsasl_free(answer);
    return rc == GSASL_NEEDS_MORE ? AUTH_CONTINUE : ended(s, rc, err);
}

void auth_scram_fini(struct auth_sasl *s)
{
    if (s->gsasl)
        gsasl_finish(s->gsasl);
    s->gsasl = NULL;
}
