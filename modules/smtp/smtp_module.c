/* smtp: server on port 25, submission on 587 and 465, local delivery. The table of contents. */
#include "smtp.h"

MOXD_POINT_THUNK(on_connect, struct moxd_reply)
MOXD_POINT_THUNK(on_helo, struct moxd_reply)
MOXD_POINT_THUNK(on_mail, struct moxd_reply)
MOXD_POINT_THUNK(on_route, struct smtp_route)
MOXD_POINT_THUNK(on_rcpt, struct moxd_reply)
MOXD_POINT_THUNK(on_submit, struct moxd_reply)
MOXD_POINT_THUNK(on_message, struct moxd_reply)
MOXD_POINT_THUNK_VOID(on_delivered)
MOXD_POINT_THUNK_VOID(on_refused)
MOXD_POINT_THUNK(on_mailbox, struct smtp_placing)
MOXD_POINT_THUNK(on_reject, struct smtp_placing)
MOXD_POINT_THUNK(on_accept, struct smtp_accepting)
MOXD_POINT_THUNK(on_deliver, struct smtp_handing)

static const struct moxd_point_def points[] = {
    MOXD_POINT(on_connect, MOXD_DECIDE, "struct smtp_conn",
               "A client has connected; before the greeting."),
    MOXD_POINT(on_helo, MOXD_DECIDE, "struct smtp_conn", "EHLO or HELO, before its reply."),
    MOXD_POINT(on_mail, MOXD_DECIDE, "struct smtp_mail", "MAIL, before its reply."),
    MOXD_POINT(on_route, MOXD_PROVIDE, "struct smtp_rcpt",
               "RCPT: who takes responsibility for the recipient."),
    MOXD_POINT(on_rcpt, MOXD_DECIDE, "struct smtp_rcpt", "RCPT, after a route was found."),
    MOXD_POINT(on_submit, MOXD_TRANSFORM, "struct smtp_message",
               "An authenticated user's message was received; before on_message."),
    MOXD_POINT(on_message, MOXD_DECIDE, "struct smtp_message",
               "A message was received; before delivery."),
    MOXD_POINT(on_delivered, MOXD_OBSERVE, "struct smtp_message",
               "The message is durable and about to be acknowledged."),
    MOXD_POINT(on_accept, MOXD_TRANSFORM, "struct smtp_copy",
               "A copy is wanted; nothing is durable yet: the message may be made to wait."),
    MOXD_POINT(on_deliver, MOXD_TRANSFORM, "struct smtp_copy",
               "A copy that is wanted is about to be stored: forwarding, answers."),
    MOXD_POINT(
        on_mailbox, MOXD_PROVIDE, "struct smtp_copy",
        "Where the copy of a message for an account goes, and whether it is wanted in spite of a "
        "suspicion."),
    MOXD_POINT(on_reject, MOXD_PROVIDE, "struct smtp_copy",
               "Into which mailbox a refused copy is put for its user to see."),
    MOXD_POINT(on_refused, MOXD_OBSERVE, "struct smtp_message",
               "After its data the message was refused, by a hook or by its recipients."),
    { 0 },
};
static const struct moxd_hook hooks[] = {
    MOXD_HOOK(on_route, smtp_local_on_route, .phase = MOXD_CHECK),
    { 0 },
};

static const struct moxd_service services[] = {
    { .name = "smtp",
      .summary = "receives mail from other servers",
      .block = &smtp_block,
      .lenient_sni = true,
      .busy = "421 4.3.2 try again later\r\n",
      .session = smtp_session_run },
    { .name = "submission",
      .for_clients = true,
      .summary = "takes mail from users, with STARTTLS",
      .block = &smtp_submission_block,
      .client_certs = true,
      .busy = "421 4.3.2 try again later\r\n",
      .session = smtp_session_run },
    { .name = "submissions",
      .for_clients = true,
      .summary = "takes mail from users, TLS from the start",
      .block = &smtp_submissions_block,
      .implicit_tls = true,
      .client_certs = true,
      .alpn = { "smtp" },
      .busy = "421 4.3.2 try again later\r\n",
      .session = smtp_session_run },
    { 0 },
};

static const char *const service_names[] = { "smtp", "submission", "submissions", NULL };
static const char *const command_names[] = { "EHLO", "HELO", "MAIL",     "RCPT", "DATA",
                                             "BDAT", "RSET", "NOOP",     "VRFY", "EXPN",
                                             "HELP", "QUIT", "STARTTLS", "AUTH", NULL };
