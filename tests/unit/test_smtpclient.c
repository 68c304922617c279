/* The SMTP client with servers of all kinds, without TLS.
 * proves in part: P-QUEUE-02, P-QUEUE-11, P-QUEUE-13, QUEUE-02 */
#include "smtpclient_unit.h"

#define LINES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static struct unit_message hello = { .text = { "Subject: x\r\n\r\n.dot\r\nend\r\n", 25 } };

static void check_reply(const struct smtpclient_rcpt *r, bool ok, enum smtpclient_stage stage,
                        int code, const char *enhanced, bool permanent)
{
    ck_assert_msg(r->ok == ok, "%s: %s", r->to, r->reply.text);
    ck_assert_int_eq(r->reply.stage, stage);
    ck_assert_int_eq(r->reply.code, code);
    ck_assert_str_eq(r->reply.enhanced, enhanced);
    ck_assert_int_eq(r->reply.permanent, permanent);
    ck_assert_ptr_nonnull(r->reply.text);
}

/* A server of old: one command after the other. */
IN_FIBER(sends_with_helo)
{
    struct client c = { 0 };
    struct smtpclient_rcpt rcpts[] = { { .to = "a@a.example", .notify = "NEVER" },
                                       { .to = "b@a.example" } };
    struct smtpclient_transaction t = unit_transaction(rcpts, 2, &hello);
    int rc = client_open(&c, LINES("S:220-hello", "S:220 there", "C:EHLO me.example", "S:502 what",
                                   "C:HELO me.example", "S:250 ok", "C:MAIL FROM:<from@me.example>",
                                   "S:250 ok", "C:RCPT TO:<a@a.example>", "S:250 ok",
                                   "C:RCPT TO:<b@a.example>", "S:251 forwards", "C:DATA",
                                   "S:354 go", "C:Subject: x", "C:", "C:..dot", "C:end", "C:.",
                                   "S:250-2.0.0 is", "S:250 queued", "C:QUIT", "S:221 bye"));

    ck_assert_msg(rc == 0, "%s", c.reply.text);
    ck_assert(!c.facts.esmtp && !c.facts.starttls);
    ck_assert_str_eq(c.facts.remote_ip, "127.0.0.1");
    ck_assert_int_eq(c.facts.tls_result, SMTPCLIENT_TLS_NONE_TRIED);
    ck_assert_int_eq(smtpclient_send(c.s, &t, unit_arena), 0);
    check_reply(&rcpts[0], true, SMTPCLIENT_BODY, 250, "2.0.0", false);
    check_reply(&rcpts[1], true, SMTPCLIENT_BODY, 250, "2.0.0", false);
    ck_assert_str_eq(rcpts[0].reply.text, "250-2.0.0 is\n250 queued");
    ck_assert(smtpclient_usable(c.s));
    client_end(&c);
}

#define EHLO(...) "S:220 a.example", "C:EHLO me.example", "S:250-a.example", __VA_ARGS__
#define MESSAGE "C:Subject: x", "C:", "C:..dot", "C:end", "C:."
#define MAIL_LINE "C:MAIL FROM:<from@me.example>"

