/* dmarc: policies of the domains in From. The table of contents. */
#include "dmarc.h"

#include <moxmail/address.h>

static int check_psl(struct moxd_str path, struct moxd_err *err)
{
    char text[4096];

    if (moxd_str_copy(path, text, sizeof(text)) < 0)
        return moxd_err_set(err, MOXD_ERR_INVALID, "no path");
    struct moxd_psl *psl = dmarc_psl_load(text, err);
    moxd_psl_free(psl);
    return psl ? 0 : -1;
}

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
    { .name = "no-outgoing-reports",
      MOXD_AT_BOOL(struct dmarc_conf, no_outgoing),
      .deflt = "false",
      .doc = "Send no reports to domains that ask for them." },
    { .name = "report-hours",
      MOXD_AT_INT(struct dmarc_conf, interval),
      .deflt = "24",
      .min = 1,
      .max = 24,
      .doc =
          "Hours that a report covers, from midnight UTC on. With another number than 1, 2, 3, 4, "
          "6, 8, 12 or 24 the last one of a day is shorter." },
    { .name = "public-suffix-list",
      MOXD_AT_STRING(struct dmarc_conf, psl),
      .check = check_psl,
      .example = "/usr/share/publicsuffix/public_suffix_list.dat",
      .doc = "Take organizations from this list, as DMARC was before RFC 9989: for a time in which "
             "owners have not said yet, with psd= in their records, what is theirs. What they say "
             "counts "
             "more. Read at start; Debian has it in the package publicsuffix. Default: none, the "
             "DNS tree "
             "alone counts." },
    { 0 },
};
static int check_address(struct moxd_str s, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_address ad;

    return moxd_address_parse(s, MOXD_ADDRESS_UTF8, a, &ad, err);
}

static const struct moxd_directive domain_directives[] = {
    { .name = "address",
      MOXD_AT_STRING(struct dmarc_domain_conf, address),
      .check = check_address,
      .example = "\"dmarcreports@example.org\"",
      .doc =
          "Address of an account here, of whatever domain, that gets aggregate reports about this "
          "domain; the address's own block says into which mailbox. Publish it as rua in the "
          "domain's record; where it is of another organization that one must agree, at "
          "DOMAIN._report._dmarc.ITS-DOMAIN." },
    { 0 },
};
static const struct moxd_block domain_block = { .size = sizeof(struct dmarc_domain_conf),
                                                .directives = domain_directives };
static const struct moxd_contribution contributes[] = {
    { "domain", "dmarc", &domain_block, "Aggregate reports about mail in the domain's name." },
    { 0 },
};
static const struct moxd_block dmarc_block = { .size = sizeof(struct dmarc_conf),
                                               .directives = directives };

static const struct moxd_hook hooks[] = {
    MOXD_HOOK(on_message, dmarc_on_message, .concurrent = true),
    MOXD_HOOK(on_message, dmarc_decide, .phase = MOXD_POLICY),
    MOXD_HOOK(on_message, dmarc_receive, .phase = MOXD_LATE),
    MOXD_HOOK(on_deliver, dmarc_on_deliver),
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
    { .name = "dmarc send",
      .args = "[all]",
      .summary = "send the DMARC reports that are due",
      .help =
          "They go out by themselves when an interval is over. With \"all\": about the one that is "
          "going on, too, of whose rest nothing is told then.",
      .max_args = 1,
      .run = dmarc_cmd_send },
    { .name = "dmarc list",
      .args = "",
      .summary = "list the DMARC reports that came in",
      .help = "One line each, with the id for \"dmarc show\".",
      .run = dmarc_cmd_list },
    { .name = "dmarc show",
      .args = "ID",
      .summary = "show a DMARC report that came in",
      .help = "The policy that was seen, and one line for each kind of messages.",
      .min_args = 1,
      .max_args = 1,
      .run = dmarc_cmd_show },
    { .name = "dmarc summary",
      .args = "",
      .summary = "add up the DMARC reports that came in, by domain",
      .help = "Messages that passed, and that did not.",
      .run = dmarc_cmd_summary },
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

static const char *const needs[] = { "smtp/1.9",      "store/1", "reports/2?",
                                     "accounts/1.1?", "arc/1?",  NULL };

static int dmarc_init(struct moxd_instance *m, const struct moxd_conf *conf, struct moxd_err *err)
{
    struct dmarc *d = MOXD_CONTAINER(m, struct dmarc, m);
    struct moxd_instance *self;

    d->conf = moxd_conf_module(conf, m);
    if (d->conf->psl && !(d->psl = dmarc_psl_load(d->conf->psl, err)))
        return -1;
    d->smtp = moxd_interface_get(m, "smtp", &self);
    d->store = moxd_interface_get(m, "store", &d->store_self);
    d->reports = moxd_interface_get(m, "reports", &d->reports_self);
    d->accounts = moxd_interface_get(m, "accounts", &d->accounts_self);
    d->arc = moxd_interface_get(m, "arc", &d->arc_self);
    d->results = moxd_metric_find("moxd_dmarc_results_total");
    d->dropped = moxd_metric_find("moxd_dmarc_dropped_total");
    return 0;
}

static int dmarc_start(struct moxd_instance *m, struct moxd_err *err)
{
    (void)err;
    (void)moxd_module_spawn(m, "dmarc", dmarc_writer, MOXD_CONTAINER(m, struct dmarc, m));
    (void)moxd_module_spawn(m, "dmarc-send", dmarc_sender, MOXD_CONTAINER(m, struct dmarc, m));
    return 0;
}

static void dmarc_stop(struct moxd_instance *m)
{
    struct dmarc *d = MOXD_CONTAINER(m, struct dmarc, m);

    dmarc_flush(d);
    moxd_psl_free(d->psl);
}

const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("dmarc", PACKAGE_VERSION, "policies of the domains that messages are from"),
    .needs = needs,
    .conf = &dmarc_block,
    .contributes = contributes,
    .hooks = hooks,
    .commands = commands,
    .metrics = metrics,
    .slots = slots,
    .instance_size = sizeof(struct dmarc),
    .init = dmarc_init,
    .start = dmarc_start,
    .stop = dmarc_stop,
};
