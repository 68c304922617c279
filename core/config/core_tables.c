/* Core's own directives in moxd.conf. */
#include "config/conf.h"

#include <moxd/clock.h>
#include <moxd/log.h>

static const char *const levels[] = { "error", "warn",      "info",      "debug",
                                      "trace", "traceauth", "tracedata", NULL };
static const char *const on_errors[] = { "defer", "deny", "ignore", NULL };

static int check_hook_label(struct moxd_str label)
{
    ptrdiff_t dot = moxd_str_chr(label, '.');

    return dot > 0 && (size_t)dot + 1 < label.n ? 0 : -1;
}

static void check_hook(void *block, struct moxd_problems *out)
{
    const struct core_hook_conf *h = block;

    if (check_hook_label(moxd_cstr(h->head.label)) < 0)
        moxd_problem(out, h->head.pos, "for example: hook \"store.on_account_remove\" { ... }",
                     "the label of a hook is MODULE.POINT");
}

static const struct moxd_directive log_directives[] = {
    { .name = "level",
      MOXD_AT_ENUM(struct core_log_conf, level),
      .values = levels,
      .flags = MOXD_D_REQUIRED,
      .example = "debug",
      .doc = "Level of this component." },
    { 0 },
};
static const struct moxd_block log_block = {
    .size = sizeof(struct core_log_conf),
    .directives = log_directives,
    .label_doc =
        "a component: the name of a module, or a part of core like \"config\", \"dns\" or \"tls\"",
};

static const struct moxd_directive stub_directives[] = {
    { .name = "server",
      MOXD_AT_STRING(struct core_dns_stub_conf, server),
      .flags = MOXD_D_REQUIRED,
      .example = "\"192.0.2.53@53\"",
      .doc = "Address of the server to ask, with @port when it is not 53." },
    { 0 },
};
static const struct moxd_block stub_block = {
    .size = sizeof(struct core_dns_stub_conf),
    .directives = stub_directives,
    .label_doc = "the zone, with or without final dot",
};
static const struct moxd_directive dns_directives[] = {
    { .name = "trust-anchor",
      MOXD_AT_PATH(struct core_dns_conf, trust_anchor),
      .example = "\"/usr/share/dns/root.key\"",
      .doc = "File with the DNSSEC trust anchors of the root zone, in the format of zone files. "
             "Default: the one of the system." },
    { .name = "forward",
      MOXD_AT_STRINGS(struct core_dns_conf, forward),
      .example = "[\"192.0.2.1\"]",
      .doc = "Addresses of resolvers to ask, with @port when it is not 53. Default: none, moxd "
             "resolves "
             "by itself from the root. A forwarder must pass DNSSEC records on." },
    { .name = "stub",
      MOXD_AT_BLOCKS(struct core_dns_conf, stubs),
      .block = &stub_block,
      .example = "\"example.org\"",
      .doc = "A zone that is answered by a server of its own, for split horizons and tests." },
    { .name = "local-data",
      MOXD_AT_STRINGS(struct core_dns_conf, local_data),
      .example = "[\"mail.example.org. 300 IN A 192.0.2.1\"]",
      .doc = "Records that are answered from here, in the format of zone files; for tests." },
    { .name = "local-only",
      MOXD_AT_BOOL(struct core_dns_conf, local_only),
      .deflt = "false",
      .doc = "Nothing but local-data exists, and no server is asked: for tests, and for trying out "
             "without a network." },
    { 0 },
};
static const struct moxd_block dns_block = {
    .size = sizeof(struct core_dns_conf),
    .directives = dns_directives,
};

static const struct moxd_directive tls_directives[] = {
    { .name = "ca",
      MOXD_AT_STRINGS(struct core_tls_conf, ca),
      .example = "[\"/etc/moxd/ca.pem\"]",
      .doc =
          "Files with certificates of further certificate authorities that are trusted in outgoing "
          "connections." },
    { .name = "no-system-ca",
      MOXD_AT_BOOL(struct core_tls_conf, no_system_ca),
      .deflt = "false",
      .doc = "Trust only the authorities in ca, not those of the system." },
    { 0 },
};
static const struct moxd_block tls_block = {
    .size = sizeof(struct core_tls_conf),
    .directives = tls_directives,
};

static const struct moxd_directive hook_directives[] = {
    { .name = "timeout",
      MOXD_AT_DURATION(struct core_hook_conf, timeout),
      .deflt = "0",
      .max = 3600 * MOXD_SEC,
      .example = "10s",
      .doc = "How long the hook may take. 0: as the module says." },
    { .name = "on-error",
      MOXD_AT_ENUM(struct core_hook_conf, on_error),
      .values = on_errors,
      .deflt = "defer",
      .doc = "What happens when the hook fails or takes too long: defer (the peer is told to try "
             "again "
             "later), deny (refused for good) or ignore (as if it were not there)." },
    { 0 },
};
static const struct moxd_block hook_block = {
    .size = sizeof(struct core_hook_conf),
    .directives = hook_directives,
    .check = check_hook,
    .label_doc = "module and hook point, \"store.on_account_remove\"; moxd -o lists them",
};

