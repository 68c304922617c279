/* The log: formats, levels, what is withheld at which level.
 * proves: LOG-01, LOG-02, LOG-03, LOG-05, LOG-06, LOG-07, LOG-08, LOG-09, P-CORE-03, P-CORE-04,
 * P-CORE-05 */
#include "unit.h"

#include "log/log.h"

#include <errno.h>
#include <fcntl.h>
#include <moxd/clock.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static int pipe_fds[2];

/* Sends the log into a pipe. */
static void capture(bool logfmt)
{
    ck_assert_int_eq(pipe2(pipe_fds, O_CLOEXEC), 0);
    ck_assert_int_eq(fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK), 0);
    moxd_log_fd(pipe_fds[1]);
    moxd_log_format(logfmt);
}

/* What one write brought; "" when nothing was written. */
static const char *captured(void)
{
    static char text[256 * 1024];
    ssize_t n = read(pipe_fds[0], text, sizeof(text) - 1);

    text[n > 0 ? n : 0] = '\0';
    return text;
}

/* The line behind its time stamp. */
static const char *captured_line(void)
{
    const char *line = captured(), *level = strstr(line, " level=");

    ck_assert_ptr_nonnull(level);
    ck_assert_int_eq(strncmp(line, "time=", 5), 0);
    return level + 1;
}

START_TEST(a_line_is_logfmt_with_inherited_pairs)
{
    struct moxd_kv outer[] = { moxd_kvu("cid", 7) }, inner[] = { moxd_kvs("account", "mjl") };
    struct moxd_log conn = { .component = "smtp", .kv = outer, .nkv = 1 };
    struct moxd_log session = { .parent = &conn, .kv = inner, .nkv = 1 };

    capture(true);
    moxd_info(&session, "message accepted", moxd_kvi("size", -5), moxd_kvd("took", 1500000),
              moxd_kvb("tls", true));
    ck_assert_str_eq(captured_line(), "level=info component=smtp msg=\"message accepted\" cid=7 "
                                      "account=mjl size=-5 took=1.500ms tls=true\n");
}
END_TEST

START_TEST(the_time_is_utc_with_milliseconds)
{
    struct core_log_line l = { .level = MOXD_WARN, .msg = MOXD_STR("x") };
    struct moxd_buf b = MOXD_BUF_INIT(1000);

    core_log_logfmt(&b, &l, 951782400 * MOXD_SEC + 42 * MOXD_MS, false);
    ck_assert_str_eq(moxd_buf_cstr(&b),
                     "time=2000-02-29T00:00:00.042Z level=warn component=core msg=\"x\"\n");
    moxd_buf_reset(&b);
    core_log_logfmt(&b, &l, -1, true);
    ck_assert_str_eq(moxd_buf_cstr(&b), "<4>level=warn component=core msg=\"x\"\n");
    moxd_buf_fini(&b);
}
END_TEST

START_TEST(values_are_quoted_where_needed_and_cannot_forge_lines)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        { "plain", "plain" },
        { "mjl@example.org", "mjl@example.org" },
        { "", "\"\"" },
        { "two words", "\"two words\"" },
        { "a=b", "\"a=b\"" },
        { "x\nlevel=error", "\"x\\nlevel=error\"" },
        { "\r\t", "\"\\r\\t\"" },
        { "a\"b\\c", "\"a\\\"b\\\\c\"" },
        { "\x1b[31m", "\"\\x1b[31m\"" },
        { "\xc2\x9b", "\"\\xc2\\x9b\"" },
        { "\xe2\x80\xa8", "\"\\xe2\\x80\\xa8\"" },
        { "m\xc3\xb6x", "m\xc3\xb6x" },
        { "bad \xff", "\"bad \\xff\"" },
        { "cut \xc3", "\"cut \\xc3\"" },
    };

    for (size_t i = 0; i < MOXD_NELEMS(cases); i++) {
        struct moxd_buf b = MOXD_BUF_INIT(1000);
        core_log_quote_if(&b, moxd_cstr(cases[i].in));
        ck_assert_str_eq(moxd_buf_cstr(&b), cases[i].out);
        moxd_buf_fini(&b);
    }
}
END_TEST

START_TEST(a_quoted_localpart_is_escaped_once)
{
    struct moxd_log log = { .component = "smtp" };

    capture(true);
    moxd_info(&log, "rcpt", moxd_kvs("address", "\"a b\"@example.org"));
    ck_assert_str_eq(captured_line(), "level=info component=smtp msg=\"rcpt\" "
                                      "address=\"\\\"a b\\\"@example.org\"\n");
}
END_TEST

