/* auth: passwords and SASL. The table of contents. */
#include "auth_key.h"

MOXD_POINT_THUNK_VOID(on_auth)
MOXD_POINT_THUNK_VOID(on_auth_client)
MOXD_POINT_THUNK(on_auth_check, struct moxd_reply)
MOXD_POINT_THUNK(on_login, struct moxd_reply)

static const struct moxd_directive directives[] = {
    { .name = "failure-delay",
      MOXD_AT_DURATION(struct auth_conf, failure_delay),
      .deflt = "1s",
      .max = 60 * MOXD_SEC,
      .doc = "How long after the start of an attempt to log in its refusal is told. Slows down "
             "guessing, and hides how long the look-up took." },
    { .name = "password-cache",
      MOXD_AT_DURATION(struct auth_conf, cache_time),
      .deflt = "1m",
      .max = 3600 * MOXD_SEC,
      .doc =
          "How long a password that was right is remembered (as a keyed digest, in memory), so "
          "that clients which log in often do not cost a slow hash each time. 0 remembers none." },
    { 0 },
};
const struct moxd_block auth_conf_block = { .size = sizeof(struct auth_conf),
                                            .directives = directives };

static const struct moxd_point_def points[] = {
    MOXD_POINT(on_auth_check, MOXD_DECIDE, "struct auth_event",
               "Before credentials are looked at: a rate limiter refuses here."),
    MOXD_POINT(on_login, MOXD_DECIDE, "struct auth_event",
               "The credentials are right, the account is known; before the client is told."),
    MOXD_POINT(on_auth, MOXD_OBSERVE, "struct auth_event", "After each attempt to log in."),
    MOXD_POINT(on_auth_client, MOXD_OBSERVE, "struct auth_event",
               "After a login, when the client says what it calls itself."),
    { 0 },
};

static const char *const mechanism_names[] = { "EXTERNAL",      "SCRAM-SHA-256-PLUS",
                                               "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS",
                                               "SCRAM-SHA-1",   "CRAM-MD5",
                                               "PLAIN",         "LOGIN",
                                               "control",       NULL };
static const struct moxd_metric metrics[] = {
    { .name = "moxd_auth_attempts_total",
      .type = MOXD_COUNTER,
      .help = "Attempts to log in, by mechanism and result.",
      .label = { "mechanism", "result" },
      .values = { mechanism_names, auth_result_names } },
    { 0 },
};

static const struct moxd_command commands[] = {
    { .name = "setaccountpassword",
      .args = "<account>",
      .summary = "set the password of an account, read from standard input",
      .help =
          "Reads one line, the new password: at least 8 characters, no control characters. Only "
          "secrets derived from it are stored. Sessions that are logged in stay so.",
      .min_args = 1,
      .max_args = 1,
      .run = auth_cmd_setaccountpassword,
      .flags = MOXD_CMD_STDIN },
    { .name = "tlspubkey add",
      .args = "[-no-preauth] ADDRESS [NAME]",
      .summary = "let a key of a TLS client log in, read from standard input",
      .help =
          "Reads a certificate or a public key in PEM. Of a certificate only the public key "
          "counts. Mail programs that have the private key log in as ADDRESS without a "
          "password. NAME says whose device it is. -no-preauth: IMAP over TLS does not greet it "
          "as logged in, for programs that cannot live with that; they use EXTERNAL.",
      .min_args = 1,
      .max_args = 3,
      .run = auth_cmd_tlspubkey_add,
      .flags = MOXD_CMD_STDIN },
    { .name = "tlspubkey get",
      .args = "FINGERPRINT",
      .summary = "show a key of a TLS client",
      .min_args = 1,
      .max_args = 1,
      .run = auth_cmd_tlspubkey_get },
    { .name = "tlspubkey list",
      .args = "[ACCOUNT]",
      .summary = "list the keys of TLS clients",
      .help =
          "A line each: SHA-256 of the public key, account, address, whether IMAP greets it with "
          "PREAUTH, name.",
      .max_args = 1,
      .run = auth_cmd_tlspubkey_list },
    { .name = "tlspubkey rm",
      .args = "FINGERPRINT",
      .summary = "no longer let a key of a TLS client log in",
      .min_args = 1,
      .max_args = 1,
      .run = auth_cmd_tlspubkey_rm },
    { 0 },
};

static const struct moxd_hook hooks[] = {
    MOXD_HOOK(on_account_remove, auth_key_on_account_remove, .optional = true),
    { 0 },
};

static const struct auth_v1 vtable = {
    .mechanisms = auth_mechanisms,
    .sasl_start = auth_sasl_start,
    .sasl_step = auth_sasl_step,
    .sasl_identity = auth_sasl_identity,
    .sasl_abort = auth_sasl_abort,
    .sasl_free = auth_sasl_free,
    .check = auth_check,
    .set_password = auth_set_password,
    .client_named = auth_client_named,
    .key_login = auth_key_login,
    .vouched_login = auth_vouched_login,
};
static const struct moxd_interface provides[] = {
    { .name = "auth", .major = 1, .minor = 3, .vtable = &vtable },
    { 0 },
};
static const char *const needs[] = { "accounts/1", "store/1", NULL };

static int auth_init(struct moxd_instance *m, const struct moxd_conf *conf, struct moxd_err *err)
{
    struct auth *auth = (struct auth *)m;

    auth->conf = moxd_conf_module(conf, m);
    auth->hostname = moxd_conf_core()->hostname;
    auth->accounts = moxd_interface_get(m, "accounts", &auth->accounts_self);
    auth->store = moxd_interface_get(m, "store", &auth->store_self);
    auth->on_auth = moxd_point_get(m, "on_auth");
    auth->on_auth_client = moxd_point_get(m, "on_auth_client");
    auth->on_auth_check = moxd_point_get(m, "on_auth_check");
    auth->on_login = moxd_point_get(m, "on_login");
    auth->attempts = moxd_metric_find("moxd_auth_attempts_total");
    auth_cache_init(&auth->cache);
    if (auth_crypt_dummy(auth->dummy_crypt, err) < 0)
        return -1;
    return auth_scram_init(auth, err);
}

static int auth_start(struct moxd_instance *m, struct moxd_err *err)
{
    return auth_server_secret((struct auth *)m, err);
}

static void auth_stop(struct moxd_instance *m)
{
    struct auth *auth = (struct auth *)m;

    auth_scram_done(auth);
    auth_cache_fini(&auth->cache);
    moxd_wipe(auth->server_secret, sizeof(auth->server_secret));
}

const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("auth", PACKAGE_VERSION, "passwords and SASL"),
    .needs = needs,
    .provides = provides,
    .conf = &auth_conf_block,
    .points = points,
    .hooks = hooks,
    .commands = commands,
    .metrics = metrics,
    .instance_size = sizeof(struct auth),
    .init = auth_init,
    .start = auth_start,
    .stop = auth_stop,
};
