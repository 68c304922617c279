/* The control socket, both ends: frames, commands, input and output, refusals, the stop.
 * proves: CTL-01, CTL-02, CORE-08, P-CORE-03, P-CORE-07 */
#include "unit.h"

#include "control/control.h"
#include "in_fiber.h"
#include "moxctl/moxctl.h"

#include <errno.h>
#include <fcntl.h>
#include <moxd/offload.h>
#include <moxd/service.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- doubles of what the daemon has; visible, so that libmoxcore uses them */

#pragma GCC visibility push(default)
bool moxd_service_port(const char *listener, const char *service, size_t n, char ip[64],
                       unsigned *port)
{
    (void)listener, (void)service, (void)n, (void)ip, (void)port;
    return false;
}

int moxd_cid_from_public(const char *id, uint64_t *cid)
{
    *cid = 42;
    return strcmp(id, "good") == 0 ? 0 : -1;
}

#pragma GCC visibility pop

/* ---- frames */

START_TEST(frames)
{
    enum core_frame_type type;
    char head[CORE_FRAME_HEAD];
    size_t n;

    core_frame_head(head, CORE_FRAME_OUT, 258);
    ck_assert_mem_eq(head, "O\0\0\1\2", 5);
    ck_assert_int_eq(core_frame_parse_head(head, &type, &n), 0);
    ck_assert_int_eq(type, CORE_FRAME_OUT);
    ck_assert_uint_eq(n, 258);
    ck_assert_int_eq(core_frame_parse_head("q\0\0\0\0", &type, &n), -1);
    ck_assert_int_eq(core_frame_parse_head("\0\0\0\0\0", &type, &n), -1);
    ck_assert_int_eq(core_frame_parse_head("O\0\1\0\0", &type, &n), 0);
    ck_assert_int_eq(core_frame_parse_head("O\0\1\0\1", &type, &n), -1);
}
END_TEST

START_TEST(commands_as_payload)
{
    char a[] = "config", b[] = "", c[] = "two words";
    char *in[] = { a, b, c, NULL }, *out[CORE_CONTROL_ARGS + 1];
    struct moxd_buf text = MOXD_BUF_INIT(CORE_FRAME_MAX);

    ck_assert_int_eq(core_command_format(&text, 3, in), 0);
    ck_assert_int_eq(core_command_parse(moxd_buf_str(&text), out), 3);
    ck_assert_str_eq(out[0], "config");
    ck_assert_str_eq(out[1], "");
    ck_assert_str_eq(out[2], "two words");
    ck_assert_ptr_null(out[3]);
    ck_assert_int_eq(core_command_parse(MOXD_STR("\1x"), out), -1);
    ck_assert_int_eq(core_command_parse(MOXD_STR(""), out), -1);
    ck_assert_int_eq(core_command_parse(MOXD_STR("\2x\0"), out), 1);
    ck_assert_int_eq(core_command_parse(MOXD_STR("\1x\0"), out), 1);
    ck_assert_int_eq(core_command_parse(MOXD_STR("\0x\0"), out), -2);
    ck_assert_int_eq(core_command_parse(MOXD_STR("\5x\0"), out), -2);
    moxd_buf_reset(&text);
    moxd_buf_addc(&text, 1);
    for (int i = 0; i <= CORE_CONTROL_ARGS; i++)
        moxd_buf_addc(&text, '\0');
    ck_assert_int_eq(core_command_parse(moxd_buf_str(&text), out), -1);
    moxd_buf_fini(&text);
}
END_TEST

/* ---- a server */

static char dir[] = "/tmp/moxd-ctl-XXXXXX", path[64];
static int stops;
static char seen[200];
static bool waiting;
static struct moxd_waitq wait_started;

static void do_stop(void)
{
    stops++;
}

static int do_reload(struct moxd_err *err)
{
    return moxd_err_set(err, MOXD_ERR_IO, "key file is missing");
}

static int cmd_echo(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                    struct moxd_err *err)
{
    (void)m, (void)err;
    for (int i = 0; i < argc; i++)
        moxd_ctl_printf(c, "[%s]", argv[i]);
    return 0;
}

