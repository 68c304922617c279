/* spf: SPF and iprev. The table of contents. */
#include "spf.h"

static const struct moxd_directive directives[] = {
    { .name = "timeout",
      MOXD_AT_DURATION(struct spf_conf, timeout),
      .deflt = "20s",
      .min = MOXD_SEC,
      .max = 25 * MOXD_SEC,
      .doc =
          "How long the DNS lookups of a check may take in all; what takes longer is a temporary "
          "error. They begin at MAIL, so a message rarely waits for them." },
    { .name = "helo",
      MOXD_AT_BOOL(struct spf_conf, helo),
      .deflt = "true",
      .doc = "Check the name in HELO too, not only the domain in MAIL FROM." },
    { .name = "iprev",
      MOXD_AT_BOOL(struct spf_conf, iprev),
      .deflt = "true",
      .doc = "Check whether a reverse name of the client leads back to its address." },
    { .name = "received-spf",
      MOXD_AT_BOOL(struct spf_conf, received),
      .deflt = "true",
      .doc = "Add a Received-SPF field to messages, beside Authentication-Results." },
    { .name = "one-recipient",
      MOXD_AT_BOOL(struct spf_conf, one_recipient),
      .deflt = "true",
      .doc =
          "Messages of senders without an SPF pass may have one recipient each; others are asked "
          "to come again." },
    { .name = "local-names",
      MOXD_AT_BOOL(struct spf_conf, local_names),
      .deflt = "false",
      .doc = "Check domains of one label too, such as localhost; for trying out." },
    { .name = "refuse-fail",
      MOXD_AT_BOOL(struct spf_conf, refuse_fail),
      .deflt = "false",
      .doc = "Refuse messages whose SPF result is \"fail\". Without this DMARC and the junk filter "
             "judge: forwarded mail fails too." },
    { 0 },
};
static const struct moxd_block spf_block = { .size = sizeof(struct spf_conf),
                                             .directives = directives };

static const struct moxd_hook hooks[] = {
    MOXD_HOOK(on_connect, spf_on_connect),
    MOXD_HOOK(on_mail, spf_on_mail),
    MOXD_HOOK(on_rcpt, spf_on_rcpt, .phase = MOXD_LATE),
    MOXD_HOOK(on_message, spf_on_message, .concurrent = true),
    { 0 },
};
static const struct moxd_slot slots[] = {
    { .object = "smtp-message", .size = sizeof(struct spf_msg), .fini = spf_msg_fini },
    { .object = "smtp-session", .size = sizeof(struct spf_session), .fini = spf_session_fini },
    { 0 },
};

static const char *const checks[] = { "mailfrom", "helo", "iprev", NULL };
static const char *const results[] = { "none",     "neutral",   "pass",      "fail",
                                       "softfail", "temperror", "permerror", NULL };
static const struct moxd_metric metrics[] = {
    { .name = "moxd_spf_results_total",
      .type = MOXD_COUNTER,
      .help = "Checks of SPF by identity, and of reverse names, by result.",
      .label = { "check", "result" },
      .values = { checks, results } },
    { .name = "moxd_spf_seconds",
      .type = MOXD_HISTOGRAM,
      .help = "Duration of checks of SPF, most of it DNS." },
    { 0 },
};

static const struct moxd_command commands[] = {
    { .name = "spf lookup",
      .args = "DOMAIN",
      .summary = "show the SPF record of a domain",
      .min_args = 1,
      .max_args = 1,
      .run = spf_cmd_lookup },
    { .name = "spf parse",
      .args = "RECORD",
      .summary = "check and explain an SPF record",
      .help = "RECORD is one argument: \"v=spf1 mx -all\".",
      .min_args = 1,
      .max_args = 1,
      .run = spf_cmd_parse },
    { .name = "spf check",
      .args = "ADDRESS|DOMAIN IP [HELO]",
      .summary = "check whether a client may send for a domain",
      .help =
          "Prints the result for a client with this address that says HELO and MAIL FROM so, and "
          "how it came about. Without a localpart it is that for HELO.",
      .min_args = 2,
      .max_args = 3,
      .run = spf_cmd_check },
    { 0 },
};

static const char *const needs[] = { "smtp/1.1", NULL };

static int spf_init(struct moxd_instance *m, const struct moxd_conf *conf, struct moxd_err *err)
{
    struct spf *spf = MOXD_CONTAINER(m, struct spf, m);
    struct moxd_instance *self;

    (void)err;
    spf->conf = moxd_conf_module(conf, m);
    spf->smtp = moxd_interface_get(m, "smtp", &self);
    spf->results = moxd_metric_find("moxd_spf_results_total");
    spf->seconds = moxd_metric_find("moxd_spf_seconds");
    return 0;
}

const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("spf", PACKAGE_VERSION, "SPF and reverse names of clients"),
    .needs = needs,
    .conf = &spf_block,
    .hooks = hooks,
    .commands = commands,
    .metrics = metrics,
    .slots = slots,
    .instance_size = sizeof(struct spf),
    .init = spf_init,
};
