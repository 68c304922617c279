/* dane: TLSA records of the hosts that mail goes to. The table of contents. */
#include "dane.h"

static const struct moxd_directive directives[] = {
    { .name = "timeout",
      MOXD_AT_DURATION(struct dane_conf, timeout),
      .deflt = "30s",
      .min = MOXD_SEC,
      .max = 60 * MOXD_SEC,
      .doc = "How long the lookups of the TLSA records of a host may take. When they take longer "
             "the host "
             "gets no mail for now." },
    { 0 },
};
static const struct moxd_block block = { .size = sizeof(struct dane_conf),
                                         .directives = directives };

static const struct moxd_hook hooks[] = {
    MOXD_HOOK(on_security, dane_on_security, .timeout = 150 * MOXD_SEC, .optional = true),
    { 0 },
};

static const char *const results[] = { "secure", "unusable", "none", "failed", NULL };
static const struct moxd_metric metrics[] = {
    { .name = "moxd_dane_lookups_total",
      .type = MOXD_COUNTER,
      .help = "Hosts whose TLSA records were looked up before a connection, by what there was.",
      .label = { "result" },
      .values = { results } },
    { 0 },
};

static const struct moxd_command commands[] = {
    { .name = "dane dial",
      .args = "HOST:PORT ...",
      .summary = "connect to servers with TLS and verify them by DANE",
      .help =
          "Prints the TLSA records of each host, and for each of its addresses what became of TLS. "
          "At port 25 and 587 TLS begins with STARTTLS of SMTP, at others at once.",
      .min_args = 1,
      .max_args = -1,
      .run = dane_cmd_dial },
    { .name = "dane dialmx",
      .args = "DOMAIN [PORT]",
      .summary = "connect to the mail servers of a domain and verify them by DANE",
      .help = "Tries STARTTLS at every address of every host that takes mail for the domain, as "
              "mail to it "
              "would. Nothing is sent. The exit status is 0 when each host was verified.",
      .min_args = 1,
      .max_args = 2,
      .run = dane_cmd_dialmx },
    { .name = "dane makerecord",
      .args = "USAGE SELECTOR MATCHING FILE",
      .summary = "print the TLSA record for a certificate or key",
      .help = "FILE is a certificate, or with selector SPKI also a public or private key, in PEM; "
              "\"-\" is "
              "standard input. The others are numbers or names: PKIX-TA, PKIX-EE, DANE-TA, "
              "DANE-EE; Cert, "
              "SPKI; Full, SHA2-256, SHA2-512. For a mail server: DANE-EE SPKI SHA2-256.",
      .min_args = 4,
      .max_args = 4,
      .run = dane_cmd_makerecord,
      .flags = MOXD_CMD_STDIN },
    { 0 },
};

static const char *const needs[] = { "smtpclient/1", NULL };

static int dane_init(struct moxd_instance *m, const struct moxd_conf *conf, struct moxd_err *err)
{
    struct dane *d = MOXD_CONTAINER(m, struct dane, m);

    (void)err;
    d->conf = moxd_conf_module(conf, m);
    d->client = moxd_interface_get(m, "smtpclient", &d->client_self);
    d->lookups = moxd_metric_find("moxd_dane_lookups_total");
    return 0;
}

const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("dane", PACKAGE_VERSION, "verifies mail servers by TLSA records (DANE)"),
    .needs = needs,
    .conf = &block,
    .hooks = hooks,
    .commands = commands,
    .metrics = metrics,
    .instance_size = sizeof(struct dane),
    .init = dane_init,
};
