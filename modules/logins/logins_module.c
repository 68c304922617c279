/* logins: the table of contents. */
#include "logins.h"

static const struct moxd_directive directives[] = {
    { .name = "keep",
      MOXD_AT_DURATION(struct logins_conf, keep),
      .deflt = "30d",
      .min = 3600 * MOXD_SEC,
      .max = 3650 * 86400 * MOXD_SEC,
      .doc = "How long after it was last seen an attempt to log in is remembered." },
    { .name = "max-failed",
      MOXD_AT_INT(struct logins_conf, max_failed),
      .deflt = "10000",
      .min = 1,
      .max = 1000000,
      .doc = "Most failed attempts that are remembered for each account, and for names that no "
             "account has: of more the oldest are forgotten." },
    { 0 },
};
const struct moxd_block logins_block = { .size = sizeof(struct logins_conf),
                                         .directives = directives };

static const struct moxd_hook hooks[] = {
    MOXD_HOOK(on_auth, logins_on_auth),
    MOXD_HOOK(on_auth_client, logins_on_auth_client),
    { 0 },
};

static const struct moxd_metric metrics[] = {
    { .name = "moxd_logins_dropped_total",
      .type = MOXD_COUNTER,
      .help = "Attempts to log in that could not be recorded." },
    { 0 },
};

static const struct moxd_command commands[] = {
    { .name = "logins list",
      .args = "[ACCOUNT]",
      .summary = "show who logged in, or tried to",
      .help =
          "One line for attempts that look the same, the last one first: when it was last seen, "
          "result, how often, account, name, address of the client, protocol, mechanism, TLS "
          "version, what the client calls itself. Without ACCOUNT: of all accounts, and then "
          "of names that no account has; \"-\" shows those only.",
      .max_args = 1,
      .run = logins_cmd_list },
    { 0 },
};

static const char *const needs[] = { "store/1", "accounts/1", "auth/1.1", NULL };

static int logins_init(struct moxd_instance *m, const struct moxd_conf *conf, struct moxd_err *err)
{
    struct logins *l = MOXD_CONTAINER(m, struct logins, m);

    (void)err;
    l->conf = moxd_conf_module(conf, m);
    l->store = moxd_interface_get(m, "store", &l->store_self);
    l->accounts = moxd_interface_get(m, "accounts", &l->accounts_self);
    l->dropped = moxd_metric_find("moxd_logins_dropped_total");
    return 0;
}

static int logins_start(struct moxd_instance *m, struct moxd_err *err)
{
    (void)err;
    (void)moxd_module_spawn(m, "logins", logins_writer, MOXD_CONTAINER(m, struct logins, m));
    return 0;
}

static void logins_stop(struct moxd_instance *m)
{
    logins_flush(MOXD_CONTAINER(m, struct logins, m));
}

const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("logins", PACKAGE_VERSION, "history of attempts to log in"),
    .needs = needs,
    .conf = &logins_block,
    .hooks = hooks,
    .metrics = metrics,
    .commands = commands,
    .instance_size = sizeof(struct logins),
    .init = logins_init,
    .start = logins_start,
    .stop = logins_stop,
};
