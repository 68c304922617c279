/* One attempt to log in: permission, look-up, what follows from its result. All protocols and
 * mechanisms come through here, so that they log and delay alike (LOG-06, P-SMTP-11). */
#include "auth_key.h"
#include "auth_precis.h"

#include <moxmail/address.h>

const char *const auth_result_names[] = {
    "ok",          "badcreds",      "baduser", "badpassword", "badchanbind",
    "badprotocol", "logindisabled", "error",   "aborted",     "ratelimited",
    NULL
};

void auth_attempt_init(struct auth_attempt *at, struct auth *auth, struct auth_env *env,
                       const char *mechanism)
{
    *at = (struct auth_attempt){ .auth = auth, .env = env, .mechanism = mechanism };
    at->started = moxd_mono();
    at->id.mechanism = mechanism;
}

void auth_attempt_fini(struct auth_attempt *at)
{
    free(at->disabled);
    moxd_wipe(at, sizeof(*at));
}

static struct auth_event event_of(const struct auth_attempt *at, const char *result)
{
    return (struct auth_event){
        .env = at->env,
        .mechanism = at->mechanism,
        .login = at->id.login[0] ? at->id.login : NULL,
        .account = at->known ? at->id.account : NULL,
        .result = result,
    };
}

/* Counts, logs, tells the hooks. The text of a failure is what tools like fail2ban look for. */
static void report(struct auth_attempt *at, enum auth_result result)
{
    const char *name = auth_result_names[result];
    struct auth_event ev = event_of(at, name);
    struct moxd_buf login = MOXD_BUF_INIT(SIZE_MAX / 2);

    moxd_metric_inc(at->auth->attempts, at->mechanism, name);
    moxd_name_log(&login, moxd_cstr(at->id.login));
    if (result == AUTH_OK)
        moxd_info(at->env->log, "authenticated", moxd_kvn("login", moxd_buf_str(&login)),
                  moxd_kvs("account", at->id.account), moxd_kvs("mechanism", at->mechanism),
                  moxd_kvs("protocol", at->env->protocol));
    else
        moxd_info(at->env->log, "authentication failed", moxd_kvn("user", moxd_buf_str(&login)),
                  moxd_kvs("ip", at->env->remote_ip), moxd_kvs("protocol", at->env->protocol),
                  moxd_kvs("mechanism", at->mechanism), moxd_kvs("result", name));
    moxd_buf_fini(&login);
    moxd_notify(at->auth->on_auth, &ev);
}

/* Whether a point's hooks permit the attempt; the refusal is reported. */
static int ask(struct auth_attempt *at, struct moxd_point *point, struct moxd_err *err)
{
    struct moxd_reply reply = { 0 };
    struct auth_event ev = event_of(at, NULL);
    enum moxd_verdict verdict = moxd_fire(point, &ev, &reply);

    if (verdict == MOXD_NEXT)
        return 0;
    report(at, AUTH_LIMITED);
    return moxd_err_smtp_set(err, verdict == MOXD_DEFER ? MOXD_ERR_TEMP : MOXD_ERR_DENIED,
                             reply.code, reply.enhanced, "%s", reply.text);
}

int auth_attempt_admit(struct auth_attempt *at, struct moxd_err *err)
{
    int rc = ask(at, at->auth->on_auth_check, err);

    at->env->failures += rc < 0;
    return rc;
}

static int load(struct auth_attempt *at, const struct accounts_account *account,
                struct moxd_str canonical, struct moxd_err *err)
{
    at->known =
        moxd_str_copy(moxd_cstr(account->name), at->id.account, sizeof(at->id.account)) == 0 &&
        moxd_str_copy(canonical, at->id.login, sizeof(at->id.login)) == 0;
    if (!at->known)
        return 0;
    if (account->login_disabled)
        at->disabled = moxd_xstrdup(account->login_disabled);
    return auth_secrets_load(at->auth, at->id.account, &at->secrets, err);
}

