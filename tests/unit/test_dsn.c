/* Delivery status notifications: written and read again, and those of others (tests/data). */
#include "message.h"

#include <moxmail/dsn.h>
#include <moxmail/text.h>

static struct moxd_arena *a;
static struct moxd_dsn_rcpt rcpts[MOXD_DSN_RCPTS_MAX];
static struct moxd_dsn d;
static struct moxd_dsn_parts parts;
static char text[16 << 20];
static struct message msg;

static const char header[] = "From: <alice@example.org>\r\n"
                             "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
                             "Message-ID: <m1@example.org>\r\n\r\n";

static void setup(void)
{
    a = moxd_arena_new(0);
    memset(rcpts, 0, sizeof(rcpts));
    rcpts[0] = (struct moxd_dsn_rcpt){
        .address = MOXD_STR("bob@example.com"),
        .status = MOXD_STR("5.1.1"),
        .remote = MOXD_STR("mx1.example.com"),
        .diagnostic = MOXD_STR("550-5.1.1 No such user\n550 5.1.1 here"),
        .attempted = 1700000000,
    };
    d = (struct moxd_dsn){
        .from = MOXD_STR("postmaster@mail.example.org"),
        .to = MOXD_STR("alice@example.org"),
        .message_id = MOXD_STR("d1@mail.example.org"),
        .boundary = MOXD_STR("b7f0c2"),
        .hostname = MOXD_STR("mail.example.org"),
        .date = 1700000100,
        .rcpts = rcpts,
        .nrcpts = 1,
        .original = { .header = MOXD_STR(header), .size = 1000 },
    };
}

static void teardown(void)
{
    moxd_arena_free(a);
}

/* Writes *d around the body and parses the whole as a message. */
static struct moxd_str compose_with(const char *original)
{
    struct moxd_err err = { 0 };

    ck_assert_msg(moxd_dsn_write(&d, &parts, &err) == 0, "%s", err.priv);
    int n = snprintf(text, sizeof(text), "%s%s%s", moxd_buf_cstr(&parts.before),
                     parts.body ? original : "", moxd_buf_cstr(&parts.after));
    moxd_dsn_parts_fini(&parts);
    message_open_n(&msg, text, (size_t)n);
    return msg.text;
}

static struct moxd_str compose(void)
{
    return compose_with("");
}

static struct moxd_dsn_report *parse(void)
{
    struct moxd_dsn_report *rep;
    struct moxd_err err = { 0 };

    ck_assert_msg(moxd_dsn_parse(&msg.r, msg.m, msg.a, &rep, &err) == 0, "%s", err.priv);
    return rep;
}

static void has(const char *needle)
{
    ck_assert_msg(strstr(text, needle), "no \"%s\" in:\n%.4000s", needle, text);
}

static void has_not(const char *needle)
{
    ck_assert_msg(!strstr(text, needle), "\"%s\" in:\n%.4000s", needle, text);
}

static void ascii_lines(void)
{
    struct moxd_str rest = msg.text;

    ck_assert(moxd_str_is_ascii(rest));
    while (rest.p && rest.n > 0)
        ck_assert_uint_le(moxd_str_cut(&rest, '\n').n, 999);
}

/* RFC 3464 2, RFC 3461 6.3; proves in part: QUEUE-15, P-QUEUE-11 */
START_TEST(failure)
{
    d.envid = MOXD_STR("QQ314159");
    d.arrived = 1699990000;
    d.held_until = 1699995000;
    d.trace = MOXD_STR("c4f3");
    rcpts[0].orcpt = MOXD_STR("rfc822;bob+2Bx@example.net");
    compose();
    has("From: Mail delivery <postmaster@mail.example.org>\r\nTo: <alice@example.org>\r\n");
    has("References: <m1@example.org>\r\n");
    has("Auto-Submitted: auto-replied\r\n");
    has("\r\n\r\nOriginal-Envelope-Id: QQ314159\r\nReporting-MTA: dns; mail.example.org\r\n"
        "Arrival-Date: Tue, 14 Nov 2023 19:26:40 +0000\r\n"
        "Future-Release-Request: until;2023-11-14T20:50:00Z\r\nX-Moxd-Trace: c4f3\r\n\r\n"
        "Original-Recipient: rfc822; bob+x@example.net\r\nFinal-Recipient: rfc822; "
        "bob@example.com\r\n"
        "Action: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; mx1.example.com\r\n"
        "Diagnostic-Code: smtp; 550-5.1.1 No such user\r\n 550 5.1.1 here\r\n"
        "Last-Attempt-Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n\r\n--b7f0c2");
    has_not("Will-Retry-Until");
    has("Content-Type: text/rfc822-headers\r\n\r\nFrom: <alice@example.org>\r\n");
    ascii_lines();
    const struct moxd_dsn_report *rep = parse();
    ck_str(rep->envid, "QQ314159");
    ck_str(rep->reporter, "mail.example.org");
    ck_str(rep->message_id, "<m1@example.org>");
    ck_assert_uint_eq(rep->nrcpts, 1);
    ck_str(rep->rcpts[0].final, "bob@example.com");
    ck_str(rep->rcpts[0].original, "bob+x@example.net");
    ck_str(rep->rcpts[0].diagnostic, "550-5.1.1 No such user\n550 5.1.1 here");
    ck_assert_int_eq(rep->rcpts[0].code, 550);
    ck_assert_str_eq(rep->rcpts[0].status, "5.1.1");
    message_close(&msg);
}
END_TEST

