/* Inside of the smtp module: the instance, a session, a transaction, and what the files offer each
 * other. A session is one fiber; nothing here is shared between sessions but the instance. */
#ifndef SMTP_H
#define SMTP_H

#include <moxd/accounts.h>
#include <moxd/auth.h>
#include <moxd/control.h>
#include <moxd/module.h>
#include <moxd/smtp.h>
#include <moxd/store.h>
#include <moxd/trace.h>
#include <moxmail/reader.h>
#include <moxmail/smtp_syntax.h>

#include "smtp_conf.h"
#include "smtp_tell.h"
#include "smtp_headers.h"
#include "smtp_limits.h"

struct smtp_session;
struct smtp_receive;
struct smtp_plan;

struct smtp {
    struct moxd_instance m;
    const struct accounts_v1 *accounts;
    struct moxd_instance *accounts_self;
    const struct store_v1 *store;
    struct moxd_instance *store_self;
    const struct auth_v1 *auth;
    struct moxd_instance *auth_self;
    const struct trace_v1 *trace; /* or NULL */
    struct moxd_instance *trace_self;
    struct moxd_point *on_connect, *on_helo, *on_mail, *on_route, *on_rcpt, *on_submit;
    struct moxd_point *on_message, *on_delivered, *on_refused, *on_mailbox, *on_reject;
    struct moxd_point *on_accept, *on_deliver;
    struct smtp_offer offer;
    struct moxd_metric_handle *connections, *commands, *recipients, *messages, *bytes, *duration;
};

/* A recipient that was accepted. */
struct smtp_accepted {
    struct smtp_rcpt facts;
    struct moxd_address to;
    struct smtp_route route;
};
struct smtp_note {
    const char *key, *value;
};

/* From MAIL to the reply of DATA, RSET or the end of the session. Lives in its own arena. */
struct smtp_txn {
    struct smtp_session *s;
    char id[32];
    struct moxd_arena *arena;
    struct moxd_slots slots;
    struct smtp_mail mail;
    struct moxd_address from;
    struct smtp_accepted **rcpts;
    size_t nrcpts, rcpts_cap;
    size_t ntried; /* RCPT commands */
    /* from DATA or the first BDAT on: */
    struct smtp_receive *receive;
    struct smtp_message message;
    struct moxd_str header;    /* header section as received, with its blank line */
    struct moxd_buf added;     /* fields of hooks, complete lines; go above Received */
    struct moxd_buf completed; /* fields that the message lacked (submission); go below */
    bool eightbit;             /* submission: the data has bytes above 127 */
    uint64_t longest_line;     /* of the data, without its CRLF */
    const char *mailbox;       /* set by a hook: instead of each recipient's */
    struct smtp_suspicion *suspicion;
    struct moxd_str prefix; /* all fields before the message, once it is judged */
    struct smtp_plan *plan; /* of local delivery (smtp_copies.c) */
    struct smtp_accepting accepting;
    bool judged; /* all of the data is there */
    bool over;   /* what became of it was told (smtp_tell.c) */
    struct smtp_note *notes;
    size_t nnotes, notes_cap;
    struct smtp_auth_result *results[SMTP_RESULTS_MAX]; /* sorted by method */
    size_t nresults;
};

struct smtp_session {
    struct smtp *smtp;
    struct moxd_conn *c;
    struct moxd_stream *st;
    const struct smtp_service_conf *conf;
    struct moxd_arena *arena;
    struct moxd_slots slots;
    struct moxd_log log; /* c->log, the account once there is one, and the id of a transaction */
    struct moxd_kv log_kv[2];
    struct smtp_conn facts;
    struct auth_env auth_env;
    struct auth_identity identity;
    struct smtp_txn *txn; /* NULL outside of a transaction */
    uint32_t ntxn;        /* so far */
    struct smtp_tell tell;
    const char *verb; /* of the running command, for metrics */
    unsigned ncommands, nbad;
    bool key_tried;               /* whether the TLS client's key logs it in */
    bool simulated;               /* nothing is delivered */
    bool closing;                 /* close after what is being replied */
    char public_id[32];           /* of the connection, for replies */
    char helo[SMTP_HELO_MAX + 1]; /* what facts.helo points to */
};

/* Submission: a TLS client whose key is known needs no AUTH (AUTH-10). Once, before the first command that
 * needs it. */
void smtp_auth_by_key(struct smtp_session *s) MOXD_SUSPENDS;

/* A command. `args` is what follows the verb, without blanks around it. */
enum smtp_command_flags {
    SMTP_C_NOARGS = 1,       /* RFC 5321 4.3.2: 501 for any argument */
    SMTP_C_HELO = 2,         /* only after EHLO or HELO */
    SMTP_C_EHLO = 4,         /* only after EHLO */
    SMTP_C_MAIL = 8,         /* only in a transaction */
    SMTP_C_NOMAIL = 16,      /* only outside of one */
    SMTP_C_AUTH = 32,        /* submission: only after AUTH */
    SMTP_C_TLS = 64,         /* where TLS is demanded: only on TLS */
    SMTP_C_SUBMISSION = 128, /* there only */
    SMTP_C_STARTTLS = 256,   /* only where TLS can be started */
    SMTP_C_NOBDAT = 512,     /* not between the chunks of a message (RFC 3030 2) */
    SMTP_C_CHUNK = 1024,     /* BDAT: data follows, whatever the reply will be */
};
struct smtp_command {
    unsigned flags;
    void (*run)(struct smtp_session *s, struct moxd_str args) MOXD_SUSPENDS; /* NULL: 502 */
};
extern const struct smtp_command smtp_commands[MOXD_SMTP_VERBS];

