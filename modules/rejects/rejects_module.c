/* rejects: refused messages are kept for their users to see. The table of contents. */
#include "rejects.h"

static const struct moxd_contribution contributes[] = {
    { "account", "rejects", &rejects_block, "Refused messages that are kept for the user to see." },
    { 0 },
};
static const struct moxd_hook hooks[] = {
    MOXD_HOOK(on_reject, rejects_on_reject),
    { 0 },
};
static const char *const results[] = { "kept", "known", "full", "failed", NULL };
static const struct moxd_metric metrics[] = {
    { .name = "moxd_rejects_messages_total",
      .type = MOXD_COUNTER,
      .help = "Refused messages for accounts that keep such, by what became of the copy.",
      .label = { "result" },
      .values = { results } },
    { 0 },
};
static const char *const needs[] = { "smtp/1.4", "accounts/1", "store/1.5", NULL };

static int rejects_init(struct moxd_instance *m, const struct moxd_conf *conf, struct moxd_err *err)
{
    struct rejects *r = MOXD_CONTAINER(m, struct rejects, m);

    (void)conf, (void)err;
    r->accounts = moxd_interface_get(m, "accounts", &r->accounts_self);
    r->store = moxd_interface_get(m, "store", &r->store_self);
    r->messages = moxd_metric_find("moxd_rejects_messages_total");
    return 0;
}

static int rejects_start(struct moxd_instance *m, struct moxd_err *err)
{
    (void)err;
    (void)moxd_module_spawn(m, "rejects", rejects_tidier, MOXD_CONTAINER(m, struct rejects, m));
    return 0;
}

const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("rejects", PACKAGE_VERSION,
                     "refused messages are kept for their users to see"),
    .needs = needs,
    .contributes = contributes,
    .hooks = hooks,
    .metrics = metrics,
    .instance_size = sizeof(struct rejects),
    .init = rejects_init,
    .start = rejects_start,
};