static struct moxd_str readable(struct moxd_buf *b)
{
    struct moxd_text *t MOXD_CLEANUP(moxd_text_freep) = moxd_text_new();

    ck_assert_int_eq(moxd_text_read(t, &msg.r, &msg.m->parts[1], 100000, b, NULL), 0);
    return moxd_buf_str(b);
}

static void reads(struct moxd_str s, const char *needle)
{
    ck_assert_msg(moxd_str_find(s, moxd_cstr(needle)) >= 0, "no \"%s\" in:\n%.*s", needle, (int)s.n,
                  s.p);
}

START_TEST(text_for_people)
{
    struct moxd_buf b = MOXD_BUF_INIT(100000);

    rcpts[1] = rcpts[0];
    rcpts[1].address = MOXD_STR("carol@example.com");
    rcpts[1].action = MOXD_DSN_DELAYED;
    rcpts[1].status = MOXD_STR("4.4.1");
    rcpts[1].remote = MOXD_STR("");
    rcpts[1].diagnostic = MOXD_STR("no answer within 30 s");
    rcpts[1].ours = true;
    rcpts[1].retry_until = 1700400000;
    rcpts[2] = rcpts[0];
    rcpts[2].why = MOXD_STR("The administrator cancelled it.");
    d.nrcpts = 3;
    compose();
    struct moxd_str s = readable(&b);
    reads(s, "could not be delivered to some of its recipients");
    reads(s, "Subject: Gr\xc3\xbc\xc3\x9f"
             "e\r\n");
    reads(s, "bob@example.com: failed\r\n    The address does not exist there.");
    reads(s, "    mx1.example.com said:\r\n        550-5.1.1 No such user\r\n        550 5.1.1 "
             "here\r\n");
    reads(s, "carol@example.com: delayed\r\n    The recipient's mail server cannot be reached");
    reads(s, "    It is tried until Sun, 19 Nov 2023");
    reads(s, "    What happened:\r\n        no answer");
    reads(s, "    The administrator cancelled it.\r\n");
    has("Diagnostic-Code: x-moxd; no answer");
    has("Will-Retry-Until: Sun, 19 Nov 2023 13:20:00 +0000\r\n");
    has("Subject: Not delivered: =?");
    ascii_lines(); /* the subject made the text quoted-printable */
    moxd_buf_fini(&b);
    message_close(&msg);
}
END_TEST

/* Each action has a status and words of its own. */
static const struct {
    enum moxd_dsn_action action;
    const char *status, *title;
} actions[] = {
    { MOXD_DSN_FAILED, "5.0.0", "Subject: Not delivered: " },
    { MOXD_DSN_DELAYED, "4.0.0", "Subject: Delayed: " },
    { MOXD_DSN_DELIVERED, "2.0.0", "Subject: Delivered: " },
    { MOXD_DSN_RELAYED, "2.0.0", "Subject: Passed on: " },
    { MOXD_DSN_EXPANDED, "2.0.0", "Subject: Passed on: " },
};

START_TEST(every_action)
{
    rcpts[0].action = actions[_i].action;
    rcpts[0].status = MOXD_STR("");
    compose();
    has(actions[_i].title);
    const struct moxd_dsn_report *rep = parse();
    ck_assert_int_eq(rep->rcpts[0].action, actions[_i].action);
    ck_assert_str_eq(rep->rcpts[0].status, actions[_i].status);
    message_close(&msg);
}
END_TEST

START_TEST(whole_original)
{
    d.original.whole = true;
    compose_with("Message-ID: <m1@example.org>\r\nSubject: x\r\n\r\nbody\r\n");
    has("Content-Type: message/rfc822\r\n\r\nMessage-ID: <m1@example.org>\r\n");
    has("body\r\n\r\n--b7f0c2--\r\n");
    ck_assert_uint_eq(msg.m->nparts, 5);
    ck_str(parse()->message_id, "<m1@example.org>");
    message_close(&msg);
    d.original.eightbit = true;
    ck_assert_int_eq(moxd_dsn_write(&d, &parts, NULL), 0);
    ck_assert(parts.eightbit && !parts.smtputf8);
    ck_assert(strstr(moxd_buf_cstr(&parts.before), "Content-Transfer-Encoding: 8bit\r\n\r\n"));
    moxd_dsn_parts_fini(&parts);
}
END_TEST

