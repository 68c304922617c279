/* mtasts: policies of domains that mail is sent to. The table of contents. */
#include "mtasts_hook.h"

static const struct moxd_directive directives[] = {
    { .name = "timeout",
      MOXD_AT_DURATION(struct mtasts_conf, timeout),
      .deflt = "30s",
      .min = MOXD_SEC,
      .max = 60 * MOXD_SEC,
      .doc = "How long the fetch of a policy may take; mail to the domain waits for it when none "
             "is remembered." },
    { .name = "refresh",
      MOXD_AT_DURATION(struct mtasts_conf, refresh),
      .deflt = "1d",
      .min = MOXD_SEC,
      .max = 7 * 86400 * MOXD_SEC,
      .doc = "Policies that are in use are fetched again when they are so old." },
    { .name = "port",
      MOXD_AT_INT(struct mtasts_conf, port),
      .deflt = "443",
      .min = 1,
      .max = 65535,
      .doc = "TCP port of policy hosts. Another one is for tests." },
    { 0 },
};
static const struct moxd_block block = { .size = sizeof(struct mtasts_conf),
                                         .directives = directives };

static const struct moxd_hook hooks[] = {
    MOXD_HOOK(on_security, mtasts_on_security, .timeout = 150 * MOXD_SEC, .optional = true),
    { 0 },
};

static const char *const results[] = { "ok", "sts-policy-fetch-error", "sts-policy-invalid",
                                       "sts-webpki-invalid", NULL };
static const char *const modes[] = { "testing", "enforce", NULL };
static const struct moxd_metric metrics[] = {
    { .name = "moxd_mtasts_fetches_total",
      .type = MOXD_COUNTER,
      .help = "MTA-STS policies fetched, by what came of it.",
      .label = { "result" },
      .values = { results } },
    { .name = "moxd_mtasts_applied_total",
      .type = MOXD_COUNTER,
      .help = "Connections to hosts of domains with an MTA-STS policy, by its mode.",
      .label = { "mode" },
      .values = { modes } },
    { 0 },
};
static const char *const needs[] = { "store/1", NULL };

static int init(struct moxd_instance *m, const struct moxd_conf *conf, struct moxd_err *err)
{
    struct mtasts *t = MOXD_CONTAINER(m, struct mtasts, m);

    (void)err;
    t->conf = moxd_conf_module(conf, m);
    t->store = moxd_interface_get(m, "store", &t->store_self);
    t->fetches = moxd_metric_find("moxd_mtasts_fetches_total");
    t->applied = moxd_metric_find("moxd_mtasts_applied_total");
    return 0;
}

static int start(struct moxd_instance *m, struct moxd_err *err)
{
    (void)err;
    (void)moxd_module_spawn(m, "mtasts", mtasts_refresher, MOXD_CONTAINER(m, struct mtasts, m));
    return 0;
}

const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("mtasts", PACKAGE_VERSION, "MTA-STS policies of domains that mail goes to"),
    .needs = needs,
    .conf = &block,
    .hooks = hooks,
    .commands = mtasts_commands,
    .metrics = metrics,
    .instance_size = sizeof(struct mtasts),
    .init = init,
    .start = start,
};
