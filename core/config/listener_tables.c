/* What core has in a listener: addresses, host name, TLS. */
#include "config/conf.h"

#include <arpa/inet.h>

static const char *const tls_versions[] = { "TLSv1.2", "TLSv1.3", NULL };

static int check_ip(struct moxd_str value, struct moxd_err *err)
{
    unsigned char addr[sizeof(struct in6_addr)];
    char text[INET6_ADDRSTRLEN];

    if (moxd_str_copy(value, text, sizeof(text)) == 0 &&
        (inet_pton(AF_INET, text, addr) == 1 || inet_pton(AF_INET6, text, addr) == 1))
        return 0;
    return moxd_err_set(err, MOXD_ERR_SYNTAX, "must be an IPv4 or IPv6 address");
}

/* Letters, digits and dashes between dots (RFC 5321 4.1.2 Domain), as DNS has it: ASCII. */
int conf_check_hostname(struct moxd_str value, struct moxd_err *err)
{
    struct moxd_str rest = value;

    while (rest.p) {
        struct moxd_str part = moxd_str_cut(&rest, '.');
        bool ok = part.n > 0 && part.n < 64 && part.p[0] != '-' && part.p[part.n - 1] != '-';

        for (size_t i = 0; i < part.n; i++)
            ok = ok && (moxd_is_alpha(part.p[i]) || moxd_is_digit(part.p[i]) || part.p[i] == '-');
        if (!ok)
            return moxd_err_set(err, MOXD_ERR_SYNTAX, "must be a host name like mail.example.org");
    }
    return 0;
}

static const struct moxd_directive pair_directives[] = {
    { .name = "certificate",
      MOXD_AT_PATH(struct core_pair_conf, certificate),
      .flags = MOXD_D_REQUIRED,
      .example = "\"/etc/moxd/tls/mail.example.org.pem\"",
      .doc = "File with the certificate and those that lead to its authority, in PEM format." },
    { .name = "key",
      MOXD_AT_PATH(struct core_pair_conf, key),
      .flags = MOXD_D_REQUIRED,
      .example = "\"/etc/moxd/tls/mail.example.org.key\"",
      .doc = "File with the private key, in PEM format. It is read as root and may be readable by "
             "root only." },
    { 0 },
};
static const struct moxd_block pair_block = {
    .size = sizeof(struct core_pair_conf),
    .directives = pair_directives,
    .label_doc = "any name, for messages",
};

static void check_listener_tls(void *block, struct moxd_problems *out)
{
    const struct moxd_tls_conf *tls = block;

    if (tls->pairs.n == 0 && !tls->head.ext)
        moxd_problem(out, tls->head.pos,
                     "add: pair \"name\" { certificate = \"...\" key = \"...\" }",
                     "TLS without a certificate");
}

static const struct moxd_directive listener_tls_directives[] = {
    { .name = "pair",
      MOXD_AT_BLOCKS(struct moxd_tls_conf, pairs),
      .block = &pair_block,
      .example = "\"mail.example.org\"",
      .flags = MOXD_D_COMMON,
      .doc = "A certificate with its key. The first one is used for clients that name no server." },
    { .name = "min-version",
      MOXD_AT_ENUM(struct moxd_tls_conf, min_version),
      .values = tls_versions,
      .deflt = "TLSv1.2",
      .doc = "The oldest version of TLS that is accepted." },
    { .name = "client-auth-disabled",
      MOXD_AT_BOOL(struct moxd_tls_conf, client_auth_disabled),
      .deflt = "false",
      .doc = "Do not ask clients for a certificate. Some old clients cannot cope with "
             "being asked; without it nobody can log in with a TLS key." },
    { 0 },
};
static const struct moxd_block listener_tls_block = {
    .size = sizeof(struct moxd_tls_conf),
    .directives = listener_tls_directives,
    .scope = "listener-tls",
    .check = check_listener_tls,
};

static const struct moxd_directive listener_directives[] = {
    { .name = "addresses",
      MOXD_AT_STRINGS(struct moxd_listener_conf, addresses),
      .check = check_ip,
      .flags = MOXD_D_REQUIRED,
      .example = "[\"203.0.113.5\", \"2001:db8::5\"]",
      .doc = "IP addresses to listen on. Name the public addresses of the machine one by one "
             "instead of "
             "0.0.0.0 and ::, which collide with services that listen on 127.0.0.1." },
    { .name = "nat-addresses",
      MOXD_AT_STRINGS(struct moxd_listener_conf, nat_addresses),
      .check = check_ip,
      .example = "[\"198.51.100.7\"]",
      .doc = "The public IP addresses when the machine is behind a NAT and the addresses above are "
             "internal ones. Checks of DNS use these." },
    { .name = "proxy-protocol-from",
      MOXD_AT_STRINGS(struct moxd_listener_conf, proxies),
      .check = conf_check_network,
      .example = "[\"10.0.0.5\", \"2001:db8:1::/64\"]",
      .doc = "Addresses and networks of load balancers. Each connection to this listener must come "
             "from one "
             "of them and begin with a header of the PROXY protocol, version 1 or 2, which says "
             "who the "
             "client is; others are closed. Who connects from these addresses can claim to be "
             "anybody." },
    { .name = "hostname",
      MOXD_AT_STRING(struct moxd_listener_conf, hostname),
      .check = conf_check_hostname,
      .max = CONF_HOSTNAME_MAX,
      .example = "mail.example.org",
      .doc = "Host name in greetings and for TLS. Default: the server's hostname." },
    { .name = "tls",
      MOXD_AT_BLOCK(struct moxd_listener_conf, tls),
      .block = &listener_tls_block,
      .flags = MOXD_D_COMMON,
      .doc =
          "TLS on this listener: STARTTLS for services that have it, and services that begin with "
          "TLS. Without it neither is there." },
    { .name = CORE_ALPN,
      MOXD_AT_BLOCK(struct moxd_listener_conf, alpn),
      .block = &conf_alpn_block,
      .doc = "One more port for several services, for users in networks that let little but HTTPS "
             "through: their "
             "mail programs say in the TLS handshake which protocol they want (ALPN). Those that "
             "say nothing are turned away. A service may have the same port of its own; then it "
             "is here only." },
    { 0 },
};
const struct moxd_block conf_listener_block = {
    .size = sizeof(struct moxd_listener_conf),
    .directives = listener_directives,
    .scope = "listener",
    .label_doc = "any name, for logs and messages",
};