/* RFC 6533 4; proves in part: P-QUEUE-11, P-I18N-01 */
START_TEST(international)
{
    static const char utf8_header[] = "Subject: Gr\xc3\xbc\xc3\x9f"
                                      "e\r\nMessage-ID: <m2@example.org>\r\n";
    rcpts[0].address = MOXD_STR("j\xc3\xbcrgen@example.com");
    rcpts[0].orcpt = MOXD_STR("utf-8;j\\x{FC}rgen@example.com");
    rcpts[0].diagnostic = MOXD_STR("550 5.1.1 j\xc3\xbcrgen unknown");
    d.original = (struct moxd_dsn_original){ .header = MOXD_STR(utf8_header), .utf8 = true };
    d.utf8 = true;
    compose();
    has("Content-Type: message/global-delivery-status\r\nContent-Transfer-Encoding: 8bit\r\n");
    has("Original-Recipient: utf-8; j\xc3\xbcrgen@example.com\r\n");
    has("Final-Recipient: utf-8; j\xc3\xbcrgen@example.com\r\n");
    has("Diagnostic-Code: smtp; 550 5.1.1 j\xc3\xbcrgen unknown\r\n");
    has("Content-Type: message/global-headers\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSubject: "
        "Gr");
    ck_str(parse()->rcpts[0].original, "j\xc3\xbcrgen@example.com");
    ck_str(parse()->message_id, "<m2@example.org>");
    message_close(&msg);
    d.utf8 = false;
    compose();
    has("Final-Recipient: utf-8; j\\x{FC}rgen@example.com\r\n");
    has("Diagnostic-Code: smtp; 550 5.1.1 j??rgen unknown\r\n");
    has("Content-Type: message/global-headers\r\nContent-Transfer-Encoding: quoted-printable\r\n");
    ascii_lines();
    ck_str(parse()->rcpts[0].final, "j\xc3\xbcrgen@example.com");
    message_close(&msg);
}
END_TEST

/* What comes from outside cannot add fields, parts or lines. */
START_TEST(hostile_values)
{
    static char big[40000];

    memset(big, 'x', sizeof(big) - 1);
    rcpts[0].diagnostic = moxd_cstr(big);
    rcpts[0].remote = MOXD_STR("evil\r\nAction: delivered\r\n\r\n--b7f0c2");
    rcpts[0].orcpt = MOXD_STR("rfc822;+ZZ\r\nX: y");
    d.envid = MOXD_STR("a\r\nX-Injected: 1");
    d.original.header = MOXD_STR("Subject: =?utf-8?q?a=0D=0AX-Injected:_2?=\r\n"
                                 "Message-ID: <a b>\r\n\r\n");
    compose();
    has_not("\nX-Injected");
    has_not("\nAction: delivered");
    has_not("References:");
    ascii_lines();
    const struct moxd_dsn_report *rep = parse();
    ck_assert_uint_eq(rep->nrcpts, 1);
    ck_assert_int_eq(rep->rcpts[0].action, MOXD_DSN_FAILED);
    message_close(&msg);
}
END_TEST

START_TEST(many_recipients)
{
    static char reply[3000];

    memset(reply, 'r', sizeof(reply) - 1);
    for (size_t i = 0; i < MOXD_DSN_RCPTS_MAX; i++) {
        rcpts[i] = rcpts[0];
        rcpts[i].diagnostic = moxd_cstr(reply);
    }
    d.nrcpts = MOXD_DSN_RCPTS_MAX;
    ck_assert_uint_lt(compose().n, 3 << 20);
    has("The same is reported for 950 more");
    ck_assert_uint_le(parse()->nrcpts, MOXD_DSN_RCPTS_MAX);
    ck_assert_uint_ge(parse()->nrcpts, MOXD_DSN_RCPTS_MAX / 2);
    message_close(&msg);
}
END_TEST

/* --- of others --------------------------------------------------------------------------------------- */

