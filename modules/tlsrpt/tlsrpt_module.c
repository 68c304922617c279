/* tlsrpt: reports about TLS, to others and from others. The table of contents. */
#include "tlsrpt.h"

#include <moxmail/address.h>

static int check_address(struct moxd_str s, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_address ad;

    return moxd_address_parse(s, MOXD_ADDRESS_UTF8, a, &ad, err);
}

static const struct moxd_directive directives[] = {
    { .name = "no-outgoing-reports",
      MOXD_AT_BOOL(struct tlsrpt_conf, no_outgoing),
      .deflt = "false",
      .doc = "Send no reports to domains that ask for them, and gather nothing for that." },
    { .name = "outgoing-reports-for-all-success",
      MOXD_AT_BOOL(struct tlsrpt_conf, all_success),
      .deflt = "false",
      .doc = "Send reports about days on which nothing failed, too." },
    { .name = "host-address",
      MOXD_AT_STRING(struct tlsrpt_conf, host_address),
      .check = check_address,
      .example = "\"tlsreports@example.org\"",
      .doc = "Address of an account here that gets reports about this host (its DANE records); the "
             "address's own block says into which mailbox. Publish it at _smtp._tls.HOSTNAME." },
    { 0 },
};
static const struct moxd_block block = { .size = sizeof(struct tlsrpt_conf),
                                         .directives = directives };

static const struct moxd_directive domain_directives[] = {
    { .name = "address",
      MOXD_AT_STRING(struct tlsrpt_domain_conf, address),
      .check = check_address,
      .example = "\"tlsreports@example.org\"",
      .doc = "Address of an account here, of whatever domain, that gets TLS reports about this "
             "domain; the address's own block says into which mailbox. Publish it at "
             "_smtp._tls.DOMAIN." },
    { 0 },
};
static const struct moxd_block domain_block = { .size = sizeof(struct tlsrpt_domain_conf),
                                                .directives = domain_directives };
static const struct moxd_contribution contributes[] = {
    { "domain", "tlsrpt", &domain_block, "Reports about TLS of the domain's hosts (RFC 8460)." },
    { 0 },
};

static const struct moxd_hook hooks[] = {
    MOXD_HOOK(on_connected, tlsrpt_on_connected, .optional = true),
    MOXD_HOOK(on_message, tlsrpt_on_message, .phase = MOXD_POLICY, .after = "dmarc"),
    MOXD_HOOK(on_deliver, tlsrpt_on_deliver),
    { 0 },
};

static const char *const types[] = { "sts", "tlsa", "no-policy-found", NULL };
static const char *const results[] = { "successful",
                                       "starttls-not-supported",
                                       "certificate-host-mismatch",
                                       "certificate-expired",
                                       "certificate-not-trusted",
                                       "validation-failure",
                                       "tlsa-invalid",
                                       "dnssec-invalid",
                                       "dane-required",
                                       "sts-policy-fetch-error",
                                       "sts-policy-invalid",
                                       "sts-webpki-invalid",
                                       NULL };
static const struct moxd_metric metrics[] = {
    { .name = "moxd_tlsrpt_sessions_total",
      .type = MOXD_COUNTER,
      .help = "Connections to other servers, by policy and what became of TLS (RFC 8460 4.3).",
      .label = { "policy", "result" },
      .values = { types, results } },
    { .name = "moxd_tlsrpt_dropped_total",
      .type = MOXD_COUNTER,
      .help = "Results of TLS that were not recorded for reports." },
    { 0 },
};
static const char *const needs[] = { "store/1",      "reports/2", "smtp/1.9",
                                     "accounts/1.1", "dkim/1.1?", NULL };

static int init(struct moxd_instance *m, const struct moxd_conf *conf, struct moxd_err *err)
{
    struct tlsrpt *t = tlsrpt_self(m);
    struct moxd_instance *unused;

    (void)err;
    t->conf = moxd_conf_module(conf, m);
    t->store = moxd_interface_get(m, "store", &t->store_self);
    t->reports = moxd_interface_get(m, "reports", &t->reports_self);
    t->smtp = moxd_interface_get(m, "smtp", &unused);
    t->accounts = moxd_interface_get(m, "accounts", &t->accounts_self);
    t->dkim = moxd_interface_get(m, "dkim", &t->dkim_self);
    t->sessions = moxd_metric_find("moxd_tlsrpt_sessions_total");
    t->dropped = moxd_metric_find("moxd_tlsrpt_dropped_total");
    return 0;
}

static int start(struct moxd_instance *m, struct moxd_err *err)
{
    (void)err;
    (void)moxd_module_spawn(m, "tlsrpt", tlsrpt_writer, tlsrpt_self(m));
    (void)moxd_module_spawn(m, "tlsrpt-send", tlsrpt_sender, tlsrpt_self(m));
    return 0;
}

static void stop(struct moxd_instance *m)
{
    tlsrpt_flush(tlsrpt_self(m));
}

const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("tlsrpt", PACKAGE_VERSION, "reports about TLS, to others and from others"),
    .needs = needs,
    .conf = &block,
    .contributes = contributes,
    .hooks = hooks,
    .commands = tlsrpt_commands,
    .metrics = metrics,
    .instance_size = sizeof(struct tlsrpt),
    .init = init,
    .start = start,
    .stop = stop,
};
