/* Inside of the auth module: the instance, one attempt to log in, what mechanisms are made of. */
#ifndef AUTH_H
#define AUTH_H

#include <moxd/accounts.h>
#include <moxd/auth.h>
#include <moxd/module.h>
#include <moxd/store.h>

#include "auth_cache.h"
#include "auth_secrets.h"

struct Gsasl;

enum {
    AUTH_SERVER_SECRET_LEN = 32,
    AUTH_LOGIN_MAX = 320,    /* bytes of a login name with its NUL: 64 + 1 + 254 and to spare */
    AUTH_MESSAGE_MAX = 4096, /* decoded bytes of one message of a SASL client */
};

struct auth_conf {
    struct moxd_conf_head head;
    int64_t failure_delay; /* ns from the start of an attempt to the answer that refuses it */
    int64_t cache_time;    /* ns that a password is remembered as right; 0: never */
};
extern const struct moxd_block auth_conf_block;

struct auth {
    struct moxd_instance m;
    const struct auth_conf *conf;
    const char *hostname;
    const struct accounts_v1 *accounts;
    struct moxd_instance *accounts_self;
    const struct store_v1 *store;
    struct moxd_instance *store_self;
    struct moxd_point *on_auth, *on_auth_check, *on_auth_client, *on_login;
    struct moxd_metric_handle *attempts;
    struct Gsasl *gsasl;
    struct auth_cache cache;
    unsigned char server_secret[AUTH_SERVER_SECRET_LEN]; /* for salts of users that do not exist */
    char dummy_crypt[AUTH_CRYPT_MAX];                    /* checked when there is no hash */
};

/* Results of an attempt, the words of struct auth_event. */
enum auth_result {
    AUTH_OK,
    AUTH_BADCREDS,
    AUTH_BADUSER,
    AUTH_BADPASSWORD,
    AUTH_BADCHANBIND,
    AUTH_BADPROTOCOL,
    AUTH_LOGINDISABLED,
    AUTH_ERROR,
    AUTH_ABORTED,
    AUTH_LIMITED,
    AUTH_RESULTS
};
extern const char *const auth_result_names[AUTH_RESULTS + 1]; /* NULL-ended */

/* One attempt, whatever the protocol and mechanism. */
struct auth_attempt {
    struct auth *auth;
    struct auth_env *env;
    const char *mechanism;
    int64_t started;
    struct auth_identity id; /* login: as given until the account is found; then canonical */
    char *disabled;          /* message for logins that are switched off; heap; or NULL */
    bool known;              /* id.account is an account */
    struct auth_secrets secrets;
};
void auth_attempt_init(struct auth_attempt *at, struct auth *auth, struct auth_env *env,
                       const char *mechanism);