/* The server answers only when it has the whole group: MAIL to DATA. */
IN_FIBER(pipelines)
{
    struct client c = { 0 };
    struct smtpclient_rcpt rcpts[] = { { .to = "a@a.example", .notify = "NEVER" },
                                       { .to = "b@a.example", .orcpt = "rfc822;c@d" },
                                       { .to = "no@a.example" } };
    struct smtpclient_transaction t = unit_transaction(rcpts, 3, &hello);

    t.envid = "id1";
    t.ret = "HDRS";
    t.body8bit = true;
    int rc = client_open(&c, LINES(EHLO("S:250-PIPELINING", "S:250-DSN", "S:250-8BITMIME",
                                        "S:250-SIZE 1000", "S:250 ENHANCEDSTATUSCODES"),
                                   MAIL_LINE " SIZE=25 BODY=8BITMIME RET=HDRS ENVID=id1",
                                   "C:RCPT TO:<a@a.example> NOTIFY=NEVER",
                                   "C:RCPT TO:<b@a.example> ORCPT=rfc822;c@d",
                                   "C:RCPT TO:<no@a.example>", "C:DATA", "S:250 2.1.0 ok",
                                   "S:250 2.1.5 ok", "S:450 4.2.0 later", "S:550-5.1.1 no such",
                                   "S:550 5.1.1 user", "S:354 go", "C:Subject: x", "C:", "C:..dot",
                                   "C:end", "C:.", "S:250 2.0.0 queued", "C:QUIT", "S:221 bye"));

    ck_assert_msg(rc == 0, "%s", c.reply.text);
    ck_assert(c.facts.esmtp && c.facts.pipelining && c.facts.dsn && c.facts.eightbitmime);
    ck_assert_uint_eq(c.facts.size, 1000);
    ck_assert_int_eq(smtpclient_send(c.s, &t, unit_arena), 0);
    check_reply(&rcpts[0], true, SMTPCLIENT_BODY, 250, "2.0.0", false);
    check_reply(&rcpts[1], false, SMTPCLIENT_RCPT, 450, "4.2.0", false);
    check_reply(&rcpts[2], false, SMTPCLIENT_RCPT, 550, "5.1.1", true);
    ck_assert_str_eq(rcpts[2].reply.text, "550-5.1.1 no such\n550 5.1.1 user");
    client_end(&c);
}

/* More recipients than fit into one group, more than the server takes in one transaction. */
IN_FIBER(many_recipients)
{
    enum { N = 150, MAX = 140 };
    static struct smtpclient_rcpt rcpts[N];
    static char to[N][40], rcpt[N][60];
    static const char *lines[3 * N] = {
        EHLO("S:250-PIPELINING", "S:250 LIMITS RCPTMAX=140 MAILMAX=1"), MAIL_LINE, "S:250 ok"
    };
    struct smtpclient_transaction t = unit_transaction(rcpts, N, &hello);
    struct client c = { 0 };
    size_t n = 7;

    for (int i = 0; i < N; i++) {
        snprintf(to[i], sizeof(to[i]), "u%d@a.example", i);
        snprintf(rcpt[i], sizeof(rcpt[i]), "C:RCPT TO:<u%d@a.example>", i);
        rcpts[i] = (struct smtpclient_rcpt){ .to = to[i] };
        if (i < MAX)
            lines[n++] = rcpt[i], lines[n++] = "S:250 ok";
    }
    memcpy(lines + n, LINES("C:DATA", "S:354 go", MESSAGE, "S:250 ok", "E:"), 10 * sizeof(*lines));
    ck_assert_int_eq(client_open(&c, lines), 0);
    ck_assert_int_eq(smtpclient_send(c.s, &t, unit_arena), 0);
    for (int i = 0; i < MAX; i++)
        check_reply(&rcpts[i], true, SMTPCLIENT_BODY, 250, "", false);
    for (int i = MAX; i < N; i++)
        check_reply(&rcpts[i], false, SMTPCLIENT_RCPT, 452, "4.5.3", false);
    ck_assert(!smtpclient_usable(c.s)); /* MAILMAX */
    smtpclient_session_free(c.s);
    c.s = NULL;
    client_end(&c);
}

