/* A service for tests of the core: answers each line, and does some things on demand.
 *
 *     greeting         220 PID CID
 *     tls              220, then the handshake
 *     cid              250 and the public form of the connection's id
 *     wait             answers 250 once the server is stopping
 *     deaf             waits until it is cancelled
 *     crash, spin      ends the server by a signal, keeps the loop from turning
 *     anything else    250 and the line, or what the hooks of on_echo say
 */
#include "echo_api.h"

#include <signal.h>
#include <unistd.h>

enum { LINE_MAX_ECHO = 1000 };

struct echo {
    struct moxd_instance m;
    struct moxd_point *on_echo;
};
MOXD_POINT_THUNK(on_echo, struct moxd_reply)

static int echo_line(struct echo *e, struct moxd_conn *c, struct moxd_str line)
{
    struct echo_line ev = { line };
    struct moxd_reply reply;

    if (moxd_fire(e->on_echo, &ev, &reply) == MOXD_NEXT)
        return moxd_stream_printf(c->st, "250 %" MOXD_STRF "\r\n", MOXD_STRA(line));
    return moxd_stream_printf(c->st, "%d %s %s\r\n", reply.code, reply.enhanced, reply.text);
}

static int echo_tls(struct moxd_conn *c)
{
    if (!c->tls)
        return moxd_stream_puts(c->st, "502 no TLS here\r\n");
    if (moxd_stream_puts(c->st, "220 go on\r\n") < 0)
        return -1;
    return moxd_stream_tls_accept(c->st, c->tls, NULL);
}

static int echo_cid(struct moxd_conn *c)
{
    char id[32];
    uint64_t back;

    moxd_assert(moxd_cid_from_public(moxd_cid_public(c->cid, id), &back) == 0 && back == c->cid);
    return moxd_stream_printf(c->st, "250 %s\r\n", id);
}

static int echo_wait(struct moxd_conn *c)
{
    if (moxd_stream_puts(c->st, "150 waiting\r\n") < 0 || moxd_stream_flush(c->st) < 0)
        return -1;
    while (!moxd_stopping())
        if (moxd_stream_wait(c->st, MOXD_NEVER) != 0)
            return -1;
    (void)moxd_stream_puts(c->st, "250 stopping\r\n");
    return -1;
}

static int echo_deaf(struct moxd_conn *c)
{
    if (moxd_stream_puts(c->st, "150 deaf\r\n") < 0 || moxd_stream_flush(c->st) < 0)
        return -1;
    while (moxd_park(MOXD_NEVER) == MOXD_OK)
        ;
    return -1;
}

static int echo_die(const char *how)
{
    volatile bool turns = true;

    if (how[0] == 'c')
        (void)raise(SIGSEGV);
    while (turns)
        ;
    return -1;
}

static int echo_command(struct echo *e, struct moxd_conn *c, struct moxd_str line)
{
    if (moxd_str_eqs(line, "tls"))
        return echo_tls(c);
    if (moxd_str_eqs(line, "cid"))
        return echo_cid(c);
    if (moxd_str_eqs(line, "wait"))
        return echo_wait(c);
    if (moxd_str_eqs(line, "deaf"))
        return echo_deaf(c);
    if (moxd_str_eqs(line, "crash") || moxd_str_eqs(line, "spin"))
        return echo_die(line.p);
    return echo_line(e, c, line);
}

static void echo_session(struct moxd_instance *m, struct moxd_conn *c)
{
    struct moxd_str line;

    if (moxd_stream_printf(c->st, "220 %ld %llu\r\n", (long)getpid(), (unsigned long long)c->cid) <
        0)
        return;
    while (moxd_stream_flush(c->st) == 0 &&
           moxd_stream_line(c->st, &line, LINE_MAX_ECHO, NULL) >= 0)
        if (echo_command((struct echo *)m, c, line) < 0)
            return;
}

static int echo_init(struct moxd_instance *m, const struct moxd_conf *conf, struct moxd_err *err)
{
    struct echo *e = (struct echo *)m;

    (void)conf, (void)err;
    e->on_echo = moxd_point_get(m, "on_echo");
    moxd_info(&m->log, "init");
    return 0;
}

static int echo_start(struct moxd_instance *m, struct moxd_err *err)
{
    (void)err;
    moxd_info(&m->log, "start");
    return 0;
}

static void echo_reload(struct moxd_instance *m, const struct moxd_conf *conf)
{
    (void)conf;
    moxd_info(&m->log, "reload");
}

static void echo_stop(struct moxd_instance *m)
{
    moxd_info(&m->log, "stop");
}

static const struct moxd_directive port_directives[] = { MOXD_SERVICE_PORT("7"), { 0 } };
static const struct moxd_block service_block = {
    .size = sizeof(struct moxd_service_conf),
    .directives = port_directives,
};
static const struct moxd_service services[] = {
    { .name = "echo",
      .summary = "Echo for tests.",
      .block = &service_block,
      .lenient_sni = true,
      .busy = "421 busy\r\n",
      .session = echo_session },
    { .name = "echos",
      .summary = "Echo for tests, over TLS.",
      .block = &service_block,
      .implicit_tls = true,
      .alpn = { "echo" },
      .session = echo_session },
    { .name = "echoweb",
      .summary = "Echo for tests, for who asks for HTTP.",
      .block = &service_block,
      .implicit_tls = true,
      .alpn = { "http/1.1" },
      .session = echo_session },
    { 0 },
};
static const struct moxd_point_def points[] = {
    MOXD_POINT(on_echo, MOXD_DECIDE, "struct echo_line", "A line came in."),
    { 0 },
};
static int echo_count(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                      struct moxd_err *err)
{
    (void)m, (void)argc, (void)argv, (void)err;
    return moxd_ctl_printf(c, "one\n");
}
/* Says back one line of input, and counts the rest. */
static int echo_input(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                      struct moxd_err *err)
{
    char line[100], piece[4096];
    unsigned long rest = 0;
    long n;

    (void)m, (void)argc, (void)argv;
    if (moxd_ctl_line(c, line, sizeof(line), err) < 0)
        return -1;
    while ((n = moxd_ctl_read(c, piece, sizeof(piece))) > 0)
        rest += (unsigned long)n;
    return moxd_ctl_printf(c, "%s %lu\n", line, rest);
}
static const struct moxd_command commands[] = {
    { .name = "echo input",
      .args = "",
      .summary = "says a line of input back",
      .help = "And counts what follows it.",
      .run = echo_input,
      .flags = MOXD_CMD_STDIN },
    { .name = "echo count", .args = "", .summary = "Counts to one.", .run = echo_count },
    { 0 },
};
static const struct moxd_interface provides[] = { { "echo", 1, 1, &services }, { 0 } };

const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("echo", "1.0", "echo service for tests"),
    .instance_size = sizeof(struct echo),
    .provides = provides,
    .points = points,
    .services = services,
    .commands = commands,
    .init = echo_init,
    .start = echo_start,
    .reload = echo_reload,
    .stop = echo_stop,
};