static int cmd_sum(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                   struct moxd_err *err)
{
    char piece[1000];
    uint64_t bytes = 0, sum = 0;
    long n;

    (void)m, (void)argc, (void)argv;
    while ((n = moxd_ctl_read(c, piece, sizeof(piece))) > 0) {
        bytes += (uint64_t)n;
        for (long i = 0; i < n; i++)
            sum += (unsigned char)piece[i];
        if (moxd_ctl_printf(c, ".") < 0)
            return -1;
    }
    moxd_ctl_printf(c, "\n%lu %lu\n", (unsigned long)bytes, (unsigned long)sum);
    return n < 0 ? moxd_err_set(err, MOXD_ERR_CLOSED, "input: %s", moxd_wait_name((int)n)) : 0;
}

static int cmd_password(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                        struct moxd_err *err)
{
    char line[16];

    (void)m, (void)argc, (void)argv;
    if (moxd_ctl_line(c, line, sizeof(line), err) < 0)
        return -1;
    snprintf(seen, sizeof(seen), "%s", line);
    return 0;
}

static int cmd_big(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                   struct moxd_err *err)
{
    char *big = moxd_xmalloc(1 << 20);

    (void)m, (void)argc, (void)argv, (void)err;
    memset(big, 'x', 1 << 20);
    moxd_ctl_write(c, big, 1 << 20);
    free(big);
    return 0;
}

static int cmd_wait(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                    struct moxd_err *err)
{
    (void)m, (void)argc, (void)argv;
    moxd_ctl_printf(c, "waiting\n");
    waiting = true;
    moxd_waitq_wake_all(&wait_started);
    int rc = moxd_park(MOXD_NEVER);
    return moxd_err_set(err, MOXD_ERR_CANCELLED, "wait: %s", moxd_wait_name(rc));
}

static int cmd_plain(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                     struct moxd_err *err)
{
    (void)m, (void)argc, (void)argv, (void)err;
    moxd_ctl_printf(c, "%s %s", moxd_ctl_plain(c, "a~ \033[2Jb\r\n\xc3\xbc"),
                    moxd_ctl_plain_str(c, MOXD_STR("x\0y\x7f")));
    return 0;
}

static const struct moxd_command commands[] = {
    { .name = "test echo", .args = "<word>...", .min_args = 1, .max_args = 3, .run = cmd_echo },
    { .name = "test", .args = "", .max_args = -1, .run = cmd_echo },
    { .name = "sum", .run = cmd_sum, .flags = MOXD_CMD_STDIN },
    { .name = "password", .run = cmd_password, .flags = MOXD_CMD_STDIN },
    { .name = "big", .run = cmd_big },
    { .name = "plain", .run = cmd_plain },
    { .name = "wait", .run = cmd_wait },
    { .name = "secret", .run = cmd_echo, .flags = MOXD_CMD_HIDDEN },
    { 0 },
};

static void start_server(void)
{
    static const struct core_control_server ops = { do_stop, do_reload };
    struct moxd_err err = { 0 };

    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/ctl", dir);
    ck_assert_int_eq(core_control_register(commands, NULL, &err), 0);
    ck_assert_msg(core_control_start(path, &ops, &err) == 0, "%s", err.priv);
    moxd_log_fd(-1);
}

static void stop_server(void)
{
    core_control_stop(moxd_deadline(60 * MOXD_SEC));
    core_control_fini();
    ck_assert_int_eq(access(path, F_OK), -1);
    rmdir(dir);
}

/* ---- a client, on a worker since it blocks */

struct call {
    char *argv[8];
    int argc;
    struct moxd_str input; /* what remains of it */
    struct moxd_buf out, err;
    struct moxd_err problem;
    int status;
};

static void take_out(void *arg, struct moxd_str s)
{
    moxd_buf_addstr(&((struct call *)arg)->out, s);
}

static void take_err(void *arg, struct moxd_str s)
{
    moxd_buf_addstr(&((struct call *)arg)->err, s);
}

static int give_line(void *arg, struct moxd_buf *out)
{
    struct call *c = arg;

    if (!c->input.p)
        return 0;
    moxd_buf_addstr(out, moxd_str_cut(&c->input, '\n'));
    return 1;
}

