/* arc: verifies and prolongs the chains of what servers on the way found out about a message. The table of contents. */
#include "arc.h"

static const struct moxd_hook hooks[] = {
    MOXD_HOOK(on_message, arc_on_message, .phase = MOXD_CHECK, .concurrent = true),
    { 0 },
};
static const char *const results[] = { "none", "pass", "fail", NULL };
static const char *const outcomes[] = { "sealed", "failed", NULL };
static const struct moxd_metric metrics[] = {
    { .name = "moxd_arc_verified_total",
      .type = MOXD_COUNTER,
      .help = "Chains of ARC of incoming messages, by result; none: messages without.",
      .label = { "result" },
      .values = { results } },
    { .name = "moxd_arc_sealed_total",
      .type = MOXD_COUNTER,
      .help = "Messages that go on and were to be sealed, by what came of it.",
      .label = { "outcome" },
      .values = { outcomes } },
    { 0 },
};
static const struct moxd_slot slots[] = {
    { .object = "smtp-message", .size = sizeof(struct arc_msg) },
    { 0 },
};
static const struct arc_v1 vtable = { .seal = arc_seal, .vouched = arc_vouched };
static const struct moxd_interface provides[] = {
    { "arc", 1, 0, &vtable },
    { 0 },
};
static const char *const needs[] = { "smtp/1.2", "store/1", "dkim/1.3", NULL };

static int arc_init(struct moxd_instance *m, const struct moxd_conf *conf, struct moxd_err *err)
{
    struct arc *arc = MOXD_CONTAINER(m, struct arc, m);
    struct moxd_instance *self;

    (void)err;
    arc->conf = moxd_conf_module(conf, m);
    arc->smtp = moxd_interface_get(m, "smtp", &self);
    arc->store = moxd_interface_get(m, "store", &self);
    arc->dkim = moxd_interface_get(m, "dkim", &arc->dkim_self);
    arc->verified = moxd_metric_find("moxd_arc_verified_total");
    arc->sealed = moxd_metric_find("moxd_arc_sealed_total");
    return 0;
}

const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("arc", PACKAGE_VERSION, "verifies and prolongs chains of ARC"),
    .needs = needs,
    .provides = provides,
    .conf = &arc_block,
    .hooks = hooks,
    .metrics = metrics,
    .slots = slots,
    .instance_size = sizeof(struct arc),
    .init = arc_init,
};
