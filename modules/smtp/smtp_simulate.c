/* moxctl simulate: one transaction as if a client had come, through all hooks, without delivering. The session is
 * a real one, whose client is at the other end of a socket pair; what hooks say and how long they take is told
 * line by line. */
#include "smtp.h"
#include "smtp_local.h"

#include <moxd/hook_trace.h>
#include <sys/socket.h>

enum {
    PIECE = 4096,           /* of the message; less than a socket holds */
    TRACE_MAX = 256 * 1024, /* bytes of what hooks said in one step */
};

struct simulation {
    struct moxd_hook_trace trace; /* first */
    struct moxd_ctl *ctl;
    struct moxd_conn conn;
    struct smtp_service_conf conf;
    struct smtp_session *s;
    struct moxd_stream *peer;
    struct moxd_buf said; /* by hooks since it was printed */
    struct moxd_kv kv[2];
};

/* As moxctl trace shows it. */
static void put_step(void *arg, const char *kind, const struct moxd_step_value *v, size_t n)
{
    struct moxd_buf *b = arg;

    moxd_step_show(b, &(struct moxd_step){ 0, kind, v, n });
    moxd_buf_addc(b, '\n');
}

static void hook_ran(struct moxd_hook_trace *t, const char *label, enum moxd_verdict v,
                     int64_t took, const char *detail)
{
    struct simulation *sim = (struct simulation *)t;
    const struct moxd_step_value values[] = {
        moxd_sv("hook", label),
        moxd_sv("verdict", moxd_verdict_name(v)),
        moxd_svi("took", took),
        moxd_sv("detail", detail),
    };

    put_step(&sim->said, "hook", values, *detail ? 4 : 3);
}

/* Prints what hooks said, the reply, and what a refusal means; its code, 0 when there is none. */
static int show(struct simulation *sim)
{
    struct moxd_str line;
    int code = 0;

    (void)moxd_ctl_write(sim->ctl, sim->said.p, sim->said.n);
    moxd_buf_reset(&sim->said);
    if (moxd_stream_flush(sim->s->st) < 0)
        return 0;
    do {
        if (moxd_stream_line(sim->peer, &line, 2 * SMTP_REPLY_TEXT_MAX, NULL) < 4)
            return 0;
        code = (line.p[0] - '0') * 100;
        (void)moxd_ctl_printf(sim->ctl, "S: %" MOXD_STRF "\n", MOXD_STRA(line));
    } while (line.p[3] == '-');
    const char *why = code >= 400 ? smtp_explain(line) : NULL;
    if (why)
        (void)moxd_ctl_printf(sim->ctl, "   means: %s\n", why);
    return code;
}

/* A command; whether the server said yes. */
static bool say(struct simulation *sim, const char *before, struct moxd_str what, const char *after)
{
    char *line = moxd_arena_printf(moxd_ctl_arena(sim->ctl), "%s%" MOXD_STRF "%s", before,
                                   MOXD_STRA(what), after);

    (void)moxd_ctl_printf(sim->ctl, "C: %s\n", line);
    smtp_command_run(sim->s, moxd_cstr(line));
    return show(sim) == 200;
}

/* The results of checks, the log's notes and the fields that hooks add. */
static void annotations(struct simulation *sim, const struct smtp_txn *t)
{
    struct moxd_buf b = MOXD_BUF_INIT(SMTP_RESULTS_FIELD_MAX + SMTP_ADDED_MAX);

    smtp_results_write(t, &b);
    moxd_buf_addstr(&b, moxd_buf_str(&t->added));
    smtp_annotations(t, put_step, &b);
    (void)moxd_ctl_write(sim->ctl, b.p, b.n);
    moxd_buf_fini(&b);
}

static enum smtp_receive_result receive(struct simulation *sim, struct moxd_err *err)
{
    struct smtp_session *s = sim->s;
    struct moxd_smtp_bdat chunk = { 0 };
    char piece[PIECE];
    int lost = 0;
    long n;

    while ((n = moxd_ctl_read(sim->ctl, piece, sizeof(piece))) > 0) {
        chunk.size = (uint64_t)n;
        if (moxd_stream_write(sim->peer, piece, (size_t)n) < 0 || moxd_stream_flush(sim->peer) < 0)
            return SMTP_LOST;
        enum smtp_receive_result r = smtp_receive_chunk(s, s->txn, &chunk, &lost, err);
        if (r != SMTP_RECEIVED)
            return r;
    }
    if (n < 0)
        return SMTP_LOST;
    chunk = (struct moxd_smtp_bdat){ .last = true };
    return smtp_receive_chunk(s, s->txn, &chunk, &lost, err);
}

static int message(struct simulation *sim, struct moxd_err *err)
{
    struct moxd_err why = { 0 };
    enum smtp_receive_result r = receive(sim, &why);

    if (r == SMTP_LOST)
        return moxd_err_set(err, MOXD_ERR_IO, "the message cannot be read");
    (void)moxd_ctl_printf(sim->ctl, "C: (the message)\n");
    if (r == SMTP_REFUSED)
        smtp_reply_err(sim->s, &why);
    else
        (void)smtp_message_judge(sim->s, sim->s->txn);
    (void)show(sim);
    annotations(sim, sim->s->txn);
    return 0;
}