static const struct {
    const char *file;
    size_t n;
    const char *final;
    enum moxd_dsn_action action;
    const char *status, *remote;
    int code;
} samples[] = {
    { "kumomta-dsn/rfc3464/1.eml", 1, "louisl@larry.slip.umd.edu", MOXD_DSN_FAILED, "4.0.0", "",
      426 },
    { "kumomta-dsn/rfc3464/2.eml", 3, "arathib@vnet.ibm.com", MOXD_DSN_FAILED, "5.0.0",
      "vnet.ibm.com", 550 },
    { "kumomta-dsn/rfc3464/3.eml", 1, "nair_s", MOXD_DSN_FAILED, "5.0.0", "", 0 },
    { "kumomta-dsn/rfc3464/4.eml", 1, "thomas@de-montfort.ac.uk", MOXD_DSN_DELAYED, "4.0.0", "",
      0 },
    { "kumomta-dsn/rfc3464/5.eml", 1, "recipient@domain.com", MOXD_DSN_FAILED, "5.0.0",
      "lmtp.cs.dolmen.bouyguestelecom.fr", 552 },
    { "kumomta-dsn/rfc3464/6.eml", 1, "redacted@example.com", MOXD_DSN_FAILED, "5.0.0",
      "example-com.mail.eo.outlook.com:25", 0 },
    { "mikel-mail/multipart_report_emails/multi_address_bounce1.eml", 5,
      "bbbbvhvbbvkjbhfbvbvjhb@gmail.com", MOXD_DSN_FAILED, "5.1.1", "gmail-smtp-in.l.google.com",
      550 },
};

START_TEST(of_others)
{
    static char path[4096];
    const char *dir = getenv("MOXD_SRCDIR");

    (void)snprintf(path, sizeof(path), "%s/tests/data/%s", dir ? dir : "..", samples[_i].file);
    FILE *f = fopen(path, "rb");
    ck_assert_msg(f, "%s", path);
    size_t n = fread(text, 1, sizeof(text), f);
    fclose(f);
    message_open_n(&msg, text, n);
    const struct moxd_dsn_report *rep = parse();
    ck_assert_uint_eq(rep->nrcpts, samples[_i].n);
    ck_str(rep->rcpts[0].final, samples[_i].final);
    ck_assert_int_eq(rep->rcpts[0].action, samples[_i].action);
    ck_assert_str_eq(rep->rcpts[0].status, samples[_i].status);
    ck_str(rep->rcpts[0].remote, samples[_i].remote);
    ck_assert_int_eq(rep->rcpts[0].code, samples[_i].code);
    message_close(&msg);
}
END_TEST

#define REPORT "Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\n"
static const char *const none[] = {
    "Subject: x\r\n\r\nno report\r\n",
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: "
    "message/delivery-status\r\n\r\n"
    "Reporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; a@b\r\nAction: failed\r\n--b--\r\n",
    REPORT "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n--b--\r\n",
    REPORT "Content-Type: message/delivery-status\r\n\r\n--b--\r\n",
    REPORT "Content-Type: message/feedback-report\r\n\r\nFinal-Recipient: rfc822; a@b\r\n--b--\r\n",
};

START_TEST(no_notification)
{
    struct moxd_dsn_report *rep;
    struct moxd_err err = { 0 };

    message_open(&msg, none[_i]);
    ck_assert_int_eq(moxd_dsn_parse(&msg.r, msg.m, msg.a, &rep, &err), -1);
    ck_assert_int_eq(err.kind, MOXD_ERR_NOTFOUND);
    message_close(&msg);
}
END_TEST

/* Encoded, without types, without per-message fields, with what others put around values. */
START_TEST(lenient)
{
    message_open(&msg, REPORT
                 "Content-Type: message/global-delivery-status\r\n"
                 "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
                 "Final-Recipient: utf-8; <j\\x{FC}@example.com>\r\n"
                 "Action: FAILED (sorry)\r\nStatus: 5.2.2 =28full)\r\n"
                 "Remote-MTA: mx.example.com\r\nDiagnostic-Code: full; try later\r\n"
                 "--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <o@x>\r\n\r\n--b--\r\n");
    const struct moxd_dsn_report *rep = parse();
    ck_str(rep->rcpts[0].final, "j\xc3\xbc@example.com");
    ck_assert_int_eq(rep->rcpts[0].action, MOXD_DSN_FAILED);
    ck_assert_str_eq(rep->rcpts[0].status, "5.2.2");
    ck_str(rep->rcpts[0].remote, "mx.example.com");
    ck_str(rep->message_id, "<o@x>");
    message_close(&msg);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dsn");
    TCase *tc = tcase_create("dsn");
    SRunner *runner;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, failure);
    tcase_add_test(tc, text_for_people);
    tcase_add_loop_test(tc, every_action, 0, MOXD_NELEMS(actions));
    tcase_add_test(tc, whole_original);
    tcase_add_test(tc, international);
    tcase_add_test(tc, hostile_values);
    tcase_add_test(tc, many_recipients);
    tcase_add_loop_test(tc, of_others, 0, MOXD_NELEMS(samples));
    tcase_add_loop_test(tc, no_notification, 0, MOXD_NELEMS(none));
    tcase_add_test(tc, lenient);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
