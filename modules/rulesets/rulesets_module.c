/* rulesets: users' own rules for mail to an address. The table of contents. */
#include "rulesets.h"

static const struct moxd_contribution contributes[] = {
    { "address", "rulesets", &rulesets_block, "What becomes of some of the mail for the address." },
    { 0 },
};
static const struct moxd_hook hooks[] = {
    MOXD_HOOK(on_mailbox, rulesets_on_mailbox),
    { 0 },
};
static const char *const results[] = { "match", "none", NULL };
static const struct moxd_metric metrics[] = {
    { .name = "moxd_rulesets_messages_total",
      .type = MOXD_COUNTER,
      .help = "Messages for addresses with rulesets, by whether one matched.",
      .label = { "result" },
      .values = { results } },
    { 0 },
};
static const char *const needs[] = { "smtp/1.9", "accounts/1", NULL };

static int rulesets_init(struct moxd_instance *m, const struct moxd_conf *conf,
                         struct moxd_err *err)
{
    struct rulesets *rs = MOXD_CONTAINER(m, struct rulesets, m);
    struct moxd_instance *self;

    (void)conf, (void)err;
    rs->smtp = moxd_interface_get(m, "smtp", &self);
    rs->matches = moxd_metric_find("moxd_rulesets_messages_total");
    return 0;
}

const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("rulesets", PACKAGE_VERSION, "users' own rules for mail to an address"),
    .needs = needs,
    .contributes = contributes,
    .hooks = hooks,
    .metrics = metrics,
    .instance_size = sizeof(struct rulesets),
    .init = rulesets_init,
};
