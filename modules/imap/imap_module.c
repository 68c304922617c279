/* The IMAP module's tables. */
#include "place.h"

#define IMAP_PROGRESS_INTERVAL                                                                     \
    {                                                                                              \
        .name = "progress-interval",                                                               \
        MOXD_AT_DURATION(struct imap_service_conf, progress_interval), .deflt = "10s",             \
        .max = 600 * MOXD_SEC,                                                                     \
        .doc = "How often a client hears that its command still runs (INPROGRESS); RFC 9585 "      \
               "wants 10 to 15 seconds.",                                                          \
    }
static const struct moxd_directive service_directives[] = {
    MOXD_SERVICE_PORT("143"),
    { .name = "allow-plain",
      MOXD_AT_BOOL(struct imap_service_conf, allow_plain),
      .deflt = "false",
      .doc = "Accept passwords without TLS from everywhere, not only from loopback." },
    { .name = "max-append-size",
      MOXD_AT_SIZE(struct imap_service_conf, max_append_size),
      .deflt = "100M",
      .min = 1024,
      .max = INT64_C(1) << 40,
      .doc = "Largest message that APPEND accepts; announced as APPENDLIMIT." },
    IMAP_PROGRESS_INTERVAL,
    { 0 },
};
static const struct moxd_directive tls_service_directives[] = {
    MOXD_SERVICE_PORT("993"),
    { .name = "max-append-size",
      MOXD_AT_SIZE(struct imap_service_conf, max_append_size),
      .deflt = "100M",
      .min = 1024,
      .max = INT64_C(1) << 40,
      .doc = "Largest message that APPEND accepts; announced as APPENDLIMIT." },
    IMAP_PROGRESS_INTERVAL,
    { 0 },
};
static const struct moxd_block imap_block = { .size = sizeof(struct imap_service_conf),
                                              .directives = service_directives };
static const struct moxd_block imaps_block = { .size = sizeof(struct imap_service_conf),
                                               .directives = tls_service_directives };

static const struct moxd_directive account_directives[] = {
    { .name = "capabilities-disabled",
      MOXD_AT_STRINGS(struct imap_account_conf, disabled),
      .doc =
          "Capabilities that are not announced after login, such as \"BINARY\", for programs that "
          "make mistakes with them." },
    { .name = "quota-admin",
      MOXD_AT_BOOL(struct imap_account_conf, quota_admin),
      .deflt = "false",
      .doc = "May read and set the quotas of all accounts (GETQUOTA, SETQUOTA)." },
    { 0 },
};
static const struct moxd_block account_block = { .size = sizeof(struct imap_account_conf),
                                                 .directives = account_directives };
static const struct moxd_contribution contributions[] = {
    { .scope = "account",
      .name = "imap",
      .block = &account_block,
      .doc = "IMAP for this account." },
    { 0 },
};

static const char busy[] = "* BYE [UNAVAILABLE] too busy or shutting down, try again later\r\n";
const struct moxd_service imap_services[] = {
    { .name = "imap",
      .for_clients = true,
      .summary = "IMAP, with STARTTLS",
      .block = &imap_block,
      .client_certs = true,
      .busy = busy,
      .session = imap_session_run },
    { .name = "imaps",
      .for_clients = true,
      .summary = "IMAP over TLS",
      .block = &imaps_block,
      .implicit_tls = true,
      .client_certs = true,
      .alpn = { "imap" },
      .busy = busy,
      .session = imap_session_run },
    { 0 },
};

static const struct moxd_command control_commands[] = {
    { .name = "imapserve",
      .args = "ACCOUNT|ADDRESS",
      .summary = "an IMAP session of an account, over standard input and output",
      .help =
          "The client is logged in from the start (PREAUTH); no password is asked for. Made for "
          "mail "
          "programs that reach their server through a command, such as ssh HOST moxctl imapserve "
          "ACCOUNT: Tunnel of mbsync, tunnel of mutt and neomutt.",
      .min_args = 1,
      .max_args = 1,
      .run = imap_ctl_imapserve },
    { 0 },
};

/* clang-format off */
static const char *const verbs[] = {
    "CAPABILITY",  "NOOP",    "LOGOUT",   "ID",        "STARTTLS", "AUTHENTICATE", "LOGIN",
    "ENABLE",      "SELECT",  "EXAMINE",  "CREATE",    "DELETE",   "RENAME",       "SUBSCRIBE",
    "UNSUBSCRIBE", "LIST",    "LSUB",     "NAMESPACE", "STATUS",   "APPEND",       "IDLE",
    "CHECK",       "CLOSE",   "UNSELECT", "EXPUNGE",   "SEARCH",   "FETCH",        "STORE",
    "COPY",        "MOVE",    "SORT",     "THREAD",    "REPLACE",  "COMPRESS",     "CANCELUPDATE",
    "NOTIFY",      "ESEARCH",
    "SETACL",      "DELETEACL", "GETACL", "LISTRIGHTS", "MYRIGHTS",
    "UNAUTHENTICATE",
    "GETMETADATA", "SETMETADATA",
    "GETQUOTA",    "GETQUOTAROOT", "SETQUOTA",
    "invalid",     NULL,
};
/* clang-format on */
static const char *const results[] = { "ok", "no", "bad", NULL };
static const struct moxd_metric metrics[] = {
    { .name = "moxd_imap_connections_total",
      .type = MOXD_COUNTER,
      .help = "IMAP connections accepted." },
    { .name = "moxd_imap_commands_total",
      .type = MOXD_COUNTER,
      .help = "IMAP commands by name and result.",
      .label = { "command", "result" },
      .values = { verbs, results } },
    { 0 },
};
static const char *const needs[] = { "store/1.10", "auth/1.3", "accounts/1", "search/2?", NULL };

static int init(struct moxd_instance *m, const struct moxd_conf *conf, struct moxd_err *err)
{
    struct imap *im = MOXD_CONTAINER(m, struct imap, m);

    (void)conf, (void)err;
    im->store = moxd_interface_get(m, "store", &im->store_self);
    im->auth = moxd_interface_get(m, "auth", &im->auth_self);
    im->accounts = moxd_interface_get(m, "accounts", &im->accounts_self);
    im->search = moxd_interface_get(m, "search", &im->search_self);
    im->connections = moxd_metric_find("moxd_imap_connections_total");
    im->commands = moxd_metric_find("moxd_imap_commands_total");
    return 0;
}

/* Once more is no harm: the hook is fired until all modules succeeded. */
static enum moxd_verdict on_account_remove(struct moxd_instance *m,
                                           const struct accounts_remove_event *ev,
                                           struct accounts_removal *removal)
{
    struct moxd_err err = { 0 };

    if (imap_shares_forget(MOXD_CONTAINER(m, struct imap, m), ev->account, &err) == 0)
        return MOXD_NEXT;
    return moxd_reply_set(&removal->reply, 451, "4.3.0", "%s", err.pub);
}

static const struct moxd_hook hooks[] = {
    MOXD_HOOK(on_account_remove, on_account_remove, .optional = true),
    { 0 },
};

static void stop(struct moxd_instance *m)
{
    imap_shares_free(MOXD_CONTAINER(m, struct imap, m));
}

const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("imap", PACKAGE_VERSION, "IMAP4rev1 and IMAP4rev2 server"),
    .needs = needs,
    .contributes = contributions,
    .services = imap_services,
    .commands = control_commands,
    .metrics = metrics,
    .instance_size = sizeof(struct imap),
    .hooks = hooks,
    .init = init,
    .stop = stop,
};