IN_FIBER(too_many_recipients_for_the_server)
{
    struct client c = { 0 };
    struct smtpclient_rcpt rcpts[] = {
        { .to = "a@a" }, { .to = "b@a" }, { .to = "c@a" }, { .to = "d@a" }
    };
    struct smtpclient_transaction t = unit_transaction(rcpts, 4, &hello);

    ck_assert_int_eq(
        client_open(&c, LINES(EHLO("S:250 PIPELINING"), MAIL_LINE, "C:RCPT TO:<a@a>",
                              "C:RCPT TO:<b@a>", "C:RCPT TO:<c@a>", "C:RCPT TO:<d@a>", "C:DATA",
                              "S:250 ok", "S:250 ok", "S:452 4.5.3 enough", "S:552 too many",
                              "S:552 5.2.2 full", "S:354 go", "C:Subject: x", "C:", "C:..dot",
                              "C:end", "C:.", "S:250 ok", "C:QUIT", "S:221 bye")),
        0);
    ck_assert_int_eq(smtpclient_send(c.s, &t, unit_arena), 0);
    check_reply(&rcpts[0], true, SMTPCLIENT_BODY, 250, "", false);
    check_reply(&rcpts[1], false, SMTPCLIENT_RCPT, 452, "4.5.3", false);
    check_reply(&rcpts[2], false, SMTPCLIENT_RCPT, 452, "", false);
    check_reply(&rcpts[3], false, SMTPCLIENT_RCPT, 552, "5.2.2", true);
    client_end(&c);
}

/* Nobody accepted, but the server wants a message; then MAIL refused; then all goes well: one session. */
IN_FIBER(a_session_goes_on_after_refusals)
{
    struct client c = { 0 };
    struct smtpclient_rcpt rcpts[] = { { .to = "a@a" } };
    struct smtpclient_transaction t = unit_transaction(rcpts, 1, &hello);

    ck_assert_int_eq(
        client_open(&c, LINES(EHLO("S:250 PIPELINING"), MAIL_LINE, "C:RCPT TO:<a@a>", "C:DATA",
                              "S:250 ok", "S:550 no", "S:354 go", "C:.", "S:554 no recipients",
                              "C:RSET", "S:250 ok", /**/
                              MAIL_LINE, "C:RCPT TO:<a@a>", "C:DATA", "S:451 4.3.0 not now",
                              "S:503 no MAIL", "S:503 no MAIL", "C:RSET", "S:250 ok", /**/
                              MAIL_LINE, "C:RCPT TO:<a@a>", "C:DATA", "S:250 ok", "S:250 ok",
                              "S:354 go", "C:Subject: x", "C:", "C:..dot", "C:end", "C:.",
                              "S:554 5.7.1 spam", /**/
                              MAIL_LINE, "C:RCPT TO:<a@a>", "C:DATA", "S:250 ok", "S:250 ok",
                              "S:451 4.3.2 no data", "C:RSET", "S:250 ok", "C:QUIT", "S:221 bye")),
        0);
    ck_assert_int_eq(smtpclient_send(c.s, &t, unit_arena), 0);
    check_reply(&rcpts[0], false, SMTPCLIENT_RCPT, 550, "", true);
    ck_assert_int_eq(smtpclient_send(c.s, &t, unit_arena), 0);
    check_reply(&rcpts[0], false, SMTPCLIENT_MAIL, 451, "4.3.0", false);
    ck_assert_int_eq(smtpclient_send(c.s, &t, unit_arena), 0);
    check_reply(&rcpts[0], false, SMTPCLIENT_BODY, 554, "5.7.1", true);
    ck_assert_int_eq(smtpclient_send(c.s, &t, unit_arena), 0);
    check_reply(&rcpts[0], false, SMTPCLIENT_DATA, 451, "4.3.2", false);
    ck_assert(smtpclient_usable(c.s));
    client_end(&c);
}

static void check_broken(const char *const *lines, enum smtpclient_stage stage, int code,
                         const char *text)
{
    struct client c = { 0 };
    struct smtpclient_rcpt rcpts[] = { { .to = "a@a" }, { .to = "b@a" } };
    struct smtpclient_transaction t = unit_transaction(rcpts, 2, &hello);

    ck_assert_int_eq(client_open(&c, lines), 0);
    t.deadline = moxd_deadline(stage == SMTPCLIENT_NEEDS ? 50 * MOXD_MS : 60 * MOXD_SEC);
    ck_assert_int_eq(smtpclient_send(c.s, &t, unit_arena), -1);
    for (int i = 0; i < 2; i++) {
        ck_assert(!rcpts[i].ok && !rcpts[i].reply.permanent);
        ck_assert_int_eq(rcpts[i].reply.code, code);
        ck_assert_msg(strstr(rcpts[i].reply.text, text) != NULL, "%s", rcpts[i].reply.text);
        if (stage != SMTPCLIENT_NEEDS)
            ck_assert_int_eq(rcpts[i].reply.stage, stage);
    }
    ck_assert(!smtpclient_usable(c.s));
    client_end(&c);
}

