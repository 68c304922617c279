/* Passwords that the server gets to see: PLAIN, LOGIN, IMAP LOGIN, HTTP; and setting them. */
#include "auth.h"

#include "auth_precis.h"

#include <moxd/offload.h>

struct match_job {
    struct moxd_str password;
    const char *hash;
    bool ok;
};

static void match_run(void *arg)
{
    struct match_job *job = arg;
    job->ok = auth_crypt_matches(job->password, job->hash);
}

/* A user without a hash costs the same time as one with (no way to tell them apart). */
static bool matches(struct auth_attempt *at, struct moxd_str password)
{
    struct match_job job = { .password = password };
    bool real = at->known && at->secrets.crypt[0];

    job.hash = real ? at->secrets.crypt : at->auth->dummy_crypt;
    if (moxd_offload(MOXD_LANE_CPU, match_run, &job) != MOXD_OK)
        return false;
    return job.ok && real;
}

static bool cached_or_matches(struct auth_attempt *at, struct moxd_str password)
{
    struct auth_cache *cache = &at->auth->cache;

    if (at->known && auth_cache_has(cache, at->id.account, password))
        return true;
    if (!matches(at, password))
        return false;
    auth_cache_add(cache, at->id.account, password, at->auth->conf->cache_time);
    return true;
}

/* The password as it was derived from. One that the profile refuses cannot have been set; it is
 * compared as it is, so that it fails like every wrong one. */
static struct moxd_str prepared(struct moxd_str password, struct moxd_buf *b)
{
    if (auth_precis_opaque(password, b, NULL) == 0)
        return moxd_buf_str(b);
    return password.n <= AUTH_PASSWORD_MAX ? password
                                           : moxd_str_sub(password, 0, AUTH_PASSWORD_MAX);
}

enum auth_step auth_attempt_password(struct auth_attempt *at, struct moxd_str username,
                                     struct moxd_str password, struct moxd_err *err)
{
    struct moxd_buf b = MOXD_BUF_INIT(AUTH_PASSWORD_MAX);

    if (auth_attempt_lookup(at, username, err) < 0)
        return auth_attempt_fail(at, AUTH_ERROR, err);
    bool ok = cached_or_matches(at, prepared(password, &b));
    moxd_buf_wipe(&b);
    if (!ok)
        return auth_attempt_fail(at, at->known ? AUTH_BADPASSWORD : AUTH_BADUSER, err);
    return auth_attempt_succeed(at, err);
}

int auth_check(struct moxd_instance *self, struct moxd_str username, struct moxd_str password,
               struct auth_env *env, struct auth_identity *id, struct moxd_err *err)
{
    struct auth *auth = (struct auth *)self;
    struct auth_attempt at;
    int rc = -1;

    auth_attempt_init(&at, auth, env, "LOGIN");
    if (auth_attempt_admit(&at, err) == 0 &&
        auth_attempt_password(&at, username, password, err) == AUTH_DONE) {
        *id = at.id;
        rc = 0;
    }
    auth_attempt_fini(&at);
    return rc;
}

struct derive_job {
    struct moxd_str password;
    struct auth_secrets secrets;
    struct moxd_err *err;
    int rc;
};

static void derive_run(void *arg)
{
    struct derive_job *job = arg;
    job->rc = auth_secrets_derive(job->password, &job->secrets, job->err);
}

static int derive_and_save(struct auth *auth, const char *account, struct moxd_str password,
                           struct moxd_err *err)
{
    struct derive_job job = { .password = password, .err = err, .rc = -1 };

    if (moxd_offload(MOXD_LANE_CPU, derive_run, &job) != MOXD_OK)
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    int rc = job.rc < 0 ? -1 : auth_secrets_save(auth, account, &job.secrets, err);
    moxd_wipe(&job.secrets, sizeof(job.secrets));
    auth_cache_forget(&auth->cache, account);
    return rc;
}

int auth_set_password(struct moxd_instance *self, const char *account, struct moxd_str password,
                      struct moxd_err *err)
{
    struct auth *auth = (struct auth *)self;
    MOXD_CLEANUP(moxd_arena_freep) struct moxd_arena *a = moxd_arena_new(0);
    struct accounts_account found = { 0 };
    struct moxd_buf b = MOXD_BUF_INIT(AUTH_PASSWORD_MAX);
    int rc = -1;

    if (auth->accounts->get(auth->accounts_self, account, a, &found, err) < 0)
        return -1;
    if (auth_precis_opaque(password, &b, err) == 0) {
        if (auth_precis_length(moxd_buf_str(&b)) < AUTH_PASSWORD_MIN)
            rc = moxd_err_set(err, MOXD_ERR_INVALID, "the password has less than %d characters",
                              (int)AUTH_PASSWORD_MIN);
        else
            rc = derive_and_save(auth, account, moxd_buf_str(&b), err);
    }
    moxd_buf_wipe(&b);
    if (rc == 0)
        moxd_info(&self->log, "password set", moxd_kvs("account", account));
    return rc;
}
