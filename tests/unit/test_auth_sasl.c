/* Exchanges of the auth module with fakes below it, and libgsasl as the client of SCRAM. */
#include "unit.h"

#include "in_fiber.h"
#include "module/set.h"
#include "modules/auth/auth.h"

#include <gsasl.h>
#include <stdio.h>

#define USER "mjl@mox.example"
#define PASSWORD "correct horse"

/* The store: one record, or a failure. */
static struct moxd_buf record = MOXD_BUF_INIT(AUTH_RECORD_MAX);
static bool store_fails;

static int fake_open(struct moxd_instance *self, const char *name, struct store_account **out,
                     struct moxd_err *err)
{
    (void)self, (void)name;
    if (store_fails)
        return moxd_err_set(err, MOXD_ERR_TEMP, "the disk is full");
    *out = NULL;
    return 0;
}

static void fake_close(struct store_account *acc)
{
    (void)acc;
}

static int fake_run(struct moxd_instance *self, struct store_account *acc,
                    int (*fn)(struct store_tx *tx, void *arg, struct moxd_err *err), void *arg,
                    struct moxd_err *err)
{
    (void)self, (void)acc;
    return fn(NULL, arg, err);
}

static int fake_get(struct store_tx *tx, const char *table, struct moxd_str key,
                    struct moxd_buf *out, struct moxd_err *err)
{
    (void)tx, (void)table, (void)key;
    if (record.n == 0)
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "no record");
    moxd_buf_addstr(out, moxd_buf_str(&record));
    return 0;
}

static int fake_put(struct store_tx *tx, const char *table, struct moxd_str key,
                    struct moxd_str value, struct moxd_err *err)
{
    (void)tx, (void)table, (void)key, (void)err;
    moxd_buf_reset(&record);
    moxd_buf_addstr(&record, value);
    return 0;
}

/* Accounts: one. */
static const char *disabled;

static int fake_get_account(struct moxd_instance *self, const char *account, struct moxd_arena *a,
                            struct accounts_account *out, struct moxd_err *err)
{
    (void)self, (void)a;
    if (strcmp(account, "mjl") != 0)
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "no such account");
    *out = (struct accounts_account){ .name = "mjl", .login_disabled = disabled };
    return 0;
}

static int fake_login(struct moxd_instance *self, struct moxd_str username, struct moxd_arena *a,
                      struct accounts_account *out, struct moxd_err *err)
{
    bool known = moxd_str_eqs(username, USER);
    return fake_get_account(self, known ? "mjl" : "nobody", a, out, err);
}

static const struct store_v1 store = { .open = fake_open,
                                       .close = fake_close,
                                       .view = fake_run,
                                       .transact = fake_run,
                                       .tx_get = fake_get,
                                       .tx_put = fake_put };
static const struct accounts_v1 accounts = { .login = fake_login, .get = fake_get_account };
static const struct auth_conf conf = { .failure_delay = 0, .cache_time = 60 * MOXD_SEC };
static struct moxd_point no_hooks;
static const char *const any[] = { NULL };
static const struct moxd_metric metric = {
    .name = "test_total", .help = "For tests.", .label = { "a", "b" }, .values = { any, any }
};
static struct auth auth;
static struct moxd_log test_log = { .component = "test" };
static struct auth_env env;

static void begin(void)
{
    moxd_log_set_level(NULL, MOXD_ERROR);
    auth = (struct auth){ .conf = &conf,
                          .hostname = "mox.example",
                          .accounts = &accounts,
                          .store = &store,
                          .on_auth = &no_hooks,
                          .on_auth_check = &no_hooks,
                          .on_login = &no_hooks };
    auth.m.log = test_log;
    auth.attempts = moxd_metric_register(&metric);
    env = (struct auth_env){ .protocol = "test", .remote_ip = "192.0.2.1", .log = &test_log };
    auth_cache_init(&auth.cache);
    ck_assert_int_eq(auth_crypt_dummy(auth.dummy_crypt, NULL), 0);
    ck_assert_int_eq(auth_scram_init(&auth, NULL), 0);
    ck_assert_int_eq(auth_server_secret(&auth, NULL), 0);
    moxd_buf_reset(&record);
    disabled = NULL;
    store_fails = false;
    ck_assert_int_eq(auth_set_password(&auth.m, "mjl", MOXD_STR(PASSWORD), NULL), 0);
}