#define GROUP MAIL_LINE, "C:RCPT TO:<a@a>", "C:RCPT TO:<b@a>", "C:DATA"

IN_FIBER(connections_that_break)
{
    check_broken(LINES(EHLO("S:250 PIPELINING"), GROUP, "X:"), SMTPCLIENT_MAIL, 0, "closed");
    check_broken(LINES(EHLO("S:250 PIPELINING"), GROUP, "S:421 4.3.2 going down", "X:"),
                 SMTPCLIENT_MAIL, 421, "going down");
    check_broken(LINES(EHLO("S:250 PIPELINING"), GROUP, "S:250 ok", "S:421 bye", "X:"),
                 SMTPCLIENT_RCPT, 421, "bye");
    check_broken(LINES(EHLO("S:250 PIPELINING"), GROUP, "S:250 ok", "S:250 ok", "S:250 ok", "X:"),
                 SMTPCLIENT_DATA, 0, "closed");
    check_broken(LINES(EHLO("S:250 PIPELINING"), GROUP, "S:250 ok", "S:250 ok", "S:250 ok",
                       "S:354 go", MESSAGE, "X:"),
                 SMTPCLIENT_BODY, 0, "closed");
    check_broken(LINES(EHLO("S:250 PIPELINING"), GROUP, "S:250 ok", "S:250 ok", "S:250 ok",
                       "S:354 go", MESSAGE, "S:421 4.7.0 no", "X:"),
                 SMTPCLIENT_BODY, 421, "4.7.0 no");
    check_broken(LINES(EHLO("S:250 PIPELINING"), GROUP, "S:HTTP/1.0 200 OK", "X:"), SMTPCLIENT_MAIL,
                 0, "does not talk SMTP");
    check_broken(LINES(EHLO("S:250 PIPELINING"), GROUP, "S:250-ok", "S:550 no", "X:"),
                 SMTPCLIENT_MAIL, 0, "does not talk SMTP");
    check_broken(LINES(EHLO("S:250 PIPELINING"), GROUP, "S:250 ok", "s:250-unfinished", "X:"),
                 SMTPCLIENT_RCPT, 0, "closed");
    /* Silence, wherever; the deadline is short. */
    check_broken(LINES(EHLO("S:250 PIPELINING"), GROUP, "E:"), SMTPCLIENT_NEEDS, 0, "timeout");
    check_broken(LINES(EHLO("S:250 PIPELINING"), GROUP, "S:250 ok", "S:250 ok", "S:250 ok",
                       "S:354 go", MESSAGE, "E:"),
                 SMTPCLIENT_NEEDS, 0, "timeout");
}

static void check_closed_at_once(const char *const *lines, enum smtpclient_stage stage, int code,
                                 const char *text, bool is_short)
{
    struct client c = { 0 };

    if (is_short)
        c.t.deadline = moxd_deadline(50 * MOXD_MS);
    ck_assert_int_eq(client_open(&c, lines), -1);
    ck_assert_ptr_null(c.s);
    ck_assert_int_eq(c.reply.stage, stage);
    ck_assert_int_eq(c.reply.code, code);
    ck_assert_msg(strstr(c.reply.text, text) != NULL, "%s", c.reply.text);
    ck_assert(!c.reply.permanent);
    ck_assert(!c.reply.ours || c.reply.enhanced[0] == '4');
    client_end(&c);
}