void smtp_cmd_ehlo(struct smtp_session *s, struct moxd_str args) MOXD_SUSPENDS;
void smtp_cmd_helo(struct smtp_session *s, struct moxd_str args) MOXD_SUSPENDS;
void smtp_cmd_mail(struct smtp_session *s, struct moxd_str args) MOXD_SUSPENDS;
void smtp_cmd_rcpt(struct smtp_session *s, struct moxd_str args) MOXD_SUSPENDS;
void smtp_cmd_data(struct smtp_session *s, struct moxd_str args) MOXD_SUSPENDS;
void smtp_cmd_bdat(struct smtp_session *s, struct moxd_str args) MOXD_SUSPENDS;
void smtp_cmd_rset(struct smtp_session *s, struct moxd_str args) MOXD_SUSPENDS;
void smtp_cmd_noop(struct smtp_session *s, struct moxd_str args) MOXD_SUSPENDS;
void smtp_cmd_vrfy(struct smtp_session *s, struct moxd_str args) MOXD_SUSPENDS;
void smtp_cmd_help(struct smtp_session *s, struct moxd_str args) MOXD_SUSPENDS;
void smtp_cmd_quit(struct smtp_session *s, struct moxd_str args) MOXD_SUSPENDS;
void smtp_cmd_starttls(struct smtp_session *s, struct moxd_str args) MOXD_SUSPENDS;
void smtp_cmd_auth(struct smtp_session *s, struct moxd_str args) MOXD_SUSPENDS;

/* smtp_session.c: the service's function; forgetting what the client said (STARTTLS, RFC 3207 4.2). */
void smtp_session_run(struct moxd_instance *m, struct moxd_conn *c) MOXD_SUSPENDS;
void smtp_session_forget(struct smtp_session *s);
/* For moxctl simulate: a session and its greeting; false when a hook refused the client. */
struct smtp_session *smtp_session_new(struct smtp *smtp, struct moxd_conn *c);
void smtp_session_free(struct smtp_session *s);
bool smtp_session_greet(struct smtp_session *s) MOXD_SUSPENDS;
/* Whether what the client sends can be read by others; and whether TLS is demanded for that. */
bool smtp_session_demands_tls(const struct smtp_session *s);
bool smtp_session_offers_requiretls(const struct smtp_session *s);
size_t smtp_session_line_max(const struct smtp_session *s);
/* What the parsers accept here: enum moxd_smtp_opts. */
unsigned smtp_session_opts(const struct smtp_session *s);
/* Reads one line of the client; false when the session is over (a reply was sent if there is anybody).
 * A line that is too long or not one gives true and *problem, a reply text. */
bool smtp_session_line(struct smtp_session *s, struct moxd_str *line,
                       const char **problem) MOXD_SUSPENDS;

/* smtp_check.c */
void smtp_check(struct moxd_instance *m, const struct moxd_conf *conf, struct moxd_problems *out);

/* smtp_command.c: finds the command, checks its place, runs it. */
void smtp_command_run(struct smtp_session *s, struct moxd_str line) MOXD_SUSPENDS;

/* smtp_reply.c: one line, "CODE ENHANCED TEXT"; 4xx and 5xx end with the id of the transaction, or else of the connection
 * (P-CORE-07). Buffered: the session flushes before it waits. */
void smtp_reply(struct smtp_session *s, int code, const char *enhanced, const char *fmt, ...)
    MOXD_PRINTF(4, 5) MOXD_SUSPENDS;
void smtp_reply_err(struct smtp_session *s, const struct moxd_err *err) MOXD_SUSPENDS;
/* A refusal by a hook; `what` for the log. Closes for DROP. */
void smtp_reply_verdict(struct smtp_session *s, enum moxd_verdict v, const struct moxd_reply *r,
                        const char *what) MOXD_SUSPENDS;
/* A line of several, "CODE-TEXT" or with `last` "CODE TEXT". */
void smtp_reply_line(struct smtp_session *s, int code, bool last, const char *text) MOXD_SUSPENDS;
/* An error of the client's protocol: counted; too many close the connection. */
void smtp_reply_bad(struct smtp_session *s, int code, const char *enhanced, const char *fmt, ...)
    MOXD_PRINTF(4, 5) MOXD_SUSPENDS;

/* smtp_cmd_mail.c: facts of a path. 553 when it needs SMTPUTF8 and the client did not say that. */
int smtp_path_of(struct smtp_path *p, const struct moxd_address *ad, bool smtputf8,
                 struct moxd_arena *a, struct moxd_err *err) MOXD_CHECKED;

