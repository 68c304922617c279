/* The table of contents: everything that this module adds to the server is named here. */
#include "example.h"

static const struct moxd_hook hooks[] = {
    MOXD_HOOK(on_rcpt, example_on_rcpt, .phase = MOXD_POLICY, .timeout = 10 * MOXD_SEC),
    { 0 },
};

static const struct moxd_slot slots[] = {
    { .object = "smtp-message", .size = sizeof(struct example_msg) },
    { 0 },
};

static const char *const results[] = { "listed", "clean", "error", NULL };
static const struct moxd_metric metrics[] = {
    { .name = "moxd_example_checks_total",
      .type = MOXD_COUNTER,
      .help = "Domains that were looked up, by result.",
      .label = { "result" },
      .values = { results } },
    { 0 },
};

static const struct moxd_command commands[] = {
    { .name = "example check",
      .args = "DOMAIN",
      .summary = "look a domain up on the list",
      .min_args = 1,
      .max_args = 1,
      .run = example_cmd_check },
    { 0 },
};

/* Called once, before anything runs. What is configured does not change while the server runs. */
static int example_init(struct moxd_instance *m, const struct moxd_conf *conf, struct moxd_err *err)
{
    struct example *e = MOXD_CONTAINER(m, struct example, m);

    (void)err;
    e->conf = moxd_conf_module(conf, m);
    e->checks = moxd_metric_find("moxd_example_checks_total");
    return 0;
}

const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("example", "1.0", "refuses senders whose domain is on a DNS list"),
    .conf = &example_block,
    .hooks = hooks,
    .commands = commands,
    .metrics = metrics,
    .slots = slots,
    .instance_size = sizeof(struct example),
    .init = example_init,
};