static int give_data(void *arg, struct moxd_buf *out, size_t max)
{
    struct call *c = arg;
    size_t n = c->input.n < max ? c->input.n : max;

    moxd_buf_addstr(out, moxd_str_sub(c->input, 0, n));
    c->input = moxd_str_from(c->input, n);
    return n > 0;
}

static void do_call(void *arg)
{
    struct call *c = arg;
    struct moxctl_io io = { take_out, take_err, give_line, give_data, NULL, c };

    c->status = moxctl_call(path, c->argc, c->argv, &io, &c->problem);
}

/* Runs words in the server; `line` is split at blanks, "''" is an empty word. */
static struct call *call(const char *line, struct moxd_str input)
{
    static struct call c;
    static char words[200];

    moxd_buf_fini(&c.out);
    moxd_buf_fini(&c.err);
    c = (struct call){ .out = MOXD_BUF_INIT(4 << 20),
                       .err = MOXD_BUF_INIT(4 << 20),
                       .input = input };
    snprintf(words, sizeof(words), "%s", line);
    for (char *w = strtok(words, " "); w; w = strtok(NULL, " "))
        c.argv[c.argc++] = strcmp(w, "''") == 0 ? w + 2 : w;
    moxd_offload(MOXD_LANE_CPU, do_call, &c);
    return &c;
}

static void expect(const char *line, int status, const char *out, const char *err)
{
    struct call *c = call(line, (struct moxd_str){ 0 });

    ck_assert_msg(c->status == status, "%s: %d, %s%s", line, c->status, c->problem.priv,
                  moxd_buf_cstr(&c->err));
    ck_assert_str_eq(moxd_buf_cstr(&c->out), out);
    ck_assert_str_eq(moxd_buf_cstr(&c->err), err);
}

/* ---- tests */

IN_FIBER(runs_commands)
{
    start_server();
    expect("test echo a b", 0, "[a][b]", "");
    expect("test other", 0, "[other]", "");
    expect("test echo ''", 0, "[]", "");
    expect("version", 0, "moxd " PACKAGE_VERSION "\n", "");
    expect("cid good", 0, "42\n", "");
    expect("cid bad", 1, "", "cid: \"bad\" is not an id of this server\n");
    expect("tls reload", 1, "", "tls reload: key file is missing\n");
    stop_server();
}

IN_FIBER(refuses_what_it_does_not_know)
{
    start_server();
    expect("test echo", 2, "", "usage: moxctl test echo <word>...\n");
    expect("test echo a b c d", 2, "", "usage: moxctl test echo <word>...\n");
    expect("restart", 2, "", "unknown command \"restart\"; \"moxctl help\" lists them\n");
    expect("metrisc", 2, "", "unknown command \"metrisc\"; did you mean \"metrics\"?\n");
    expect("tls relaod now", 2, "", "unknown command \"tls\"; did you mean \"tls reload\"?\n");
    expect("secert", 2, "", "unknown command \"secert\"; \"moxctl help\" lists them\n");
    stop_server();
}

IN_FIBER(log_levels)
{
    start_server();
    expect("loglevels", 0, "default info\n", "");
    expect("loglevels imap trace", 0, "", "");
    expect("loglevels default debug", 0, "", "");
    expect("loglevels", 0, "default debug\nimap trace\n", "");
    expect("loglevels smtp", 0, "debug\n", "");
    expect("loglevels imap ''", 0, "", "");
    expect("loglevels", 0, "default debug\n", "");
    expect("loglevels imap loud", 1, "",
           "loglevels: unknown level \"loud\"; levels are error, warn, info, debug, trace, "
           "traceauth, tracedata\n");
    stop_server();
}

IN_FIBER(lists_commands_for_help)
{
    static const char echo[] = "test echo\0<word>...\0\0";
    struct call *c;

    start_server();
    c = call("commands", (struct moxd_str){ 0 });
    ck_assert_int_eq(c->status, 0);
    ck_assert_int_ge(moxd_str_find(moxd_buf_str(&c->out), moxd_str(echo, sizeof(echo))), 0);
    ck_assert_int_eq(moxd_str_find(moxd_buf_str(&c->out), MOXD_STR("secret")), -1);
    c = call("metrics", (struct moxd_str){ 0 });
    ck_assert_ptr_nonnull(strstr(moxd_buf_cstr(&c->out), "# TYPE process_open_fds gauge\n"));
    stop_server();
}