static const char *const reply_classes[] = { "2xx", "3xx", "4xx", "5xx", NULL };
static const char *const rcpt_results[] = { "accepted", "unknown", "noroute", "refused", NULL };
static const char *const message_results[] = { "delivered", "refused", "failed", "lost", NULL };
static const struct moxd_metric metrics[] = {
    { .name = "moxd_smtp_connections_total",
      .type = MOXD_COUNTER,
      .help = "Connections, by service.",
      .label = { "service" },
      .values = { service_names } },
    { .name = "moxd_smtp_commands_total",
      .type = MOXD_COUNTER,
      .help = "Commands, by verb and class of the reply.",
      .label = { "command", "reply" },
      .values = { command_names, reply_classes } },
    { .name = "moxd_smtp_recipients_total",
      .type = MOXD_COUNTER,
      .help = "Recipients named by clients, by what became of them.",
      .label = { "result" },
      .values = { rcpt_results } },
    { .name = "moxd_smtp_messages_total",
      .type = MOXD_COUNTER,
      .help = "Messages whose data was sent, by service and what became of them.",
      .label = { "service", "result" },
      .values = { service_names, message_results } },
    { .name = "moxd_smtp_message_bytes_total",
      .type = MOXD_COUNTER,
      .help = "Bytes of message data received.",
      .label = { "service" },
      .values = { service_names } },
    { .name = "moxd_smtp_delivery_seconds",
      .type = MOXD_HISTOGRAM,
      .help = "From the end of a message's data to its acknowledgement.",
      .label = { "service" },
      .values = { service_names } },
    { 0 },
};

static const struct moxd_interface provides[] = {
    { .name = "smtp", .major = 1, .minor = 10, .vtable = &smtp_interface },
    { 0 },
};
static const char *const needs[] = { "accounts/1", "store/1.5", "auth/1.2", "trace/1?", NULL };

static void find_points(struct smtp *smtp)
{
    struct moxd_instance *m = &smtp->m;

    smtp->on_connect = moxd_point_get(m, "on_connect");
    smtp->on_helo = moxd_point_get(m, "on_helo");
    smtp->on_mail = moxd_point_get(m, "on_mail");
    smtp->on_route = moxd_point_get(m, "on_route");
    smtp->on_rcpt = moxd_point_get(m, "on_rcpt");
    smtp->on_submit = moxd_point_get(m, "on_submit");
    smtp->on_message = moxd_point_get(m, "on_message");
    smtp->on_delivered = moxd_point_get(m, "on_delivered");
    smtp->on_refused = moxd_point_get(m, "on_refused");
    smtp->on_accept = moxd_point_get(m, "on_accept");
    smtp->on_deliver = moxd_point_get(m, "on_deliver");
    smtp->on_mailbox = moxd_point_get(m, "on_mailbox");
    smtp->on_reject = moxd_point_get(m, "on_reject");
}

static int smtp_init(struct moxd_instance *m, const struct moxd_conf *conf, struct moxd_err *err)
{
    struct smtp *smtp = (struct smtp *)m;

    (void)conf, (void)err;
    smtp->accounts = moxd_interface_get(m, "accounts", &smtp->accounts_self);
    smtp->store = moxd_interface_get(m, "store", &smtp->store_self);
    smtp->auth = moxd_interface_get(m, "auth", &smtp->auth_self);
    smtp->trace = moxd_interface_get(m, "trace", &smtp->trace_self);
    find_points(smtp);
    smtp->connections = moxd_metric_find("moxd_smtp_connections_total");
    smtp->commands = moxd_metric_find("moxd_smtp_commands_total");
    smtp->recipients = moxd_metric_find("moxd_smtp_recipients_total");
    smtp->messages = moxd_metric_find("moxd_smtp_messages_total");
    smtp->bytes = moxd_metric_find("moxd_smtp_message_bytes_total");
    smtp->duration = moxd_metric_find("moxd_smtp_delivery_seconds");
    return 0;
}

const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("smtp", PACKAGE_VERSION, "SMTP server, submission, local delivery"),
    .needs = needs,
    .provides = provides,
    .points = points,
    .hooks = hooks,
    .services = services,
    .commands = smtp_control_commands,
    .metrics = metrics,
    .instance_size = sizeof(struct smtp),
    .check = smtp_check,
    .init = smtp_init,
};