static void end(void)
{
    auth_scram_done(&auth);
    auth_cache_fini(&auth.cache);
    moxd_buf_fini(&record);
}

static struct moxd_err why;

static struct auth_sasl *start(const char *mechanism)
{
    struct auth_sasl *s = NULL;

    moxd_err_clear(&why);
    ck_assert_int_eq(auth_sasl_start(&auth.m, moxd_cstr(mechanism), &env, true, &s, &why), 0);
    return s;
}

/* One step; what the server says is in `said`. */
static struct moxd_buf said = MOXD_BUF_INIT(4096);

static enum auth_step step(struct auth_sasl *s, struct moxd_str in, bool has_in)
{
    moxd_buf_reset(&said);
    return auth_sasl_step(s, in, has_in, &said, &why);
}

static enum auth_step plain(struct moxd_str message)
{
    struct auth_sasl *s = start("PLAIN");
    enum auth_step r = step(s, message, true);

    auth_sasl_free(s);
    return r;
}

IN_FIBER(plain_messages)
{
    begin();
    ck_assert_int_eq(plain(MOXD_STR("\0" USER "\0" PASSWORD)), AUTH_DONE);
    ck_assert_int_eq(plain(MOXD_STR(USER "\0" USER "\0" PASSWORD)), AUTH_DONE);
    ck_assert_int_eq(plain(MOXD_STR("\0" USER "\0wrong horse")), AUTH_FAILED);
    ck_assert_int_eq(why.smtp_code, 535);
    ck_assert_int_eq(plain(MOXD_STR("\0else@mox.example\0" PASSWORD)), AUTH_FAILED);
    ck_assert_int_eq(why.smtp_code, 535);
    ck_assert_int_eq(plain(MOXD_STR("other\0" USER "\0" PASSWORD)), AUTH_FAILED);
    ck_assert_int_eq(why.smtp_code, 501);
    ck_assert_int_eq(plain(MOXD_STR("\0" USER)), AUTH_FAILED);
    ck_assert_int_eq(plain(MOXD_STR("\0" USER "\0" PASSWORD "\0")), AUTH_FAILED);
    ck_assert_int_eq(plain(MOXD_STR("\0\0" PASSWORD)), AUTH_FAILED);
    ck_assert_int_eq(plain(MOXD_STR("")), AUTH_FAILED);
    ck_assert_uint_eq(env.failures, 7);
    end();
}

IN_FIBER(check_gives_the_identity)
{
    struct auth_identity id;

    begin();
    ck_assert_int_eq(auth_check(&auth.m, MOXD_STR(USER), MOXD_STR(PASSWORD), &env, &id, &why), 0);
    ck_assert_str_eq(id.account, "mjl");
    ck_assert_str_eq(id.login, USER);
    ck_assert_int_eq(auth_check(&auth.m, MOXD_STR(USER), MOXD_STR("bad"), &env, &id, &why), -1);
    ck_assert_int_eq(why.kind, MOXD_ERR_DENIED);
    end();
}

/* The cache of right passwords ends with the password. proves: P-STORE-12 */
IN_FIBER(old_passwords_end_at_once)
{
    begin();
    ck_assert_int_eq(plain(MOXD_STR("\0" USER "\0" PASSWORD)), AUTH_DONE);
    ck_assert_int_eq(auth_set_password(&auth.m, "mjl", MOXD_STR("another one"), &why), 0);
    ck_assert_int_eq(plain(MOXD_STR("\0" USER "\0" PASSWORD)), AUTH_FAILED);
    ck_assert_int_eq(plain(MOXD_STR("\0" USER "\0another one")), AUTH_DONE);
    end();
}