IN_FIBER(input_of_any_size_is_read)
{
    struct moxd_buf in = MOXD_BUF_INIT(4 << 20);
    struct call *c;
    char expected[100];
    uint64_t sum = 0;

    for (int i = 0; i < 300000; i++) {
        moxd_buf_addc(&in, (char)(i * 7));
        sum += (unsigned char)(i * 7);
    }
    start_server();
    c = call("sum", moxd_buf_str(&in));
    snprintf(expected, sizeof(expected), "\n300000 %lu\n", (unsigned long)sum);
    ck_assert_int_eq(c->status, 0);
    ck_assert_ptr_nonnull(strstr(moxd_buf_cstr(&c->out), expected));
    ck_assert_uint_eq(c->out.n, 300 + strlen(expected));
    c = call("sum", (struct moxd_str){ 0 });
    ck_assert_str_eq(moxd_buf_cstr(&c->out), "\n0 0\n");
    stop_server();
    moxd_buf_fini(&in);
}

IN_FIBER(lines_of_input)
{
    start_server();
    ck_assert_int_eq(call("password", MOXD_STR("pass word\nmore"))->status, 0);
    ck_assert_str_eq(seen, "pass word");
    ck_assert_str_eq(moxd_buf_cstr(&call("password", MOXD_STR("0123456789012345\n"))->err),
                     "password: input line has more than 15 bytes\n");
    ck_assert_str_eq(moxd_buf_cstr(&call("password", (struct moxd_str){ 0 })->err),
                     "password: a line of input is missing\n");
    stop_server();
}

IN_FIBER(output_of_any_size_arrives)
{
    struct call *c;

    start_server();
    c = call("big", (struct moxd_str){ 0 });
    ck_assert_int_eq(c->status, 0);
    ck_assert_uint_eq(c->out.n, 1 << 20);
    stop_server();
}

IN_FIBER(output_of_others_is_plain)
{
    start_server();
    expect("plain", 0, "a~ ?[2Jb???? x?y?", "");
    stop_server();
}

static int connected(void)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
    return fd;
}

/* Whether the server closed the connection without a word. */
static void closed_at_once(struct moxd_str bytes)
{
    int fd = connected();
    char c;

    ck_assert_int_eq(write(fd, bytes.p, bytes.n), (ssize_t)bytes.n);
    ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    ck_assert_int_gt(moxd_wait_fd(fd, MOXD_FD_READ, moxd_deadline(60 * MOXD_SEC)), 0);
    ck_assert_int_le(read(fd, &c, 1), 0);
    close(fd);
}

IN_FIBER(garbage_is_hung_up_on)
{
    start_server();
    closed_at_once(MOXD_STR("GET / HTTP/1.0\r\n\r\n"));
    closed_at_once(MOXD_STR("C\xff\xff\xff\xff"));
    closed_at_once(MOXD_STR("O\0\0\0\0"));
    expect("test x", 0, "[x]", "");
    stop_server();
}

IN_FIBER(a_silent_peer_does_not_stay)
{
    int fd;

    start_server();
    fd = connected();
    ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    moxd_yield();
    moxd_yield();
    moxd_clock_step(CONTROL_HELLO_TIMEOUT);
    ck_assert_int_gt(moxd_wait_fd(fd, MOXD_FD_READ, moxd_deadline(60 * MOXD_SEC)), 0);
    close(fd);
    moxd_clock_reset();
    stop_server();
}

IN_FIBER(only_so_many_at_once)
{
    int fds[CONTROL_SESSIONS], more;
    char c;

    start_server();
    for (int i = 0; i < CONTROL_SESSIONS; i++)
        fds[i] = connected();
    more = connected();
    ck_assert_int_eq(fcntl(more, F_SETFL, O_NONBLOCK), 0);
    ck_assert_int_gt(moxd_wait_fd(more, MOXD_FD_READ, moxd_deadline(60 * MOXD_SEC)), 0);
    ck_assert_int_le(read(more, &c, 1), 0);
    close(more);
    for (int i = 0; i < CONTROL_SESSIONS; i++)
        close(fds[i]);
    stop_server();
}

