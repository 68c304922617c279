#include "queue_conf.h"

#include <stdlib.h>

static int check_interval(struct moxd_str s, struct moxd_err *err)
{
    int64_t ns;

    return queue_duration_parse(s, &ns) < 0 || ns < MOXD_SEC
               ? moxd_err_set(err, MOXD_ERR_INVALID, "not a duration like 30s, 7m30s or 4h")
               : 0;
}

/* host:port, the host perhaps in brackets. */
static int check_host_port(struct moxd_str s, struct moxd_err *err)
{
    ptrdiff_t colon = moxd_str_rchr(s, ':');
    uint64_t port;

    if (colon <= 0 || moxd_str_u64(moxd_str_from(s, (size_t)colon + 1), 65535, &port) < 0 ||
        port == 0)
        return moxd_err_set(err, MOXD_ERR_INVALID, "not of the form host:port");
    return 0;
}

static const char *const kinds[] = { "direct", "smtp", "submission", "socks", "fail", NULL };
static const char *const tls_modes[] = { "starttls", "immediate", "opportunistic", "none", NULL };

static const struct moxd_directive transport_directives[] = {
    { .name = "kind",
      MOXD_AT_ENUM(struct queue_transport, kind),
      .values = kinds,
      .flags = MOXD_D_REQUIRED,
      .example = "submission",
      .doc = "direct: to the hosts of the recipient's domain. smtp: to one host that takes mail "
             "from this server "
             "without a password. submission: to a host with a password. socks: as direct, through "
             "a proxy. fail: "
             "nowhere, recipients fail at once." },
    { .name = "host",
      MOXD_AT_STRING(struct queue_transport, host),
      .max = 253,
      .example = "\"smtp.example.net\"",
      .doc = "Of smtp and submission: the host." },
    { .name = "port",
      MOXD_AT_INT(struct queue_transport, port),
      .max = 65535,
      .example = "587",
      .doc = "Its port. Default: 25 of smtp, 587 of submission, 465 with tls = immediate." },
    { .name = "tls",
      MOXD_AT_ENUM(struct queue_transport, tls),
      .values = tls_modes,
      .deflt = "starttls",
      .doc = "Of smtp and submission. starttls: required, with a certificate that can be verified. "
             "immediate: the "
             "same from the first byte. opportunistic: if the host offers it, whatever its "
             "certificate. none." },
    { .name = "username",
      MOXD_AT_STRING(struct queue_transport, username),
      .max = 255,
      .example = "\"moxd@example.net\"",
      .doc = "Of submission: login at the host." },
    { .name = "password",
      MOXD_AT_STRING(struct queue_transport, password),
      .max = 255,
      .flags = MOXD_D_SECRET,
      .example = "\"secret\"",
      .doc = "Of submission: password at the host." },
    { .name = "mechanisms",
      MOXD_AT_STRINGS(struct queue_transport, mechanisms),
      .example = "[\"SCRAM-SHA-256\"]",
      .doc = "Of submission: SASL mechanisms that may be used, the best first. Default: the "
             "strongest that the "
             "host offers." },
    { .name = "client-key",
      MOXD_AT_PATH(struct queue_transport, client_key),
      .example = "\"/etc/moxd/relay.pem\"",
      .doc = "Of smtp and submission: file with a private key, and perhaps certificates, in PEM, "
             "which the host gets to "
             "see when it asks for a certificate. With an Ed25519 key alone (or any other) a "
             "certificate is made. The "
             "user of the server must be able to read it; it is read for each connection. Without "
             "a password the key is the "
             "login (EXTERNAL)." },
    { .name = "proxy",
      MOXD_AT_STRING(struct queue_transport, proxy),
      .check = check_host_port,
      .example = "\"127.0.0.1:1080\"",
      .doc = "Of socks: the SOCKS5 proxy." },
    { .name = "disable-ipv4",
      MOXD_AT_BOOL(struct queue_transport, disable_ipv4),
      .deflt = "false",
      .doc = "Of direct: IPv4 is not used." },
    { .name = "disable-ipv6",
      MOXD_AT_BOOL(struct queue_transport, disable_ipv6),
      .deflt = "false",
      .doc = "Of direct: IPv6 is not used." },
    { .name = "smtp-code",
      MOXD_AT_INT(struct queue_transport, smtp_code),
      .deflt = "554",
      .min = 400,
      .max = 599,
      .doc = "Of fail: with a code of 4xx recipients are tried again later." },
    { .name = "smtp-message",
      MOXD_AT_STRING(struct queue_transport, smtp_message),
      .max = 300,
      .deflt = "\"transport fail: delivery is switched off\"",
      .doc = "Of fail: the text that senders read." },
    { 0 },
};

