/* forward: mail for an address here goes to addresses elsewhere. The table of contents. */
#include "forward.h"

static const struct moxd_contribution contributes[] = {
    { "address", "forward", &forward_block, "Mail for the address goes to other servers too." },
    { "alias", "forward", &forward_alias_block, "Members of the alias on other servers." },
    { 0 },
};
static const struct moxd_hook hooks[] = {
    MOXD_HOOK(on_deliver, forward_on_deliver, .phase = MOXD_LATE),
    { 0 },
};
static const char *const results[] = { "forwarded", "loop",         "suspect", "unauthenticated",
                                       "refused",   "notification", NULL };
static const struct moxd_metric metrics[] = {
    { .name = "moxd_forward_messages_total",
      .type = MOXD_COUNTER,
      .help = "Messages for addresses that are forwarded, by what became of them.",
      .label = { "result" },
      .values = { results } },
    { 0 },
};
static const char *const needs[] = { "smtp/1.9", "queue/1.2", "accounts/1.3", "arc/1?", NULL };

static int forward_init(struct moxd_instance *m, const struct moxd_conf *conf, struct moxd_err *err)
{
    struct forward *f = MOXD_CONTAINER(m, struct forward, m);
    struct moxd_instance *self;

    (void)conf, (void)err;
    f->smtp = moxd_interface_get(m, "smtp", &self);
    f->queue = moxd_interface_get(m, "queue", &f->queue_self);
    f->accounts = moxd_interface_get(m, "accounts", &f->accounts_self);
    f->arc = moxd_interface_get(m, "arc", &f->arc_self);
    f->forwarded = moxd_metric_find("moxd_forward_messages_total");
    return 0;
}

const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("forward", PACKAGE_VERSION, "mail goes to addresses on other servers too"),
    .needs = needs,
    .contributes = contributes,
    .hooks = hooks,
    .commands = forward_commands,
    .metrics = metrics,
    .instance_size = sizeof(struct forward),
    .init = forward_init,
};
