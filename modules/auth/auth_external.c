/* EXTERNAL (RFC 4422 appendix A): who has proved in the TLS handshake to have a key that is known. Only the
 * public key counts, nothing else that a certificate says (AUTH-06); the proof is of this connection and is
 * worth nothing on another (AUTH-19). */
#include "auth_key.h"

static int presented(const struct auth_env *env, unsigned char id[AUTH_KEY_ID])
{
    return env->stream ? moxd_stream_tls_client_key(env->stream, id) : -1;
}

bool auth_key_presented(const struct auth_env *env)
{
    unsigned char id[AUTH_KEY_ID];

    return presented(env, id) == 0;
}

/* 1 when the connection's key is known, 0, -1. */
static int find(struct auth *auth, const struct auth_env *env, struct moxd_arena *a,
                struct auth_tlskey *key, struct moxd_err *err)
{
    unsigned char id[AUTH_KEY_ID];

    return presented(env, id) < 0 ? 0 : auth_key_get(auth, id, a, key, err);
}

int auth_key_agrees(struct auth *auth, const struct auth_env *env, const char *account,
                    struct moxd_err *err)
{
    MOXD_CLEANUP(moxd_arena_freep) struct moxd_arena *a = moxd_arena_new(0);
    struct auth_tlskey key;
    int rc = find(auth, env, a, &key, err);

    return rc <= 0 ? (rc == 0 ? 1 : -1) : strcmp(key.account, account) == 0;
}

/* The account may be gone, or have lost the address, since the key was added. 1, 0, -1. */
static int identify(struct auth_attempt *at, const struct auth_tlskey *key, const char *login,
                    struct moxd_err *err)
{
    if (auth_attempt_lookup(at, moxd_cstr(login), err) < 0)
        return -1;
    return at->known && strcmp(at->id.account, key->account) == 0;
}

/* As an authorization identity every address of the account is fine, none means that of the key. */
static enum auth_step check(struct auth_attempt *at, const char *authzid, struct moxd_err *err)
{
    MOXD_CLEANUP(moxd_arena_freep) struct moxd_arena *a = moxd_arena_new(0);
    struct auth_tlskey key;
    int rc = find(at->auth, at->env, a, &key, err);

    if (rc > 0)
        rc = identify(at, &key, authzid[0] ? authzid : key.login, err);
    if (rc < 0)
        return auth_attempt_fail(at, AUTH_ERROR, err);
    return rc ? auth_attempt_succeed(at, err) : auth_attempt_fail(at, AUTH_BADCREDS, err);
}

enum auth_step auth_external_step(struct auth_sasl *s, struct moxd_str in, bool has_in,
                                  struct moxd_buf *out, struct moxd_err *err)
{
    char authzid[AUTH_LOGIN_MAX];

    (void)out;
    if (!has_in && s->round == 0)
        return AUTH_CONTINUE; /* an empty challenge asks for the message */
    if (memchr(in.p ? in.p : "", '\0', in.n) || moxd_str_copy(in, authzid, sizeof(authzid)) < 0)
        return auth_attempt_fail(&s->at, AUTH_BADPROTOCOL, err);
    return check(&s->at, authzid, err);
}

/* --- without a command ------------------------------------------------------------------------------------ */

static int login(struct auth *auth, struct auth_env *env, const struct auth_tlskey *key,
                 struct auth_identity *id, struct moxd_err *err)
{
    struct auth_attempt at;
    int rc;

    auth_attempt_init(&at, auth, env, "EXTERNAL");
    rc = auth_attempt_admit(&at, err);
    if (rc == 0)
        rc = identify(&at, key, key->login, err);
    if (rc > 0) {
        rc = auth_attempt_succeed(&at, err) == AUTH_DONE ? 1 : -1;
        *id = at.id;
    }
    auth_attempt_fini(&at);
    return rc;
}

int auth_key_login(struct moxd_instance *self, struct auth_env *env, bool preauth,
                   struct auth_identity *id, struct moxd_err *err)
{
    MOXD_CLEANUP(moxd_arena_freep) struct moxd_arena *a = moxd_arena_new(0);
    struct auth *auth = MOXD_CONTAINER(self, struct auth, m);
    struct auth_tlskey key;
    int rc = find(auth, env, a, &key, err);

    if (rc <= 0 || (preauth && !key.preauth))
        return rc < 0 ? -1 : 0;
    return login(auth, env, &key, id, err);
}
