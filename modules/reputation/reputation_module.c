/* reputation: what accounts know of those who write to them. The table of contents. */
#include "reputation.h"

static const struct moxd_contribution contributes[] = {
    { "account", "reputation", &reputation_account_block,
      "How senders are treated by what is known of them." },
    { 0 },
};
static const struct moxd_hook hooks[] = {
    MOXD_HOOK(on_store_change, reputation_on_store_change),
    MOXD_HOOK(on_accept, reputation_on_accept),
    { 0 },
};
static const char *const answers[] = { "known",    "wroteto", "domain", "firsttime",
                                       "onlyjunk", "failed",  NULL };
static const struct moxd_metric metrics[] = {
    { .name = "moxd_reputation_senders_total",
      .type = MOXD_COUNTER,
      .help = "Copies of messages from others, by what the account knew of their senders.",
      .label = { "result" },
      .values = { answers } },
    { 0 },
};
static const char *const needs[] = { "smtp/1.7", "accounts/1", "store/1.9", NULL };

static int reputation_init(struct moxd_instance *m, const struct moxd_conf *conf,
                           struct moxd_err *err)
{
    struct reputation *r = MOXD_CONTAINER(m, struct reputation, m);

    (void)err;
    r->conf = moxd_conf_module(conf, m);
    r->accounts = moxd_interface_get(m, "accounts", &r->accounts_self);
    r->store = moxd_interface_get(m, "store", &r->store_self);
    r->messages = moxd_metric_find("moxd_reputation_senders_total");
    return 0;
}

static int reputation_start(struct moxd_instance *m, struct moxd_err *err)
{
    (void)err;
    (void)moxd_module_spawn(m, "reputation", reputation_tidier,
                            MOXD_CONTAINER(m, struct reputation, m));
    return 0;
}

const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("reputation", PACKAGE_VERSION,
                     "what accounts know of those who write to them"),
    .needs = needs,
    .conf = &reputation_block,
    .contributes = contributes,
    .hooks = hooks,
    .metrics = metrics,
    .instance_size = sizeof(struct reputation),
    .init = reputation_init,
    .start = reputation_start,
};