IN_FIBER(another_users_connection_is_refused)
{
    struct stat st;
    int pipefd[2];
    char answer = 0;
    pid_t pid;

    if (geteuid() != 0)
        return; /* only root can become another user */
    start_server();
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    ck_assert_int_eq(chmod(path, 0666) | chmod(dir, 0755) | pipe(pipefd), 0);
    pid = fork();
    if (pid == 0) {
        if (setgid(12345) == 0 && setuid(12345) == 0)
            answer = read(connected(), &answer, 1) <= 0 ? 'y' : 'n';
        if (write(pipefd[1], &answer, 1) != 1)
            _exit(1);
        _exit(0);
    }
    ck_assert_int_eq(fcntl(pipefd[0], F_SETFL, O_NONBLOCK), 0);
    ck_assert_int_gt(moxd_wait_fd(pipefd[0], MOXD_FD_READ, moxd_deadline(60 * MOXD_SEC)), 0);
    ck_assert_int_eq(read(pipefd[0], &answer, 1), 1);
    ck_assert_int_eq(answer, 'y');
    waitpid(pid, NULL, 0);
    close(pipefd[0]);
    close(pipefd[1]);
    stop_server();
}

static void wait_command(void *arg)
{
    struct call *c = arg;

    moxd_offload(MOXD_LANE_CPU, do_call, c);
}

IN_FIBER(a_stop_cancels_what_runs)
{
    char word[] = "wait";
    struct call c = {
        .argv = { word }, .argc = 1, .out = MOXD_BUF_INIT(1000), .err = MOXD_BUF_INIT(1000)
    };
    struct moxd_fid f;

    start_server();
    f = moxd_fiber_spawn("client", wait_command, &c);
    while (!waiting)
        ck_assert_int_eq(moxd_waitq_wait(&wait_started, MOXD_NEVER), MOXD_OK);
    core_control_stop(moxd_deadline(0));
    ck_assert_int_eq(moxd_fiber_join(f, MOXD_NEVER), MOXD_OK);
    ck_assert_int_ne(c.status, 0);
    core_control_fini();
    moxd_buf_fini(&c.out);
    moxd_buf_fini(&c.err);
    rmdir(dir);
}

IN_FIBER(without_a_server)
{
    struct call *c;

    snprintf(path, sizeof(path), "/tmp/no-such-dir/ctl");
    c = call("version", (struct moxd_str){ 0 });
    ck_assert_int_eq(c->status, -1);
    ck_assert_str_eq(c->problem.priv,
                     "the server is not running (no answer at /tmp/no-such-dir/ctl)");
}

IN_FIBER(a_socket_left_behind_is_replaced)
{
    static const struct core_control_server ops = { do_stop, do_reload };
    struct moxd_err err = { 0 };
    char longer[300];

    start_server();
    ck_assert_int_eq(core_control_register(commands, NULL, &err), -1);
    ck_assert_str_eq(err.priv, "command \"test echo\" is there twice");
    core_control_stop(moxd_deadline(60 * MOXD_SEC));
    close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    ck_assert_int_eq(core_control_start(path, &ops, &err), 0);
    expect("test x", 0, "[x]", "");
    stop_server();
    memset(longer, 'x', sizeof(longer) - 1);
    longer[0] = '/';
    longer[sizeof(longer) - 1] = '\0';
    ck_assert_int_eq(core_control_start(longer, &ops, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.priv, "use a shorter data-dir"));
}

UNIT_MAIN("control", frames, commands_as_payload, runs_commands, refuses_what_it_does_not_know,
          log_levels, lists_commands_for_help, input_of_any_size_is_read, lines_of_input,
          output_of_any_size_arrives, output_of_others_is_plain, garbage_is_hung_up_on,
          a_silent_peer_does_not_stay, only_so_many_at_once, another_users_connection_is_refused,
          a_stop_cancels_what_runs, without_a_server, a_socket_left_behind_is_replaced)