static void check_login(const struct queue_transport *t, struct moxd_problems *out)
{
    bool password = t->username && t->password;
    struct moxd_err err = { 0 };

    if (t->kind == QUEUE_KIND_SUBMISSION && !password && (!t->client_key || t->password))
        moxd_problem(out, t->head.pos,
                     "add username and password, or client-key, or use kind = smtp",
                     "transport \"%s\" has no login", t->head.label);
    if (!t->client_key)
        return;
    struct moxd_tls_identity *id = moxd_tls_identity_load(t->client_key, &err);
    if (!id)
        moxd_problem(out, t->head.pos, "moxctl tlspubkey gen makes one",
                     "client-key of transport \"%s\": %s", t->head.label, err.priv);
    moxd_tls_identity_free(id);
}

static void check_transport(void *block, struct moxd_problems *out)
{
    const struct queue_transport *t = block;
    bool relay = t->kind == QUEUE_KIND_SMTP || t->kind == QUEUE_KIND_SUBMISSION;

    if (relay && !t->host)
        moxd_problem(out, t->head.pos, "add host = \"smtp.example.net\"",
                     "transport \"%s\" has no host", t->head.label);
    check_login(t, out);
    if (t->kind == QUEUE_KIND_SUBMISSION && t->tls >= QUEUE_TLS_OPPORTUNISTIC)
        moxd_problem_warning(out, t->head.pos, "transport \"%s\" may send its password without TLS",
                             t->head.label);
    if (t->kind == QUEUE_KIND_SOCKS && !t->proxy)
        moxd_problem(out, t->head.pos, "add proxy = \"127.0.0.1:1080\"",
                     "transport \"%s\" has no proxy", t->head.label);
    if (t->disable_ipv4 && t->disable_ipv6)
        moxd_problem(out, t->head.pos, "leave one of them",
                     "transport \"%s\" has no address family left", t->head.label);
}

static const struct moxd_block transport_block = {
    .size = sizeof(struct queue_transport),
    .directives = transport_directives,
    .label_doc = "Name of the transport, for routes.",
    .check = check_transport,
};

static const struct moxd_directive directives[] = {
    { .name = "retry",
      MOXD_AT_STRINGS(struct queue_conf, retry),
      .deflt = "[\"7m30s\", \"15m\", \"30m\", \"1h\", \"2h\", \"4h\", \"8h\"]",
      .check = check_interval,
      .doc = "How long to wait after the first failed attempt, the second, and so on; the last one "
             "is used again "
             "and again. Each is varied a little." },
    { .name = "give-up",
      MOXD_AT_DURATION(struct queue_conf, give_up),
      .deflt = "5d",
      .min = MOXD_SEC,
      .max = QUEUE_DURATION_MAX,
      .doc = "After so long a recipient fails, and the sender is told (RFC 5321 4.5.4.1)." },
    { .name = "delay-notice",
      MOXD_AT_DURATION(struct queue_conf, delay_notice),
      .deflt = "4h",
      .max = QUEUE_DURATION_MAX,
      .doc = "After so long the sender is told that the message is delayed. 0: never." },
    { .name = "connections",
      MOXD_AT_INT(struct queue_conf, connections),
      .deflt = "100",
      .min = 1,
      .max = 5000,
      .doc = "Most connections to other servers at a time." },
    { .name = "connections-per-destination",
      MOXD_AT_INT(struct queue_conf, destination_connections),
      .deflt = "10",
      .min = 1,
      .max = 1000,
      .doc = "Most connections for one domain at a time. A domain that refuses them gets fewer for "
             "a while." },
    { .name = "destination-pause",
      MOXD_AT_DURATION(struct queue_conf, destination_pause),
      .deflt = "1m",
      .min = MOXD_SEC,
      .max = INT64_C(3600) * MOXD_SEC,
      .doc = "How long a domain is left alone that wants less mail (421, 45x)." },
    { .name = "keep-retired",
      MOXD_AT_DURATION(struct queue_conf, keep_retired),
      .deflt = "7d",
      .max = QUEUE_DURATION_MAX,
      .doc = "How long it is remembered what became of a recipient, without the message: moxctl "
             "queue retired, and "
             "delivery reports that come back. 0: not at all." },
    { .name = "port",
      MOXD_AT_INT(struct queue_conf, port),
      .deflt = "25",
      .min = 1,
      .max = 65535,
      .doc = "Port of other servers; another one is for tests." },
    { .name = "local",
      MOXD_AT_BOOL(struct queue_conf, local),
      .deflt = "false",
      .doc = "All mail goes to the smtp service of this server itself, whatever its domain: for "
             "local tests." },
    { .name = "transport",
      MOXD_AT_BLOCKS(struct queue_conf, transports),
      .block = &transport_block,
      .example = "\"smarthost\"",
      .doc = "A way on which messages can leave, for routes in domains.conf." },
    { 0 },
};