IN_FIBER(sessions_that_do_not_begin)
{
    char longest[5000], *p = longest;

    check_closed_at_once(LINES("X:"), SMTPCLIENT_GREETING, 0, "closed", false);
    check_closed_at_once(LINES("E:"), SMTPCLIENT_GREETING, 0, "timeout", true);
    check_closed_at_once(LINES("S:554 5.7.1 blocked", "C:QUIT", "S:221 bye"), SMTPCLIENT_GREETING,
                         554, "blocked", false);
    check_closed_at_once(LINES("S:SSH-2.0-OpenSSH_9.2", "E:"), SMTPCLIENT_GREETING, 0, "SMTP",
                         false);
    check_closed_at_once(LINES("S:220 hi", "C:EHLO me.example", "S:451 later", "C:QUIT", "S:221"),
                         SMTPCLIENT_EHLO, 451, "later", false);
    check_closed_at_once(LINES("S:220 hi", "C:EHLO me.example", "S:550 no", "C:HELO me.example",
                               "S:550 no, no", "C:QUIT", "S:221 x"),
                         SMTPCLIENT_EHLO, 550, "no, no", false);
    check_closed_at_once(LINES("S:220 hi", "C:EHLO me.example", "E:"), SMTPCLIENT_EHLO, 0,
                         "timeout", true);
    p += sprintf(p, "S:220 ");
    memset(p, 'x', 4500);
    p[4500] = '\0';
    check_closed_at_once(LINES(longest, "E:"), SMTPCLIENT_GREETING, 0, "too long", false);
}

IN_FIBER(nobody_listens)
{
    struct client c = { .t = { .host = "a.example", .ehlo = "me", .log = &unit_log } };
    struct sockaddr_in in;

    unit_arena = moxd_arena_new(0);
    close(listen_local(&in));
    memcpy(&c.t.address, &in, sizeof(in));
    c.t.deadline = moxd_deadline(60 * MOXD_SEC);
    ck_assert_int_eq(smtpclient_open(&unit_sc.m, &c.t, unit_arena, &c.s, &c.facts, &c.reply), -1);
    ck_assert_int_eq(c.reply.stage, SMTPCLIENT_CONNECT);
    ck_assert_str_eq(c.reply.enhanced, "4.4.1");
    ck_assert_ptr_nonnull(strstr(c.reply.text, "refused"));
    ck_assert_str_eq(c.facts.remote_ip, "");
    moxd_arena_free(unit_arena);
    unit_arena = NULL;
}

/* Lines without end, each fine. */
IN_FIBER(endless_replies)
{
    const char *lines[700];
    struct client c = { 0 };

    for (int i = 0; i < 698; i++)
        lines[i] = "S:220-and so on";
    lines[698] = "E:";
    lines[699] = NULL;
    ck_assert_int_eq(client_open(&c, lines), -1);
    ck_assert_msg(strstr(c.reply.text, "more than") != NULL, "%s", c.reply.text);
    client_end(&c);
}

/* A reply of many lines is kept up to a limit. */
IN_FIBER(long_replies_are_cut)
{
    struct client c = { 0 };
    char line[3000] = "S:554-";

    memset(line + 6, 'x', sizeof(line) - 7);
    ck_assert_int_eq(
        client_open(&c, LINES(line, line, line, line, "S:554 end", "C:QUIT", "S:221 x")), -1);
    ck_assert_int_eq(c.reply.code, 554);
    ck_assert_uint_le(strlen(c.reply.text), 8192);
    ck_assert_uint_gt(strlen(c.reply.text), 4096);
    client_end(&c);
}

static void check_need(struct smtpclient_transaction t, const char *enhanced, int code)
{
    struct client c = { 0 };

    ck_assert_int_eq(client_open(&c, LINES(EHLO("S:250 SIZE 100"), "C:QUIT", "S:221 bye")), 0);
    ck_assert_int_eq(smtpclient_send(c.s, &t, unit_arena), 0);
    check_reply(&t.rcpts[0], false, SMTPCLIENT_NEEDS, code, enhanced, true);
    ck_assert(t.rcpts[0].reply.ours);
    ck_assert(smtpclient_usable(c.s));
    client_end(&c);
}