START_TEST(a_very_long_line_is_cut_and_stays_one_line)
{
    struct moxd_log log = { .component = "x" };
    char *big = malloc(100000);
    const char *line;

    memset(big, '\x01', 99999);
    big[99999] = '\0';
    capture(true);
    ck_assert_int_gt(fcntl(pipe_fds[1], F_SETPIPE_SZ, 1 << 20), 0);
    moxd_info(&log, "m", moxd_kvs("a", big), moxd_kvs("b", big), moxd_kvs("c", big));
    line = captured();
    ck_assert_uint_le(strlen(line), CORE_LOG_LINE_MAX);
    ck_assert_ptr_eq(strchr(line, '\n'), line + strlen(line) - 1);
    ck_assert_ptr_nonnull(strstr(line, "cut=true\n"));
    free(big);
}
END_TEST

START_TEST(levels_by_component)
{
    struct moxd_log smtp = { .component = "smtp" }, child = { .parent = &smtp }, core = { 0 };
    enum moxd_level level;

    ck_assert(moxd_log_on(&smtp, MOXD_INFO) && !moxd_log_on(&smtp, MOXD_DEBUG));
    moxd_log_set_level("smtp", MOXD_TRACE);
    ck_assert(moxd_log_on(&child, MOXD_TRACE) && !moxd_log_on(&child, MOXD_TRACEAUTH));
    ck_assert(!moxd_log_on(&core, MOXD_DEBUG));
    moxd_log_set_level(NULL, MOXD_ERROR);
    ck_assert(!moxd_log_on(&core, MOXD_INFO) && moxd_log_on(&smtp, MOXD_TRACE));
    moxd_log_clear_level("smtp");
    ck_assert(!moxd_log_on(&smtp, MOXD_WARN) && moxd_log_on(&smtp, MOXD_ERROR));
    ck_assert_int_eq(moxd_log_level("smtp"), MOXD_ERROR);
    moxd_log_clear_level(NULL);
    ck_assert_int_eq(moxd_log_level("smtp"), MOXD_INFO);
    ck_assert_int_eq(moxd_level_parse(MOXD_STR("traceauth"), &level), 0);
    ck_assert_int_eq(level, MOXD_TRACEAUTH);
    ck_assert_int_eq(moxd_level_parse(MOXD_STR("loud"), &level), -1);
    ck_assert_str_eq(moxd_level_name(MOXD_TRACEDATA), "tracedata");
}
END_TEST

static void note_level(void *arg, const char *component, enum moxd_level level)
{
    char *out = arg;
    size_t n = strlen(out);

    snprintf(out + n, 200 - n, "%s=%s;", component ? component : "", moxd_level_name(level));
}

START_TEST(levels_are_listed)
{
    char out[200] = "";

    moxd_log_set_level("imap", MOXD_DEBUG);
    moxd_log_set_level("smtp", MOXD_TRACE);
    moxd_log_clear_level("imap");
    moxd_log_levels(note_level, out);
    ck_assert_str_eq(out, "=info;smtp=trace;");
}
END_TEST

START_TEST(plain_trace_withholds_secrets_and_data)
{
    struct moxd_log log = { .component = "imap" };

    capture(true);
    moxd_log_set_level("imap", MOXD_TRACE);
    moxd_log_trace(&log, MOXD_TRACE, "C: ", MOXD_STR("a NOOP\r\n"));
    ck_assert_str_eq(captured_line(), "level=trace component=imap msg=\"C: a NOOP\\r\\n\"\n");
    moxd_log_trace(&log, MOXD_TRACEAUTH, "C: ", MOXD_STR("a LOGIN mjl secret\r\n"));
    ck_assert_str_eq(captured_line(), "level=trace component=imap msg=\"C: ***\"\n");
    moxd_log_trace(&log, MOXD_TRACEDATA, "C: ", MOXD_STR("Subject: private\r\n"));
    ck_assert_str_eq(captured_line(), "level=trace component=imap msg=\"C: ...\" size=18\n");
}
END_TEST

