/* dkim: verifies the signatures of incoming mail, signs what is submitted. The table of contents. */
#include "dkim.h"

static const struct moxd_hook hooks[] = {
    MOXD_HOOK(on_message, dkim_on_message, .phase = MOXD_CHECK, .concurrent = true),
    MOXD_HOOK(on_submit, dkim_on_submit, .phase = MOXD_LATE),
    MOXD_HOOK(on_domain_add, dkim_on_domain_add),
    { 0 },
};

static const struct moxd_contribution contributes[] = {
    { "domain", "dkim", &dkim_domain_block,
      "Keys for DKIM, which sign what is sent from addresses of the domain." },
    { 0 },
};

static const char *const results[] = { "none",   "pass",      "fail",      "neutral",
                                       "policy", "temperror", "permerror", NULL };
static const char *const outcomes[] = { "signed", "failed", NULL };
static const struct moxd_metric metrics[] = {
    { .name = "moxd_dkim_verified_total",
      .type = MOXD_COUNTER,
      .help = "DKIM signatures of incoming messages, by result; none: messages without.",
      .label = { "result" },
      .values = { results } },
    { .name = "moxd_dkim_signed_total",
      .type = MOXD_COUNTER,
      .help = "Submitted messages that were to be signed, by what came of it.",
      .label = { "outcome" },
      .values = { outcomes } },
    { 0 },
};

static const struct dkim_v1 vtable = {
    .sign = dkim_sign, .verify = dkim_verify, .key = dkim_key, .signer = dkim_signer
};
static const struct moxd_interface provides[] = {
    { "dkim", 1, 3, &vtable },
    { 0 },
};
static const char *const needs[] = { "smtp/1.2", "store/1", "accounts/1.1", NULL };

static int dkim_init(struct moxd_instance *m, const struct moxd_conf *conf, struct moxd_err *err)
{
    struct dkim *d = MOXD_CONTAINER(m, struct dkim, m);

    (void)err;
    d->conf = moxd_conf_module(conf, m);
    d->smtp = moxd_interface_get(m, "smtp", &d->smtp_self);
    d->store = moxd_interface_get(m, "store", &d->store_self);
    d->accounts = moxd_interface_get(m, "accounts", &d->accounts_self);
    d->verified = moxd_metric_find("moxd_dkim_verified_total");
    d->signed_total = moxd_metric_find("moxd_dkim_signed_total");
    return 0;
}

static void dkim_reload(struct moxd_instance *m, const struct moxd_conf *conf)
{
    (void)conf;
    MOXD_CONTAINER(m, struct dkim, m)->generation++;
}

static void dkim_stop(struct moxd_instance *m)
{
    dkim_keys_free(MOXD_CONTAINER(m, struct dkim, m));
    dkim_ready_free(MOXD_CONTAINER(m, struct dkim, m));
}

const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("dkim", PACKAGE_VERSION, "verifies and makes DKIM signatures"),
    .needs = needs,
    .provides = provides,
    .conf = &dkim_block,
    .contributes = contributes,
    .hooks = hooks,
    .commands = dkim_commands,
    .metrics = metrics,
    .instance_size = sizeof(struct dkim),
    .init = dkim_init,
    .reload = dkim_reload,
    .stop = dkim_stop,
};
