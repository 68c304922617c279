/* dmarc: policies of the domains in From. The table of contents. */
#include "dmarc.h"

static const struct moxd_directive directives[] = {
    { .name = "timeout",
      MOXD_AT_DURATION(struct dmarc_conf, timeout),
      .deflt = "10s",
      .min = MOXD_SEC,
      .max = 25 * MOXD_SEC,
      .doc = "How long the lookup of a policy may take." },
    { .name = "keep",
      MOXD_AT_DURATION(struct dmarc_conf, keep),
      .deflt = "3d",
      .min = 86400 * MOXD_SEC,
      .max = 30 * 86400 * MOXD_SEC,
      .doc = "How long evaluations are kept for reports to the domains that ask for them." },
    { .name = "enforce",
      MOXD_AT_BOOL(struct dmarc_conf, enforce),
      .deflt = "true",
      .doc = "Refuse messages that fail where the policy of their domain is \"reject\" or "
             "\"quarantine\", unless a recipient wants them all the same (rulesets). Without this "
             "results are only noted." },
    { .name = "defer-temperror",
      MOXD_AT_BOOL(struct dmarc_conf, defer_temperror),
      .deflt = "false",
      .doc = "Refuse messages for now while DNS does not say whether their domain has a policy." },
    { 0 },
};
static const struct moxd_block dmarc_block = { .size = sizeof(struct dmarc_conf),
                                               .directives = directives };

static const struct moxd_hook hooks[] = {
    MOXD_HOOK(on_message, dmarc_on_message, .concurrent = true),
    MOXD_HOOK(on_message, dmarc_decide, .phase = MOXD_POLICY),
    MOXD_HOOK(on_delivered, dmarc_on_delivered),
    MOXD_HOOK(on_refused, dmarc_on_refused),
    { 0 },
};
static const struct moxd_slot slots[] = {
    { .object = "smtp-message", .size = sizeof(struct dmarc_msg) },
    { 0 },
};

static const char *const results[] = { "none", "pass", "fail", "temperror", NULL };
static const char *const policies[] = { "absent", "none", "quarantine", "reject", NULL };
static const struct moxd_metric metrics[] = {
    { .name = "moxd_dmarc_results_total",
      .type = MOXD_COUNTER,
      .help = "Domains in From of messages received, by result and policy.",
      .label = { "result", "policy" },
      .values = { results, policies } },
    { .name = "moxd_dmarc_dropped_total",
      .type = MOXD_COUNTER,
      .help = "Evaluations that were not recorded for reports." },
    { 0 },
};

static const struct moxd_command commands[] = {
    { .name = "dmarc lookup",
      .args = "DOMAIN",
      .summary = "show the DMARC policy that applies to a domain",
      .help = "Walks up the DNS tree as RFC 9989 says, and prints whose record it is.",
      .min_args = 1,
      .max_args = 1,
      .run = dmarc_cmd_lookup },
    { .name = "dmarc parserecord",
      .args = "RECORD",
      .summary = "check a DMARC record",
      .help = "Prints what of it counts, as it should be written.",
      .min_args = 1,
      .max_args = 1,
      .run = dmarc_cmd_parserecord },
    { .name = "dmarc evaluations",
      .args = "",
      .summary = "show the evaluations that are kept for reports",
      .help = "One line of JSON for each message and domain in From that asks for reports.",
      .run = dmarc_cmd_evaluations },
    { .name = "dmarc verify",
      .args = "FROM-DOMAIN [spf:DOMAIN] [dkim:DOMAIN ...]",
      .summary = "say what DMARC makes of a message",
      .help =
          "For a message with this domain in From, whose SPF or DKIM passed for the domains named.",
      .min_args = 1,
      .max_args = -1,
      .run = dmarc_cmd_verify },
    { .name = "dmarc checkreportaddrs",
      .args = "DOMAIN",
      .summary = "check that the report addresses of a domain's record want reports",
      .help = "Addresses of other organizations get reports only when their domain says so in DNS.",
      .min_args = 1,
      .max_args = 1,
      .run = dmarc_cmd_checkreportaddrs },
    { 0 },
};

static const char *const needs[] = { "smtp/1.4", "store/1", NULL };

static int dmarc_init(struct moxd_instance *m, const struct moxd_conf *conf, struct moxd_err *err)
{
    struct dmarc *d = MOXD_CONTAINER(m, struct dmarc, m);
    struct moxd_instance *self;

    (void)err;
    d->conf = moxd_conf_module(conf, m);
    d->smtp = moxd_interface_get(m, "smtp", &self);
    d->store = moxd_interface_get(m, "store", &d->store_self);
    d->results = moxd_metric_find("moxd_dmarc_results_total");
    d->dropped = moxd_metric_find("moxd_dmarc_dropped_total");
    return 0;
}

static int dmarc_start(struct moxd_instance *m, struct moxd_err *err)
{
    (void)err;
    (void)moxd_module_spawn(m, "dmarc", dmarc_writer, MOXD_CONTAINER(m, struct dmarc, m));
    return 0;
}

static void dmarc_stop(struct moxd_instance *m)
{
    dmarc_flush(MOXD_CONTAINER(m, struct dmarc, m));
}

const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("dmarc", PACKAGE_VERSION, "policies of the domains that messages are from"),
    .needs = needs,
    .conf = &dmarc_block,
    .hooks = hooks,
    .commands = commands,
    .metrics = metrics,
    .slots = slots,
    .instance_size = sizeof(struct dmarc),
    .init = dmarc_init,
    .start = dmarc_start,
    .stop = dmarc_stop,
};