static const struct moxd_directive core_directives[] = {
    { .name = "hostname",
      MOXD_AT_STRING(struct moxd_core_conf, hostname),
      .check = conf_check_hostname,
      .max = CONF_HOSTNAME_MAX,
      .flags = MOXD_D_COMMON,
      .example = "mail.example.org",
      .doc = "Full host name of this server, the one that its IP addresses lead to in reverse DNS. "
             "Default: the system's host name." },
    { .name = "data-dir",
      MOXD_AT_PATH(struct moxd_core_conf, data_dir),
      .deflt = MOXD_STATEDIR,
      .flags = MOXD_D_COMMON,
      .doc = "Directory with all data: mailboxes, queue, control socket. From moxd.conf's "
             "directory when "
             "it is relative." },
    { .name = "user",
      MOXD_AT_STRING(struct moxd_core_conf, user),
      .deflt = "moxd",
      .min = 1,
      .max = 64,
      .doc =
          "User that the server runs as after it was started as root. Not used when it is started "
          "by another user." },
    { .name = "no-fix-permissions",
      MOXD_AT_BOOL(struct moxd_core_conf, no_fix_permissions),
      .deflt = "false",
      .doc =
          "Do not repair owner and mode of the files in the configuration and data directories at "
          "start." },
    { .name = "pedantic",
      MOXD_AT_BOOL(struct moxd_core_conf, pedantic),
      .deflt = "false",
      .doc = "Refuse what the standards forbid but others let pass. For tests of mail programs." },
    { .name = "log-level",
      MOXD_AT_ENUM(struct moxd_core_conf, log_level),
      .values = levels,
      .deflt = "info",
      .doc =
          "How much is logged: error, warn, info, debug, trace (protocols, without passwords and "
          "message data), traceauth (passwords too), tracedata (everything). moxctl loglevels "
          "changes "
          "it while the server runs." },
    { .name = "log",
      MOXD_AT_BLOCKS(struct moxd_core_conf, log_levels),
      .block = &log_block,
      .example = "\"smtp\"",
      .doc = "Another level for one component." },
    { .name = "modules",
      MOXD_AT_STRINGS(struct moxd_core_conf, modules),
      .flags = MOXD_D_REQUIRED,
      .example = "[\"accounts\", \"store\", \"auth\", \"smtp\", \"imap\", \"trace\"]",
      .doc = "Modules to load; each adds directives, services and commands. The order does not "
             "matter." },
    { .name = "module-dirs",
      MOXD_AT_STRINGS(struct moxd_core_conf, module_dirs),
      .example = "[\"/usr/local/lib/moxd/modules\"]",
      .doc = "Directories with modules, searched before the one that belongs to moxd." },
    { .name = "listener",
      MOXD_AT_BLOCKS(struct moxd_core_conf, listeners),
      .block = &conf_listener_block,
      .example = "\"public\"",
      .flags = MOXD_D_COMMON,
      .doc = "Addresses to listen on, and the services there." },
    { .name = "stop-grace",
      MOXD_AT_DURATION(struct moxd_core_conf, stop_grace),
      .deflt = "3s",
      .max = 3600 * MOXD_SEC,
      .doc = "How long sessions may go on with what they are doing when the server stops." },
    { .name = "hang-limit",
      MOXD_AT_DURATION(struct moxd_core_conf, hang_limit),
      .deflt = "30s",
      .min = 2 * MOXD_SEC,
      .max = 3600 * MOXD_SEC,
      .doc = "A server that is stuck in one piece of code for so long is ended and started again. "
             "After a second it is logged where it is stuck." },
    { .name = "max-connections",
      MOXD_AT_INT(struct moxd_core_conf, max_connections),
      .deflt = "10000",
      .min = 1,
      .max = 1000000,
      .doc = "Connections at the same time, over all listeners. Further ones are told to come back "
             "later." },
    { .name = "dns",
      MOXD_AT_BLOCK(struct moxd_core_conf, dns),
      .block = &dns_block,
      .flags = MOXD_D_ALWAYS,
      .doc = "The resolver." },
    { .name = "tls",
      MOXD_AT_BLOCK(struct moxd_core_conf, tls),
      .block = &tls_block,
      .flags = MOXD_D_ALWAYS,
      .doc = "TLS of outgoing connections." },
    { .name = "hook",
      MOXD_AT_BLOCKS(struct moxd_core_conf, hooks),
      .block = &hook_block,
      .example = "\"store.on_account_remove\"",
      .doc = "Time limit and failure handling of one hook of one module." },
    { 0 },
};
const struct moxd_block conf_core_block = {
    .size = sizeof(struct moxd_core_conf),
    .directives = core_directives,
};
