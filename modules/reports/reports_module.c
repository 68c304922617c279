/* reports: what reports about TLS and DMARC have in common. The table of contents. */
#include "reports.h"

static const struct moxd_directive directives[] = {
    { .name = "keep",
      MOXD_AT_DURATION(struct reports_conf, keep),
      .deflt = "365d",
      .min = 86400 * MOXD_SEC,
      .max = 3650 * 86400 * MOXD_SEC,
      .doc = "How long reports that came in are kept." },
    { 0 },
};
static const struct moxd_block block = { .size = sizeof(struct reports_conf),
                                         .directives = directives };

static const char *const outcomes[] = { "sent", "suppressed", "failed", NULL };
static const char *const results[] = { "ok", "invalid", NULL };
static const struct moxd_metric metrics[] = {
    { .name = "moxd_reports_sent_total",
      .type = MOXD_COUNTER,
      .help = "Reports to other domains, by kind and what became of each.",
      .label = { "kind", "outcome" },
      .values = { reports_kinds, outcomes } },
    { .name = "moxd_reports_received_total",
      .type = MOXD_COUNTER,
      .help = "Reports from other domains, by kind and whether they can be read.",
      .label = { "kind", "result" },
      .values = { reports_kinds, results } },
    { 0 },
};

static const char *contact(struct moxd_instance *m)
{
    return reports_self(m)->contact;
}

static const char *submitter(struct moxd_instance *m)
{
    (void)m;
    return moxd_conf_core()->hostname;
}

static const struct reports_v2 vtable = { .contact = contact,
                                          .submitter = submitter,
                                          .send = reports_send,
                                          .receive = reports_receive,
                                          .print_list = reports_print_list,
                                          .print_sums = reports_print_sums,
                                          .load = reports_load };
static const struct moxd_interface provides[] = {
    { "reports", 2, 0, &vtable },
    { 0 },
};
static const char *const needs[] = { "store/1",  "accounts/1.1", "smtp/1.9",
                                     "queue/1?", "dkim/1?",      NULL };

static int init(struct moxd_instance *m, const struct moxd_conf *conf, struct moxd_err *err)
{
    struct reports *r = reports_self(m);
    struct moxd_instance *unused;

    (void)err;
    r->conf = moxd_conf_module(conf, m);
    r->store = moxd_interface_get(m, "store", &r->store_self);
    r->accounts = moxd_interface_get(m, "accounts", &r->accounts_self);
    r->smtp = moxd_interface_get(m, "smtp", &unused);
    r->queue = moxd_interface_get(m, "queue", &r->queue_self);
    r->dkim = moxd_interface_get(m, "dkim", &r->dkim_self);
    r->sent = moxd_metric_find("moxd_reports_sent_total");
    r->received = moxd_metric_find("moxd_reports_received_total");
    r->contact = moxd_xasprintf("postmaster@%s", moxd_conf_core()->hostname);
    return 0;
}

static void stop(struct moxd_instance *m)
{
    moxd_freep(&reports_self(m)->contact);
}

const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("reports", PACKAGE_VERSION, "sends and keeps reports about TLS and DMARC"),
    .needs = needs,
    .provides = provides,
    .conf = &block,
    .commands = reports_commands,
    .metrics = metrics,
    .instance_size = sizeof(struct reports),
    .init = init,
    .stop = stop,
};