static void check_conf(void *block, struct moxd_problems *out)
{
    const struct queue_conf *conf = block;

    if (conf->retry.n == 0)
        moxd_problem(out, conf->head.pos, "as retry = [\"7m30s\", \"1h\"]", "retry is empty");
}

const struct moxd_block queue_conf_block = {
    .size = sizeof(struct queue_conf),
    .directives = directives,
    .check = check_conf,
};

/* --- domains.conf ------------------------------------------------------------------------------ */

static const struct moxd_directive route_directives[] = {
    { .name = "to-domain",
      MOXD_AT_STRINGS(struct queue_route, to),
      .example = "[\"example.net\", \".example.net\"]",
      .doc = "Domains of recipients; with a dot in front all domains below it. Default: all." },
    { .name = "from-domain",
      MOXD_AT_STRINGS(struct queue_route, from),
      .example = "[\"example.org\"]",
      .doc = "Domains of senders (MAIL FROM), in the same way." },
    { .name = "minimum-attempts",
      MOXD_AT_INT(struct queue_route, minimum_attempts),
      .deflt = "0",
      .max = 1000,
      .doc = "Only after at least so many failed attempts." },
    { .name = "transport",
      MOXD_AT_STRING(struct queue_route, transport),
      .deflt = "\"\"",
      .example = "\"smarthost\"",
      .doc = "Name of a transport of moxd.conf; \"\": to the hosts of the recipient's domain." },
    { 0 },
};
static const struct moxd_block route_block = { .size = sizeof(struct queue_route),
                                               .directives = route_directives };

#define ROUTES(S, whose)                                                                           \
    {                                                                                              \
        .name = "route", MOXD_AT_BLOCKS(S, routes), .block = &route_block,                         \
        .flags = MOXD_D_NOLABEL,                                                                   \
        .doc =                                                                                     \
            "How mail " whose                                                                      \
            " leaves. Routes of the account come first, then those of its sender's domain, then "  \
            "those for all; the first that matches is used."                                       \
    }

static const struct moxd_directive dynamic_directives[] = {
    ROUTES(struct queue_dynamic_conf, "of this server"),
    { 0 },
};
const struct moxd_block queue_dynamic_block = { .size = sizeof(struct queue_dynamic_conf),
                                                .directives = dynamic_directives };

static const struct moxd_directive domain_directives[] = {
    ROUTES(struct queue_domain_conf, "from this domain"),
    { 0 },
};
const struct moxd_block queue_domain_block = { .size = sizeof(struct queue_domain_conf),
                                               .directives = domain_directives };

static const struct moxd_directive account_directives[] = {
    ROUTES(struct queue_account_conf, "of this account"),
    { .name = "max-outgoing-messages-per-day",
      MOXD_AT_INT(struct queue_account_conf, max_outgoing),
      .deflt = "1000",
      .max = 1000000000,
      .doc = "Most messages in 24 hours to other servers, counted by recipient. 0: no limit." },
    { .name = "max-first-time-recipients-per-day",
      MOXD_AT_INT(struct queue_account_conf, max_first_time),
      .deflt = "200",
      .max = 1000000000,
      .doc = "Most recipients in 24 hours that this account has never written to. It keeps a "
             "stolen password from "
             "being used for spam. 0: no limit." },
    { .name = "keep-retired",
      MOXD_AT_DURATION(struct queue_account_conf, keep_retired),
      .max = QUEUE_DURATION_MAX,
      .doc = "How long it is remembered what became of mail of this account. Default: as in "
             "moxd.conf." },
    { .name = "from-id-logins",
      MOXD_AT_STRINGS(struct queue_account_conf, fromid_logins),
      .example = "[\"app@example.org\"]",
      .doc =
          "Mail that is submitted with one of these logins gets a sender (MAIL FROM) of its own "
          "for each "
          "recipient, by which reports that come back are matched. The domain needs a separator." },
    { 0 },
};
const struct moxd_block queue_account_block = { .size = sizeof(struct queue_account_conf),
                                                .directives = account_directives };
