/* arc: verifies the chains of what servers on the way found out about a message. The table of contents. */
#include "arc.h"

static const struct moxd_hook hooks[] = {
    MOXD_HOOK(on_message, arc_on_message, .phase = MOXD_CHECK, .concurrent = true),
    { 0 },
};
static const char *const results[] = { "none", "pass", "fail", NULL };
static const struct moxd_metric metrics[] = {
    { .name = "moxd_arc_verified_total",
      .type = MOXD_COUNTER,
      .help = "Chains of ARC of incoming messages, by result; none: messages without.",
      .label = { "result" },
      .values = { results } },
    { 0 },
};
static const char *const needs[] = { "smtp/1.2", "store/1", "dkim/1.2", NULL };

static int arc_init(struct moxd_instance *m, const struct moxd_conf *conf, struct moxd_err *err)
{
    struct arc *arc = MOXD_CONTAINER(m, struct arc, m);
    struct moxd_instance *self;

    (void)conf, (void)err;
    arc->smtp = moxd_interface_get(m, "smtp", &self);
    arc->store = moxd_interface_get(m, "store", &self);
    arc->dkim = moxd_interface_get(m, "dkim", &arc->dkim_self);
    arc->verified = moxd_metric_find("moxd_arc_verified_total");
    return 0;
}

const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("arc", PACKAGE_VERSION, "verifies chains of ARC"),
    .needs = needs,
    .hooks = hooks,
    .metrics = metrics,
    .instance_size = sizeof(struct arc),
    .init = arc_init,
};
