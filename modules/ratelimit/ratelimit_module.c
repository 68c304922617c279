/* ratelimit: the table of contents. */
#include "ratelimit.h"

#include <stdlib.h>

static const struct moxd_hook hooks[] = {
    MOXD_HOOK(on_connection, ratelimit_on_connection, .phase = MOXD_EARLY),
    MOXD_HOOK(on_disconnect, ratelimit_on_disconnect),
    MOXD_HOOK(on_auth_check, ratelimit_on_auth_check, .phase = MOXD_EARLY),
    MOXD_HOOK(on_login, ratelimit_on_login),
    MOXD_HOOK(on_auth, ratelimit_on_auth),
    MOXD_HOOK(on_rcpt, ratelimit_on_rcpt, .optional = true),
    MOXD_HOOK(on_delivered, ratelimit_on_delivered, .optional = true),
    MOXD_HOOK(on_refused, ratelimit_on_refused, .optional = true),
    { 0 },
};

static const char *const limits[] = {
    "connections", "connection-rate", "failed-logins", "failed-logins-day", "account",
    "messages",    "messages-day",    "data",          "data-day",          NULL
};
static const struct moxd_metric metrics[] = {
    { .name = "moxd_ratelimit_refused_total",
      .type = MOXD_COUNTER,
      .help =
          "Connections, logins and recipients that were refused, by the limit that was reached.",
      .label = { "limit" },
      .values = { limits } },
    { 0 },
};

static const struct moxd_command commands[] = {
    { .name = "ratelimit show",
      .args = "[ADDRESS]",
      .summary = "show who is near a limit",
      .help = "With ADDRESS: what its networks have used of each limit. Without: networks that "
              "have used "
              "half of one, or more.",
      .max_args = 1,
      .run = ratelimit_cmd_show },
    { .name = "ratelimit forget",
      .args = "ADDRESS",
      .summary = "let an address in again",
      .help =
          "Forgets what was counted of the address and of the networks around it; connections that "
          "are open still count.",
      .min_args = 1,
      .max_args = 1,
      .run = ratelimit_cmd_forget },
    { 0 },
};

static const char *const needs[] = { "auth/1", "store/1?", "smtp/1.6?", NULL };

static int ratelimit_init(struct moxd_instance *m, const struct moxd_conf *conf,
                          struct moxd_err *err)
{
    struct ratelimit *r = MOXD_CONTAINER(m, struct ratelimit, m);

    (void)err;
    ratelimit_configure(r, moxd_conf_module(conf, m));
    r->networks = ratelimit_table_new(RATELIMIT_NETWORKS_MAX);
    r->refused = moxd_metric_find("moxd_ratelimit_refused_total");
    r->store = moxd_interface_get(m, "store", &r->store_self);
    struct moxd_instance *self;
    r->smtp = moxd_interface_get(m, "smtp", &self);
    if (r->store)
        r->book = ratelimit_book_new(RATELIMIT_MAIL_MAX);
    return 0;
}

static int ratelimit_start(struct moxd_instance *m, struct moxd_err *err)
{
    struct ratelimit *r = MOXD_CONTAINER(m, struct ratelimit, m);

    (void)err;
    if (r->book)
        (void)moxd_module_spawn(m, "ratelimit", ratelimit_writer, r);
    return 0;
}

static void ratelimit_stop(struct moxd_instance *m)
{
    struct ratelimit *r = MOXD_CONTAINER(m, struct ratelimit, m);

    if (r->book)
        ratelimit_flush(r);
    ratelimit_book_free(r->book);
    ratelimit_table_free(r->networks);
    free(r->exempt);
}

const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("ratelimit", PACKAGE_VERSION,
                     "limits on connections, failed logins and mail, by network and account"),
    .needs = needs,
    .conf = &ratelimit_block,
    .hooks = hooks,
    .metrics = metrics,
    .commands = commands,
    .instance_size = sizeof(struct ratelimit),
    .init = ratelimit_init,
    .start = ratelimit_start,
    .stop = ratelimit_stop,
};