int auth_attempt_lookup(struct auth_attempt *at, struct moxd_str username, struct moxd_err *err)
{
    MOXD_CLEANUP(moxd_arena_freep) struct moxd_arena *a = moxd_arena_new(0);
    struct accounts_account account = { 0 };
    struct moxd_err why = { 0 };
    char login[AUTH_LOGIN_MAX];

    at->known = false;
    if (!auth_precis_login(username, login, sizeof(login)))
        return 0;
    if (moxd_str_copy(moxd_cstr(login), at->id.login, sizeof(at->id.login)) < 0)
        return 0;
    if (at->auth->accounts->login(at->auth->accounts_self, moxd_cstr(login), a, &account, &why) <
        0) {
        if (why.kind == MOXD_ERR_NOTFOUND)
            return 0;
        if (err)
            *err = why;
        return -1;
    }
    return load(at, &account, moxd_cstr(login), err);
}

enum auth_step auth_attempt_succeed(struct auth_attempt *at, struct moxd_err *err)
{
    int agrees = auth_key_agrees(at->auth, at->env, at->id.account, err);

    if (agrees <= 0)
        return auth_attempt_fail(at, agrees < 0 ? AUTH_ERROR : AUTH_BADCREDS, err);
    if (at->disabled)
        return auth_attempt_fail(at, AUTH_LOGINDISABLED, err);
    if (ask(at, at->auth->on_login, err) < 0)
        return AUTH_FAILED;
    report(at, AUTH_OK);
    return AUTH_DONE;
}

static void set_error(const struct auth_attempt *at, enum auth_result result, struct moxd_err *err)
{
    switch (result) {
    case AUTH_LOGINDISABLED: /* RFC 5248: X.7.13 User Account Disabled; P-CORE-17 */
        moxd_err_smtp_set(err, MOXD_ERR_DENIED, 525, "5.7.13", "%s", at->disabled);
        break;
    case AUTH_ERROR: /* RFC 4954 6 */
        moxd_err_smtp_set(err, MOXD_ERR_TEMP, 454, "4.7.0", "temporary authentication failure");
        break;
    case AUTH_BADPROTOCOL:
        moxd_err_smtp_set(err, MOXD_ERR_SYNTAX, 501, "5.5.2",
                          "authentication message not understood");
        break;
    default:
        moxd_err_smtp_set(err, MOXD_ERR_DENIED, 535, "5.7.8", "authentication failed");
    }
}

enum auth_step auth_attempt_fail(struct auth_attempt *at, enum auth_result result,
                                 struct moxd_err *err)
{
    if (result == AUTH_ERROR && err)
        moxd_error(at->env->log, "authentication not possible", moxd_kve(err));
    at->env->failures += result != AUTH_ERROR;
    report(at, result);
    set_error(at, result, err);
    int64_t left = at->started + at->auth->conf->failure_delay - moxd_mono();
    if (left > 0)
        (void)moxd_sleep(left);
    return AUTH_FAILED;
}

void auth_client_named(struct moxd_instance *m, const struct auth_env *env,
                       const struct auth_identity *id)
{
    struct auth_event ev = { .env = env,
                             .mechanism = id->mechanism,
                             .login = id->login,
                             .account = id->account,
                             .result = auth_result_names[AUTH_OK] };

    moxd_notify(MOXD_CONTAINER(m, struct auth, m)->on_auth_client, &ev);
}

int auth_vouched_login(struct moxd_instance *m, const char *account, struct auth_env *env,
                       struct auth_identity *id, struct moxd_err *err)
{
    MOXD_CLEANUP(moxd_arena_freep) struct moxd_arena *a = moxd_arena_new(0);
    struct auth *auth = MOXD_CONTAINER(m, struct auth, m);
    struct accounts_account found;
    struct auth_attempt at;

    auth_attempt_init(&at, auth, env, "control");
    if (auth->accounts->get(auth->accounts_self, account, a, &found, err) < 0)
        return -1;
    if (moxd_str_copy(moxd_cstr(found.name), at.id.account, sizeof(at.id.account)) < 0)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "the account's name is too long");
    (void)!moxd_str_copy(moxd_cstr(found.name), at.id.login, sizeof(at.id.login));
    at.known = true;
    report(&at, AUTH_OK);
    *id = at.id;
    auth_attempt_fini(&at);
    return 0;
}

void auth_attempt_abort(struct auth_attempt *at)
{
    report(at, AUTH_ABORTED);
}