/* proves: AUTH-16 */
IN_FIBER(passwords_that_cannot_be_set)
{
    begin();
    ck_assert_int_eq(auth_set_password(&auth.m, "mjl", MOXD_STR("seven77"), &why), -1);
    ck_assert_int_eq(why.kind, MOXD_ERR_INVALID);
    ck_assert_int_eq(auth_set_password(&auth.m, "mjl", MOXD_STR("with\ttab in it"), &why), -1);
    ck_assert_int_eq(why.kind, MOXD_ERR_INVALID);
    ck_assert_int_eq(auth_set_password(&auth.m, "else", MOXD_STR("long enough"), &why), -1);
    ck_assert_int_eq(why.kind, MOXD_ERR_NOTFOUND);
    ck_assert_int_eq(plain(MOXD_STR("\0" USER "\0" PASSWORD)), AUTH_DONE);
    end();
}

/* An exchange with libgsasl as client; NULL password: it does not know one. */
static enum auth_step scram(const char *mechanism, const char *user, const char *password,
                            const char *authzid)
{
    struct auth_sasl *s = start(mechanism);
    enum auth_step r = AUTH_CONTINUE;
    Gsasl *ctx;
    Gsasl_session *g;
    char *out = NULL;
    size_t n = 0;

    ck_assert_int_eq(gsasl_init(&ctx), GSASL_OK);
    ck_assert_int_eq(gsasl_client_start(ctx, mechanism, &g), GSASL_OK);
    gsasl_property_set(g, GSASL_AUTHID, user);
    gsasl_property_set(g, GSASL_PASSWORD, password);
    if (authzid)
        gsasl_property_set(g, GSASL_AUTHZID, authzid);
    while (r == AUTH_CONTINUE && gsasl_step(g, said.p, said.n, &out, &n) <= GSASL_NEEDS_MORE) {
        r = step(s, moxd_str(out, n), true);
        gsasl_free(out);
    }
    if (r == AUTH_DONE) { /* the server proved itself too */
        ck_assert_int_eq(gsasl_step(g, said.p, said.n, &out, &n), GSASL_OK);
        gsasl_free(out);
        ck_assert_str_eq(auth_sasl_identity(s)->account, "mjl");
    }
    gsasl_finish(g);
    gsasl_done(ctx);
    moxd_buf_reset(&said);
    auth_sasl_free(s);
    return r;
}

/* proves: AUTH-01 */
IN_FIBER(scram_exchanges)
{
    begin();
    ck_assert_int_eq(scram("SCRAM-SHA-256", USER, PASSWORD, NULL), AUTH_DONE);
    ck_assert_int_eq(scram("SCRAM-SHA-1", USER, PASSWORD, NULL), AUTH_DONE);
    ck_assert_int_eq(scram("SCRAM-SHA-256", USER, "wrong", NULL), AUTH_FAILED);
    ck_assert_int_eq(why.smtp_code, 535);
    ck_assert_int_eq(scram("SCRAM-SHA-256", "else@mox.example", PASSWORD, NULL), AUTH_FAILED);
    ck_assert_int_eq(why.smtp_code, 535);
    ck_assert_int_eq(scram("SCRAM-SHA-256", USER, PASSWORD, USER), AUTH_DONE);
    ck_assert_int_eq(scram("SCRAM-SHA-256", USER, PASSWORD, "other@mox.example"), AUTH_FAILED);
    end();
}

/* A record of a version that did not know the mechanism. proves: AUTH-03 */
IN_FIBER(secrets_that_are_not_there)
{
    struct auth_secrets s;

    begin();
    ck_assert_int_eq(auth_secrets_parse(moxd_buf_str(&record), &s, NULL), 0);
    s.scram[AUTH_SHA256].iterations = 0;
    s.has_cram = false;
    moxd_buf_reset(&record);
    auth_secrets_write(&s, &record);
    ck_assert_int_eq(scram("SCRAM-SHA-256", USER, PASSWORD, NULL), AUTH_FAILED);
    ck_assert_int_eq(why.smtp_code, 535);
    ck_assert_int_eq(scram("SCRAM-SHA-1", USER, PASSWORD, NULL), AUTH_DONE);
    struct auth_sasl *c = start("CRAM-MD5");
    ck_assert_int_eq(step(c, MOXD_STR(""), false), AUTH_CONTINUE);
    ck_assert_int_eq(step(c, MOXD_STR(USER " 00000000000000000000000000000000"), true),
                     AUTH_FAILED);
    auth_sasl_free(c);
    moxd_buf_reset(&record);
    ck_assert_int_eq(plain(MOXD_STR("\0" USER "\0" PASSWORD)), AUTH_FAILED);
    ck_assert_int_eq(scram("SCRAM-SHA-1", USER, PASSWORD, NULL), AUTH_FAILED);
    ck_assert_int_eq(auth_set_password(&auth.m, "mjl", MOXD_STR(PASSWORD), &why), 0);
    ck_assert_int_eq(scram("SCRAM-SHA-256", USER, PASSWORD, NULL), AUTH_DONE);
    end();
}