void auth_attempt_fini(struct auth_attempt *at); /* wipes */
/* Asks on_auth_check for permission. 0, or -1 with *err after the attempt was reported. */
int auth_attempt_admit(struct auth_attempt *at, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Looks up account and secrets of a user name. An unknown one is no error: `known` stays false. -1 only
 * for failures of ours. */
int auth_attempt_lookup(struct auth_attempt *at, struct moxd_str username,
                        struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Right password: DONE, or FAILED for accounts that may not log in, or not now (on_login). */
enum auth_step auth_attempt_succeed(struct auth_attempt *at, struct moxd_err *err) MOXD_SUSPENDS;
/* Reports, delays, sets *err. Returns AUTH_FAILED. For AUTH_ERROR *err says what happened. */
enum auth_step auth_attempt_fail(struct auth_attempt *at, enum auth_result result,
                                 struct moxd_err *err) MOXD_SUSPENDS;
void auth_attempt_abort(struct auth_attempt *at);
void auth_client_named(struct moxd_instance *m, const struct auth_env *env,
                       const struct auth_identity *id); /* of auth/1 */
int auth_vouched_login(struct moxd_instance *m, const char *account, struct auth_env *env,
                       struct auth_identity *id, struct moxd_err *err); /* of auth/1 */
/* PLAIN, LOGIN and check(): looks the user up and compares the password. */
enum auth_step auth_attempt_password(struct auth_attempt *at, struct moxd_str username,
                                     struct moxd_str password, struct moxd_err *err) MOXD_SUSPENDS;

/* Secrets in the account's table. */
int auth_secrets_load(struct auth *auth, const char *account, struct auth_secrets *out,
                      struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS; /* absent: all empty */
int auth_secrets_save(struct auth *auth, const char *account, const struct auth_secrets *s,
                      struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Reads the server secret, or makes and stores one. */
int auth_server_secret(struct auth *auth, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

/* A mechanism. step: as auth_v1.sasl_step. */
enum auth_mechanism_flags {
    AUTH_M_PRIVATE = 1, /* only where nobody listens: TLS, loopback, or allowed by configuration */
    AUTH_M_PLUS = 2,    /* needs TLS */
};
struct auth_mechanism {
    const char *name;
    unsigned flags;
    enum auth_step (*step)(struct auth_sasl *s, struct moxd_str in, bool has_in,
                           struct moxd_buf *out, struct moxd_err *err) MOXD_SUSPENDS;
    void (*fini)(struct auth_sasl *s); /* may be NULL */
    enum auth_scram_hash hash;         /* SCRAM */
};
extern const struct auth_mechanism auth_mechanism_list[]; /* strongest first; NULL name ends it */

struct auth_sasl {
    const struct auth_mechanism *mechanism;
    struct auth_attempt at;
    unsigned round;             /* steps done */
    bool reported;              /* succeeded, failed or aborted */
    char login[AUTH_LOGIN_MAX]; /* LOGIN: user name of the first answer */
    char challenge[160];        /* CRAM-MD5 */
    void *gsasl;                /* SCRAM: Gsasl_session */
    int lookup_failed;          /* SCRAM: the look-up in the callback failed */
    struct moxd_err lookup_err;
};
enum auth_step auth_plain_step(struct auth_sasl *s, struct moxd_str in, bool has_in,
                               struct moxd_buf *out, struct moxd_err *err) MOXD_SUSPENDS;
enum auth_step auth_login_step(struct auth_sasl *s, struct moxd_str in, bool has_in,
                               struct moxd_buf *out, struct moxd_err *err) MOXD_SUSPENDS;
enum auth_step auth_cram_step(struct auth_sasl *s, struct moxd_str in, bool has_in,
                              struct moxd_buf *out, struct moxd_err *err) MOXD_SUSPENDS;
enum auth_step auth_scram_step(struct auth_sasl *s, struct moxd_str in, bool has_in,
                               struct moxd_buf *out, struct moxd_err *err) MOXD_SUSPENDS;
void auth_scram_fini(struct auth_sasl *s);
int auth_scram_init(struct auth *auth, struct moxd_err *err) MOXD_CHECKED;
void auth_scram_done(struct auth *auth);

/* The interface's functions. */
const char *const *auth_mechanisms(struct moxd_instance *self, const struct auth_env *env,
                                   bool allow_plain);
int auth_sasl_start(struct moxd_instance *self, struct moxd_str name, struct auth_env *env,
                    bool allow_plain, struct auth_sasl **out, struct moxd_err *err);
enum auth_step auth_sasl_step(struct auth_sasl *s, struct moxd_str in, bool has_in,
                              struct moxd_buf *out, struct moxd_err *err) MOXD_SUSPENDS;
const struct auth_identity *auth_sasl_identity(const struct auth_sasl *s);
void auth_sasl_abort(struct auth_sasl *s);
void auth_sasl_free(struct auth_sasl *s);
int auth_check(struct moxd_instance *self, struct moxd_str username, struct moxd_str password,
               struct auth_env *env, struct auth_identity *id, struct moxd_err *err) MOXD_SUSPENDS;
int auth_set_password(struct moxd_instance *self, const char *account, struct moxd_str password,
                      struct moxd_err *err) MOXD_SUSPENDS;
int auth_cmd_setaccountpassword(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                                struct moxd_err *err) MOXD_SUSPENDS;

#endif