/* Whatever is refused ends the simulation, which has done its work then. */
static int transaction(struct simulation *sim, char **argv, struct moxd_err *err)
{
    struct moxd_str rcpts = moxd_cstr(argv[3]), from = moxd_cstr(argv[2]);
    size_t accepted = 0;
    bool greeted = smtp_session_greet(sim->s);

    (void)show(sim);
    if (!greeted || !say(sim, "EHLO ", moxd_cstr(argv[1]), ""))
        return 0;
    if (moxd_str_eqs(from, "<>"))
        from = MOXD_STR("");
    const char *utf8 = moxd_str_is_ascii(from) && moxd_str_is_ascii(rcpts) ? ">" : "> SMTPUTF8";
    if (!say(sim, "MAIL FROM:<", from, utf8))
        return 0;
    while (rcpts.p)
        accepted += say(sim, "RCPT TO:<", moxd_str_cut(&rcpts, ','), ">");
    return accepted > 0 ? message(sim, err) : 0;
}

/* The first listener that receives mail. */
static int find_listener(struct simulation *sim, struct moxd_err *err)
{
    const struct moxd_blocks *listeners = &moxd_conf_core()->listeners;

    for (size_t i = 0; i < listeners->n; i++) {
        const struct moxd_listener_conf *l = listeners->v[i];
        const struct smtp_service_conf *conf = moxd_conf_ext(&l->head, "smtp");
        if (!conf || !conf->sc.head.node)
            continue;
        sim->conf = *conf;
        sim->conf.unknown_delay = 0;
        sim->conn.listener = l;
        sim->conn.hostname = l->hostname ? l->hostname : moxd_conf_core()->hostname;
        return 0;
    }
    return moxd_err_set(err, MOXD_ERR_STATE, "no listener has the service smtp");
}

static int connect_peer(struct simulation *sim, const char *ip, struct moxd_err *err)
{
    static const struct moxd_service service = { .name = "smtp" };
    struct sockaddr_storage remote, local;
    int fds[2];

    if (moxd_addr_parse(ip, 0, &remote) == 0)
        return moxd_err_set(err, MOXD_ERR_SYNTAX, "%s: must be an IP address", ip);
    if (sim->conn.listener->addresses.n == 0 ||
        moxd_addr_parse(sim->conn.listener->addresses.v[0], 0, &local) == 0)
        local = remote;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
        return moxd_err_sys(err, "socketpair");
    sim->conn.st = moxd_stream_new(fds[0]);
    sim->peer = moxd_stream_new(fds[1]);
    moxd_stream_set_addresses(sim->conn.st, (struct sockaddr *)&remote, (struct sockaddr *)&local);
    (void)moxd_addr_ip((struct sockaddr *)&remote, sim->conn.remote_ip);
    (void)moxd_addr_ip((struct sockaddr *)&local, sim->conn.local_ip);
    sim->conn.service = &service;
    sim->conn.conf = &sim->conf.sc;
    sim->conn.cid = 1;
    return 0;
}

static int cmd_simulate(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                        struct moxd_err *err)
{
    struct smtp *smtp = (struct smtp *)m;
    struct simulation *sim = moxd_arena_alloc(moxd_ctl_arena(c), sizeof(*sim));

    (void)argc;
    sim->trace.hook_ran = hook_ran;
    sim->ctl = c;
    sim->kv[0] = moxd_kvs("simulated", "yes");
    sim->kv[1] = moxd_kvs("remote", argv[0]);
    sim->conn.log = (struct moxd_log){
        .component = "smtp", .parent = &m->log, .kv = sim->kv, .nkv = MOXD_NELEMS(sim->kv)
    };
    if (find_listener(sim, err) < 0 || connect_peer(sim, argv[0], err) < 0)
        return -1;
    (void)moxd_ctl_file(c, argv[4]);
    moxd_buf_init(&sim->said, TRACE_MAX);
    sim->s = smtp_session_new(smtp, &sim->conn);
    sim->s->simulated = sim->s->facts.simulated = true;
    moxd_hook_trace_begin(&sim->trace);
    int rc = transaction(sim, argv, err);
    moxd_hook_trace_end(&sim->trace);
    smtp_session_free(sim->s);
    moxd_stream_close(sim->conn.st);
    moxd_stream_close(sim->peer);
    moxd_buf_fini(&sim->said);
    return rc;
}

const struct moxd_command smtp_control_commands[] = {
    { .name = "simulate",
      .args = "<ip> <helo> <mail-from> <rcpt-to>[,<rcpt-to>...] <file> | -",
      .min_args = 5,
      .max_args = 5,
      .flags = MOXD_CMD_STDIN,
      .summary = "show what would become of a message, without delivering it",
      .help = "Plays a transaction on the first listener with the service smtp: the client has "
              "this address, says "
              "this name with EHLO, and sends the message in the file, or on standard input. Use "
              "<> for the null "
              "sender. Prints each hook that is asked, with its verdict, how long it took and why "
              "it refused, the "
              "replies, and at the end the results of checks and the header fields that would be "
              "added.",
      .run = cmd_simulate },
    { 0 },
};