/* smtp_txn.c */
struct smtp_txn *smtp_txn_new(struct smtp_session *s);
void smtp_txn_free(struct smtp_session *s); /* of the session's; none is fine */
struct smtp_txn *smtp_txn_of(const struct smtp_message *msg);
/* The data as it is in the draft now, for functions of lib. As long as the draft is not another one; any
 * thread. */
struct moxd_reader smtp_txn_reader(struct smtp_txn *t);
extern const struct smtp_v1 smtp_interface;

/* smtp_results.c: what hooks found out about who sent the message (functions of smtp/1); the field that
 * says so, nothing without results; and a word for the log, in the transaction's arena. */
void smtp_results_add(const struct smtp_mail *mail, const struct smtp_auth_result *r);
const struct smtp_auth_result *smtp_results_get(const struct smtp_mail *mail, size_t i);
void smtp_results_write(const struct smtp_txn *t, struct moxd_buf *b);
struct moxd_str smtp_results_log(const struct smtp_txn *t);

/* smtp_cmd_data.c: what becomes of a message that was received, with the reply; the word for metrics. The
 * connection was lost in the middle of one: nothing was acknowledged. */
const char *smtp_message_judge(struct smtp_session *s, struct smtp_txn *t) MOXD_SUSPENDS;
void smtp_message_lost(struct smtp_session *s, int result) MOXD_SUSPENDS;
/* The end of DATA or of the last BDAT, as smtp_receive.c gives it: what becomes of the message, and of the
 * transaction, which is over. */
enum smtp_receive_result { SMTP_RECEIVED, SMTP_REFUSED, SMTP_LOST };
void smtp_message_end(struct smtp_session *s, enum smtp_receive_result r, int lost,
                      const struct moxd_err *err) MOXD_SUSPENDS;
/* smtp_cmd_bdat.c: reads the chunk behind a command that will be refused. False: how much follows cannot be
 * known, or the client is gone; it was told, and the session closes. */
bool smtp_bdat_skip(struct smtp_session *s, struct moxd_str args) MOXD_CHECKED MOXD_SUSPENDS;

/* smtp_receive.c: reads DATA into the transaction's draft. REFUSED: the data was read to its end, *err is
 * the reply. LOST: the connection is not usable, *lost is the result of the stream. */
enum smtp_receive_result smtp_receive(struct smtp_session *s, struct smtp_txn *t, int *lost,
                                      struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* The same for a chunk of BDAT; the message is complete with the last one. */
enum smtp_receive_result smtp_receive_chunk(struct smtp_session *s, struct smtp_txn *t,
                                            const struct moxd_smtp_bdat *chunk, int *lost,
                                            struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Reads n bytes that nobody wants. 0 or the result of the stream. */
int smtp_receive_skip(struct smtp_session *s, uint64_t n) MOXD_CHECKED MOXD_SUSPENDS;

/* The reply of a suspicion (smtp_copies.c). -1. */
int smtp_suspicion_err(const struct smtp_suspicion *sus, struct moxd_err *err);

/* The reply to a message over the limit (P-SMTP-22). -1. */
int smtp_too_large(const struct smtp_session *s, struct moxd_err *err);

/* smtp_loop.c: 554 5.4.6 for mail in a loop. */
int smtp_check_loop(const struct smtp_txn *t, const struct smtp_header_facts *facts,
                    struct moxd_err *err) MOXD_CHECKED;

/* smtp_submit.c: what submission demands and adds (RFC 6409). */
int smtp_submit(struct smtp_txn *t, const struct smtp_header_facts *facts,
                struct moxd_err *err) MOXD_CHECKED;

/* smtp_convert.c: puts a submitted message into the form that every server takes, before it is signed
 * (P-QUEUE-13); others stay as they are. */
int smtp_convert(struct smtp_txn *t, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

/* smtp_parsable.c: in pedantic mode refuses messages with parts that cannot be read (LOCAL-04). */
int smtp_parsable(struct smtp_txn *t, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

/* smtp_explain.c: what a reply that refuses means for an admin, and what changes it; NULL: it says so itself. */
const char *smtp_explain(struct moxd_str reply);

/* smtp_simulate.c: moxctl simulate. */
extern const struct moxd_command smtp_control_commands[];

/* smtp_deliver.c: whether the recipients take the message; nothing is delivered yet. -1 with *err: the reply. */
int smtp_judge(struct smtp_txn *t, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* smtp_wait.c: the pause before it is accepted, if hooks want one. -1: the client is gone, or we are stopping; it was
 * told, and the session closes. Nothing was delivered. */
int smtp_wait(struct smtp_session *s, const struct smtp_txn *t) MOXD_CHECKED MOXD_SUSPENDS;
/* Makes it durable for all of them. */
int smtp_deliver(struct smtp_txn *t, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

/* smtp_local.c: provider of on_route for addresses of our accounts; smtp_copies.c delivers to them. */
enum moxd_verdict smtp_local_on_route(struct moxd_instance *m, const struct smtp_rcpt *ev,
                                      struct smtp_route *route) MOXD_SUSPENDS;

#endif