/* Nothing is altered, nothing is tried: the server is asked for nothing. */
IN_FIBER(messages_that_need_more)
{
    struct smtpclient_rcpt rcpts[] = { { .to = "a@a" } };
    struct smtpclient_transaction t = unit_transaction(rcpts, 1, &hello), need = t;

    need.smtputf8 = true;
    check_need(need, "5.6.7", 553);
    need = t;
    need.body8bit = true;
    check_need(need, "5.6.3", 554);
    need = t;
    need.requiretls = true;
    check_need(need, "5.7.10", 550);
    need = t;
    need.size = 101;
    check_need(need, "5.3.4", 552);
}

IN_FIBER(large_messages)
{
    struct client c = { 0 };
    struct smtpclient_rcpt rcpts[] = { { .to = "a@a" }, { .to = "b@a" } };
    static char text[100001], line[1002] = "C:";
    struct unit_message msg = { .text = { text, 100000 } };
    struct smtpclient_transaction t = unit_transaction(rcpts, 2, &msg);
    static const char *lines[200] = {
        EHLO("S:250 PIPELINING"), GROUP, "S:250 ok", "S:250 ok", "S:250 ok", "S:354 go"
    };
    size_t n = 4 + 4 + 4;

    memset(text, '.', sizeof(text));
    memset(line + 2, '.', 999);
    for (int i = 0; i < 100; i++) {
        memcpy(text + 1000 * i + 998, "\r\n", 2);
        lines[n++] = line;
    }
    memcpy(lines + n, LINES("C:.", "S:250 ok", "C:QUIT", "S:221 bye"), 5 * sizeof(*lines));
    ck_assert_int_eq(client_open(&c, lines), 0);
    ck_assert_int_eq(smtpclient_send(c.s, &t, unit_arena), 0);
    check_reply(&rcpts[1], true, SMTPCLIENT_BODY, 250, "", false);
    client_end(&c);
}

/* What could not be read is not sent as if it were whole. */
IN_FIBER(messages_that_cannot_be_read)
{
    struct client c = { 0 };
    struct smtpclient_rcpt rcpts[] = { { .to = "a@a" }, { .to = "b@a" } };
    struct unit_message msg = { .text = hello.text, .fails = true };
    struct smtpclient_transaction t = unit_transaction(rcpts, 2, &msg);

    ck_assert_int_eq(
        client_open(&c, LINES(EHLO("S:250 PIPELINING"), GROUP, "S:250 ok", "S:250 ok", "S:250 ok",
                              "S:354 go", "C:Subject: x", "C:", "C:..dot", "C:end", "E:")),
        0);
    ck_assert_int_eq(smtpclient_send(c.s, &t, unit_arena), -1);
    check_reply(&rcpts[0], false, SMTPCLIENT_BODY, 0, "4.3.0", false);
    ck_assert(!smtpclient_usable(c.s));
    client_end(&c);
}

/* What the server says unasked, or that it is gone, is seen before the next transaction. */
IN_FIBER(sessions_that_end_while_idle)
{
    struct client c = { 0 };

    ck_assert_int_eq(
        client_open(&c, LINES(EHLO("S:250 SIZE"), "s:421 idle for too long\r\n", "E:")), 0);
    ck_assert(!smtpclient_usable(c.s));
    client_end(&c);
    c = (struct client){ 0 };
    ck_assert_int_eq(client_open(&c, LINES(EHLO("S:250 SIZE"), "X:")), 0);
    ck_assert_int_gt(moxd_wait_fd(moxd_stream_fd(c.s->st), MOXD_FD_READ, MOXD_NEVER), 0);
    ck_assert(!smtpclient_usable(c.s));
    client_end(&c);
}