/* proves: AUTH-02 */
IN_FIBER(cram_exchange)
{
    struct auth_cram cram;
    unsigned char mac[AUTH_MD5_LEN];
    char answer[128];
    int n;

    begin();
    struct auth_sasl *s = start("CRAM-MD5");
    ck_assert_int_eq(step(s, MOXD_STR(""), false), AUTH_CONTINUE);
    ck_assert_int_eq(said.p[0], '<');
    auth_cram_derive(MOXD_STR(PASSWORD), &cram);
    auth_cram_mac(&cram, moxd_buf_str(&said), mac);
    n = snprintf(answer, sizeof(answer), "%s ", USER);
    for (size_t i = 0; i < sizeof(mac); i++)
        n += snprintf(answer + n, sizeof(answer) - (size_t)n, "%02x", mac[i]);
    ck_assert_int_eq(step(s, moxd_str(answer, (size_t)n), true), AUTH_DONE);
    auth_sasl_free(s);
    end();
}

/* proves: P-CORE-17 */
IN_FIBER(disabled_logins)
{
    begin();
    disabled = "call the office";
    ck_assert_int_eq(plain(MOXD_STR("\0" USER "\0" PASSWORD)), AUTH_FAILED);
    ck_assert_int_eq(why.smtp_code, 525);
    ck_assert_str_eq(why.enhanced, "5.7.13");
    ck_assert_str_eq(why.pub, "call the office");
    ck_assert_int_eq(scram("SCRAM-SHA-1", USER, PASSWORD, NULL), AUTH_FAILED);
    ck_assert_int_eq(why.smtp_code, 525);
    ck_assert_int_eq(plain(MOXD_STR("\0" USER "\0wrong horse")), AUTH_FAILED);
    ck_assert_int_eq(why.smtp_code, 535);
    end();
}

IN_FIBER(a_failing_store_is_no_wrong_password)
{
    begin();
    store_fails = true;
    ck_assert_int_eq(plain(MOXD_STR("\0" USER "\0" PASSWORD)), AUTH_FAILED);
    ck_assert_int_eq(why.smtp_code, 454);
    ck_assert_int_eq(why.kind, MOXD_ERR_TEMP);
    ck_assert_int_eq(scram("SCRAM-SHA-256", USER, PASSWORD, NULL), AUTH_FAILED);
    ck_assert_int_eq(why.smtp_code, 454);
    ck_assert_uint_eq(env.failures, 0);
    end();
}

IN_FIBER(what_is_offered)
{
    struct auth_sasl *s = NULL;
    const char *const *names;

    begin();
    names = auth_mechanisms(&auth.m, &env, false);
    ck_assert_str_eq(names[0], "SCRAM-SHA-256");
    ck_assert_str_eq(names[1], "SCRAM-SHA-1");
    ck_assert_ptr_null(names[2]);
    ck_assert_int_eq(auth_sasl_start(&auth.m, MOXD_STR("PLAIN"), &env, false, &s, &why), -1);
    ck_assert_int_eq(why.smtp_code, 504);
    ck_assert_int_eq(auth_sasl_start(&auth.m, MOXD_STR("SCRAM-SHA-1-PLUS"), &env, true, &s, &why),
                     -1);
    ck_assert_int_eq(auth_sasl_start(&auth.m, MOXD_STR("scram-sha-1"), &env, false, &s, &why), 0);
    auth_sasl_abort(s);
    auth_sasl_free(s);
    end();
}

UNIT_MAIN("auth_sasl", plain_messages, check_gives_the_identity, old_passwords_end_at_once,
          passwords_that_cannot_be_set, scram_exchanges, secrets_that_are_not_there, cram_exchange,
          disabled_logins, a_failing_store_is_no_wrong_password, what_is_offered)