START_TEST(traceauth_shows_secrets_but_no_data)
{
    struct moxd_log log = { .component = "imap" };

    capture(true);
    moxd_log_set_level("imap", MOXD_TRACEAUTH);
    moxd_log_trace(&log, MOXD_TRACEAUTH, "C: ", MOXD_STR("secret"));
    ck_assert_str_eq(captured_line(), "level=traceauth component=imap msg=\"C: secret\"\n");
    moxd_log_trace(&log, MOXD_TRACEDATA, "S: ", MOXD_STR("Subject: private"));
    ck_assert_str_eq(captured_line(), "level=trace component=imap msg=\"S: ...\" size=16\n");
    moxd_log_set_level("imap", MOXD_TRACEDATA);
    moxd_log_trace(&log, MOXD_TRACEDATA, "S: ", MOXD_STR("Subject: private"));
    ck_assert_str_eq(captured_line(),
                     "level=tracedata component=imap msg=\"S: Subject: private\"\n");
    moxd_log_set_level("imap", MOXD_DEBUG);
    moxd_log_trace(&log, MOXD_TRACE, "S: ", MOXD_STR("x"));
    ck_assert_str_eq(captured(), "");
}
END_TEST

START_TEST(console_lines_are_readable_and_trace_is_quoted)
{
    struct moxd_err err = { 0 };
    struct moxd_log log = { .component = "config" };

    capture(false);
    errno = EACCES;
    moxd_err_sys(&err, "opening %s", "x.conf");
    moxd_error(&log, "cannot start", moxd_kvs("file", "a b"), moxd_kve(&err), moxd_kvi("line", 3));
    ck_assert_str_eq(captured(), "error: cannot start: opening x.conf: Permission denied "
                                 "(file: \"a b\"; line: 3)\n");
    moxd_info(&log, "done");
    ck_assert_str_eq(captured(), "info: done\n");
    moxd_log_set_level("config", MOXD_TRACE);
    moxd_log_trace(&log, MOXD_TRACE, "C: ", MOXD_STR("a NOOP\r\n"));
    ck_assert_str_eq(captured(), "trace: \"C: a NOOP\\r\\n\"\n");
}
END_TEST

START_TEST(failed_logins_have_one_message)
{
    struct moxd_log log = { .component = "imap" };

    capture(true);
    moxd_log_authfail(&log, &(struct moxd_log_auth){ MOXD_STR("mjl@example.org"), "192.0.2.9",
                                                     "imap", "PLAIN", "bad credentials" });
    ck_assert_str_eq(captured_line(),
                     "level=info component=imap msg=\"failed authentication attempt\" "
                     "username=mjl@example.org remote=192.0.2.9 protocol=imap mechanism=PLAIN "
                     "reason=\"bad credentials\"\n");
}
END_TEST

START_TEST(failures_that_cannot_happen_are_logged_only)
{
    struct moxd_log log = { .component = "store" };

    capture(true);
    moxd_log_check(&log, close(-1), "closing the message file");
    ck_assert_str_eq(captured_line(),
                     "level=error component=store msg=\"closing the message file\" "
                     "err=\"Bad file descriptor\"\n");
    moxd_log_check(&log, 0, "closing");
    ck_assert_str_eq(captured(), "");
}
END_TEST

static void *write_many(void *arg)
{
    for (int i = 0; i < 200; i++)
        moxd_info(arg, "a line that must stay in one piece", moxd_kvi("i", i));
    return NULL;
}

START_TEST(threads_do_not_mix_their_lines)
{
    struct moxd_log log = { .component = "t" };
    pthread_t threads[4];
    uint64_t before = core_log_lines(MOXD_INFO);
    size_t lines = 0;

    capture(true);
    ck_assert_int_gt(fcntl(pipe_fds[1], F_SETPIPE_SZ, 1 << 20), 0);
    for (size_t i = 0; i < MOXD_NELEMS(threads); i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, write_many, &log), 0);
    for (size_t i = 0; i < MOXD_NELEMS(threads); i++)
        pthread_join(threads[i], NULL);
    for (const char *p = captured(), *end; (end = strchr(p, '\n')); p = end + 1, lines++)
        ck_assert_int_eq(strncmp(p, "time=", 5), 0);
    ck_assert_uint_eq(lines, 800);
    ck_assert_uint_eq(core_log_lines(MOXD_INFO) - before, 800);
}
END_TEST

UNIT_MAIN("log", a_line_is_logfmt_with_inherited_pairs, the_time_is_utc_with_milliseconds,
          values_are_quoted_where_needed_and_cannot_forge_lines, a_quoted_localpart_is_escaped_once,
          a_very_long_line_is_cut_and_stays_one_line, levels_by_component, levels_are_listed,
          plain_trace_withholds_secrets_and_data, traceauth_shows_secrets_but_no_data,
          console_lines_are_readable_and_trace_is_quoted, failed_logins_have_one_message,
          failures_that_cannot_happen_are_logged_only, threads_do_not_mix_their_lines)