/* Bad addresses of ours harm nobody else. */
IN_FIBER(recipients_that_cannot_be_written)
{
    struct client c = { 0 };
    struct smtpclient_rcpt rcpts[] = { { .to = "a@a>\r\nDATA" }, { .to = "b@a" } };
    struct smtpclient_transaction t = unit_transaction(rcpts, 2, &hello);

    ck_assert_int_eq(client_open(&c, LINES(EHLO("S:250 SIZE"), MAIL_LINE " SIZE=25", "S:250 ok",
                                           "C:RCPT TO:<b@a>", "S:250 ok", "C:DATA", "S:354 go",
                                           MESSAGE, "S:250 ok", "C:QUIT", "S:221 bye")),
                     0);
    ck_assert_int_eq(smtpclient_send(c.s, &t, unit_arena), 0);
    check_reply(&rcpts[0], false, SMTPCLIENT_RCPT, 553, "5.1.3", true);
    check_reply(&rcpts[1], true, SMTPCLIENT_BODY, 250, "", false);
    client_end(&c);
}

/* proves in part: QUEUE-04 */
IN_FIBER(through_a_proxy)
{
    struct client c = { .t = { .host = "mx.example" } };
    char proxy[60];

    client_begin(&c,
                 LINES("B:050100", "b:0500", "B:05010003", "B:0a6d782e6578616d706c65", "B:0019",
                       "b:05000001", "b:7f0000010019", EHLO("S:250 SIZE"), "C:QUIT", "S:221 bye"));
    snprintf(proxy, sizeof(proxy), "127.0.0.1:%d", ntohs(c.sc.address.sin_port));
    c.t.socks = proxy;
    ((struct sockaddr_in *)&c.t.address)->sin_port = htons(25);
    ck_assert_msg(smtpclient_open(&unit_sc.m, &c.t, unit_arena, &c.s, &c.facts, &c.reply) == 0,
                  "%s", c.reply.text);
    ck_assert_str_eq(c.facts.remote_ip, "");
    client_end(&c);
}

static void check_proxy(const char *const *lines, const char *login, const char *text)
{
    struct client c = { .t = { .host = "mx.example" } };
    char proxy[60];

    client_begin(&c, lines);
    snprintf(proxy, sizeof(proxy), "%s127.0.0.1:%d", login, ntohs(c.sc.address.sin_port));
    c.t.socks = proxy;
    ((struct sockaddr_in *)&c.t.address)->sin_port = htons(25);
    int rc = smtpclient_open(&unit_sc.m, &c.t, unit_arena, &c.s, &c.facts, &c.reply);
    ck_assert_msg((rc == 0) == (text == NULL), "%s", c.reply.text);
    if (text) {
        ck_assert_int_eq(c.reply.stage, SMTPCLIENT_CONNECT);
        ck_assert_msg(strstr(c.reply.text, text) != NULL, "%s", c.reply.text);
    }
    client_end(&c);
}

IN_FIBER(proxies_that_want_more_or_fail)
{
    static const char target[] = "B:050100030a6d782e6578616d706c650019";

    check_proxy(LINES("B:05020002", "b:0502", "B:0102752e03702e77", "b:0100", target,
                      "b:050000030161000a", EHLO("S:250 SIZE"), "C:QUIT", "S:221 bye"),
                "u.:p.w@", NULL);
    check_proxy(LINES("B:05020002", "b:0502", "B:0102752e03702e77", "b:0101"), "u.:p.w@",
                "password");
    check_proxy(LINES("B:050100", "b:05ff"), "", "another way");
    check_proxy(LINES("B:050100", "b:0500", target, "b:05050001000000000000"), "", "refuses");
    check_proxy(LINES("B:050100", "b:0500", target, "b:05000900"), "", "unknown type");
    check_proxy(LINES("B:050100", "b:0401"), "", "SOCKS 5");
    check_proxy(LINES("B:050100", "b:05"), "", "breaks off");
}

UNIT_MAIN("smtpclient", sends_with_helo, pipelines, many_recipients,
          too_many_recipients_for_the_server, a_session_goes_on_after_refusals,
          connections_that_break, sessions_that_do_not_begin, nobody_listens, endless_replies,
          long_replies_are_cut, messages_that_need_more, large_messages,
          messages_that_cannot_be_read, sessions_that_end_while_idle,
          recipients_that_cannot_be_written, through_a_proxy, proxies_that_want_more_or_fail)
