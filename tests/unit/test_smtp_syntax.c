/* proves: SMTPIN-03, SMTPIN-04, SMTPIN-05, SMTPIN-06, P-SMTP-05 */
#include "unit.h"

#include <moxmail/smtp_syntax.h>

enum {
    ALL = MOXD_SMTP_EXT_SIZE | MOXD_SMTP_EXT_8BITMIME | MOXD_SMTP_EXT_BINARYMIME |
          MOXD_SMTP_EXT_SMTPUTF8 | MOXD_SMTP_EXT_AUTH | MOXD_SMTP_EXT_DSN |
          MOXD_SMTP_EXT_REQUIRETLS | MOXD_SMTP_EXT_FUTURERELEASE,
};

static struct moxd_arena *a;
static struct moxd_err err;

static void setup(void)
{
    a = moxd_arena_new(0);
}

static void teardown(void)
{
    moxd_arena_free(a);
}

static const char *reply(void)
{
    return moxd_arena_printf(a, "%d %s", moxd_err_smtp_code(&err), moxd_err_enhanced(&err));
}

START_TEST(verbs)
{
    struct moxd_str args;
    ck_assert_int_eq(moxd_smtp_verb(MOXD_STR("mail FROM:<a@x>  \t"), &args), MOXD_SMTP_MAIL);
    ck_assert(moxd_str_eqs(args, "FROM:<a@x>"));
    ck_assert_int_eq(moxd_smtp_verb(MOXD_STR("QUIT "), &args), MOXD_SMTP_QUIT);
    ck_assert_uint_eq(args.n, 0);
    ck_assert_int_eq(moxd_smtp_verb(MOXD_STR(""), &args), MOXD_SMTP_UNKNOWN);
    ck_assert_int_eq(moxd_smtp_verb(MOXD_STR(" QUIT"), &args), MOXD_SMTP_UNKNOWN);
    ck_assert_int_eq(moxd_smtp_verb(MOXD_STR("QUI\0T"), &args), MOXD_SMTP_UNKNOWN);
    for (int v = 1; v < MOXD_SMTP_VERBS; v++) {
        const char *name = moxd_smtp_verb_name((enum moxd_smtp_verb)v);
        ck_assert_int_eq(moxd_smtp_verb(moxd_cstr(name), &args), v);
        ck_assert_ptr_nonnull(strstr(moxd_smtp_verb_usage((enum moxd_smtp_verb)v), name));
    }
}
END_TEST

/* The canonical argument, "?" when it is ignored, "-" when it is refused. */
static const char *hello(const char *args, enum moxd_smtp_verb verb, unsigned opts)
{
    struct moxd_smtp_hello h;
    err = (struct moxd_err){ 0 };
    if (moxd_smtp_parse_hello(moxd_cstr(args), verb, opts, a, &h, &err) < 0)
        return "-";
    return h.valid ? h.domain.ascii.p : "?";
}

START_TEST(hello_arguments)
{
    const unsigned sub = MOXD_SMTP_SUBMISSION, strict = sub | MOXD_SMTP_PEDANTIC;
    const enum moxd_smtp_verb ehlo = MOXD_SMTP_EHLO, helo = MOXD_SMTP_HELO;
    ck_assert_str_eq(hello("Client.example", ehlo, 0), "client.example");
    ck_assert_str_eq(hello("[192.0.2.1]", ehlo, 0), "[192.0.2.1]");
    ck_assert_str_eq(hello("[192.0.2.1]", helo, 0), "[192.0.2.1]");
    ck_assert_str_eq(hello("[192.0.2.1]", helo, MOXD_SMTP_PEDANTIC), "-");
    ck_assert_str_eq(hello("[192.0.2.1] here", ehlo, 0), "-");
    ck_assert_str_eq(reply(), "501 5.5.4");
    ck_assert_str_eq(hello("client.example here", ehlo, 0), "-");
    ck_assert_str_eq(hello("my_pc", ehlo, 0), "-");
    ck_assert_str_eq(hello("", ehlo, 0), "-");
    ck_assert_str_eq(hello("b\xc3\xbc.example", ehlo, ALL), "-");

    ck_assert_str_eq(hello("my_pc", ehlo, sub), "?");
    ck_assert_str_eq(hello("", ehlo, sub), "?");
    ck_assert_str_eq(hello("[fe80::1%eth0] x", helo, sub), "?");
    ck_assert_str_eq(hello("my_pc", ehlo, strict), "-");
    ck_assert_str_eq(hello("[2001:db8::1]", ehlo, sub), "[IPv6:2001:db8::1]");
    ck_assert_str_eq(hello("[2001:db8::1]", ehlo, strict), "-");
    ck_assert_str_eq(hello("[2001:db8::1]", ehlo, 0), "-");

    struct moxd_smtp_hello h;
    struct moxd_str evil = MOXD_STR("a(\x01\xff)");
    ck_assert_int_eq(moxd_smtp_parse_hello(evil, ehlo, sub, a, &h, &err), 0);
    ck_assert_str_eq(h.text.p, "a(?\?)");
}
END_TEST

static struct moxd_smtp_mail m;

/* Sender or reply. */
static const char *mail(const char *args, unsigned opts)
{
    err = (struct moxd_err){ 0 };
    if (moxd_smtp_parse_mail(moxd_cstr(args), opts, a, &m, &err) < 0)
        return reply();
    return moxd_address_text(&m.from, true, a).p;
}

START_TEST(mail_paths)
{
    const unsigned strict = MOXD_SMTP_PEDANTIC;
    ck_assert_str_eq(mail("FROM:<a@x.org>", 0), "a@x.org");
    ck_assert_str_eq(mail("from:<>", 0), "");
    ck_assert_str_eq(mail("FROM: <a@x.org>", 0), "a@x.org");
    ck_assert_str_eq(mail("FROM: <a@x.org>", strict), "501 5.5.4");
    ck_assert_str_eq(mail("FROM:<\"\"@x.org>", strict), "\"\"@x.org");
    ck_assert_str_eq(mail("FROM:<@r.org:a@x.org>", strict), "a@x.org");
    ck_assert_str_eq(mail("FROM:<a@[2001:db8::1]>", 0), "501 5.1.7");
    ck_assert_str_eq(mail("FROM:<a@[2001:db8::1]>", MOXD_SMTP_SUBMISSION), "a@[IPv6:2001:db8::1]");
    ck_assert_str_eq(mail("FROM <a@x.org>", 0), "501 5.5.4");
    ck_assert_str_eq(mail("", 0), "501 5.5.4");
    ck_assert_str_eq(mail("FROM:a@x.org", 0), "501 5.1.7");
    ck_assert_str_eq(mail("FROM:<a@x.org", 0), "501 5.1.7");
    ck_assert_str_eq(mail("FROM:<a>", 0), "501 5.1.7");
    ck_assert_str_eq(mail("FROM:<postmaster>", 0), "501 5.1.7");
    ck_assert_str_eq(mail("FROM:<a@x.org>SIZE=1", ALL), "501 5.5.4");
    ck_assert_int_eq(moxd_smtp_parse_mail(MOXD_STR(""), 0, a, &m, NULL), -1);
}
END_TEST

START_TEST(mail_parameters)
{
    ck_assert_str_eq(mail("FROM:<a@x.org> size=123 BODY=8bitmime SMTPUTF8 RET=hdrs "
                          "ENVID=QQ+20x REQUIRETLS AUTH=b+2Bc@x.org HOLDFOR=60",
                          ALL),
                     "a@x.org");
    ck_assert(m.has_size && m.smtputf8 && m.requiretls && m.has_auth && m.has_envid);
    ck_assert_uint_eq(m.size, 123);
    ck_assert_int_eq(m.body, MOXD_SMTP_8BITMIME);
    ck_assert_int_eq(m.ret, MOXD_SMTP_RET_HDRS);
    ck_assert_str_eq(m.envid.p, "QQ x");
    ck_assert_str_eq(m.auth.p, "b+c@x.org");
    ck_assert_int_eq(m.hold_for, 60);
    ck_assert_str_eq(mail("FROM:<> AUTH=<> HOLDUNTIL=1970-01-01T01:00:00Z BODY=BINARYMIME", ALL),
                     "");
    ck_assert_uint_eq(m.auth.n, 0);
    ck_assert(m.has_auth);
    ck_assert_int_eq(m.hold_until, 3600);
    ck_assert_int_eq(m.body, MOXD_SMTP_BINARYMIME);
    ck_assert_str_eq(mail("FROM:<> SIZE=99999999999999999999", ALL), "");
    ck_assert_uint_eq(m.size, UINT64_MAX);
    ck_assert_str_eq(mail("FROM:<>   SIZE=1", ALL), "");
    ck_assert_str_eq(mail("FROM:<>   SIZE=1", ALL | MOXD_SMTP_PEDANTIC), "501 5.5.4");
    ck_assert_str_eq(mail("FROM:<> AUTH=x", ALL), "");
    ck_assert_str_eq(mail("FROM:<> AUTH=x", ALL | MOXD_SMTP_PEDANTIC), "501 5.5.4");
}
END_TEST

START_TEST(bad_mail_parameters)
{
    static const char *bad[] = {
        "SIZE",
        "SIZE=",
        "SIZE=x",
        "SIZE=1 SIZE=1",
        "SIZE=-1",
        "SIZE=123456789012345678901",
        "BODY=9BIT",
        "SMTPUTF8=1",
        "REQUIRETLS=yes",
        "RET=ALL",
        "ENVID=a+",
        "ENVID=+00",
        "ENVID=+C3+BC",
        "AUTH=a+b",
        "HOLDFOR=0",
        "HOLDFOR=01",
        "HOLDFOR=1000000000",
        "HOLDUNTIL=2026-01-01",
        "HOLDFOR=1 HOLDUNTIL=2026-01-01T00:00:00Z",
        "ENVID=a=b",
        "HOLDUNTIL=2026-01-01T00:00:00Z HOLDFOR=1",
        "=x",
        "-X=1",
        "BODY=7BIT BODY=7BIT",
        "X_Y=1",
        "SIZE=1\x01",
    };
    for (size_t i = 0; i < MOXD_NELEMS(bad); i++) {
        const char *args = moxd_arena_printf(a, "FROM:<a@x.org> %s", bad[i]);
        ck_assert_msg(strcmp(mail(args, ALL), "501 5.5.4") == 0, "%s: %s", bad[i], mail(args, ALL));
        ck_assert_str_ne(err.pub, "");
    }
    ck_assert_str_eq(mail("FROM:<> MT-PRIORITY=3", ALL), "555 5.5.4");
    ck_assert_str_eq(mail("FROM:<> NOTIFY=NEVER", ALL), "555 5.5.4");
    ck_assert_str_eq(mail("FROM:<> SIZE=1", 0), "555 5.5.4");
    ck_assert_str_eq(mail("FROM:<> BODY=BINARYMIME", MOXD_SMTP_EXT_8BITMIME), "501 5.5.4");
    char envid[200];
    memset(envid, 'x', sizeof envid);
    const char *args = moxd_arena_printf(a, "FROM:<> ENVID=%.101s", envid);
    ck_assert_str_eq(mail(args, ALL), "501 5.5.4");
}
END_TEST

START_TEST(utf8_senders)
{
    ck_assert_str_eq(mail("FROM:<ü@x.org> SMTPUTF8", ALL), "ü@x.org");
    ck_assert_str_eq(mail("FROM:<ü@x.org>", ALL), "553 5.6.7");
    ck_assert_str_eq(mail("FROM:<a@bücher.example>", ALL), "553 5.6.7");
    ck_assert_str_eq(mail("FROM:<ü@x.org> SMTPUTF8", 0), "553 5.6.7");
    ck_assert_str_eq(mail("FROM:<a@x.org> SMTPUTF8 AUTH=ü@x.org", ALL), "501 5.5.4");
}
END_TEST

static struct moxd_smtp_rcpt r;

static const char *rcpt(const char *args, unsigned opts)
{
    err = (struct moxd_err){ 0 };
    if (moxd_smtp_parse_rcpt(moxd_cstr(args), opts, a, &r, &err) < 0)
        return reply();
    return moxd_address_text(&r.to, true, a).p;
}

START_TEST(recipients)
{
    ck_assert_str_eq(rcpt("TO:<a@x.org>", 0), "a@x.org");
    ck_assert_str_eq(rcpt("to: <a@x.org>", 0), "a@x.org");
    ck_assert_str_eq(rcpt("TO:<POSTMASTER>", 0), "postmaster");
    ck_assert_str_eq(rcpt("TO:<>", 0), "501 5.1.3");
    ck_assert_str_eq(rcpt("TO:<a@x..org>", 0), "501 5.1.3");
    ck_assert_str_eq(rcpt("TO:<ü@x.org>", 0), "553 5.6.7");
    ck_assert_str_eq(rcpt("TO:<ü@x.org>", MOXD_SMTP_EXT_SMTPUTF8), "ü@x.org");
    ck_assert_str_eq(rcpt("TO:<a@x.org> SIZE=1", ALL), "555 5.5.4");
    ck_assert_str_eq(rcpt("TO:<a@x.org> NOTIFY=NEVER", 0), "555 5.5.4");

    ck_assert_str_eq(rcpt("TO:<a@x.org> notify=success,DELAY ORCPT=RFC822;b+2Bc@x.org", ALL),
                     "a@x.org");
    ck_assert_uint_eq(r.notify, MOXD_SMTP_NOTIFY_SUCCESS | MOXD_SMTP_NOTIFY_DELAY);
    ck_assert_str_eq(r.notify_text.p, "success,DELAY");
    ck_assert_str_eq(r.orcpt_text.p, "RFC822;b+2Bc@x.org");
    ck_assert_str_eq(r.orcpt_type.p, "rfc822");
    ck_assert_str_eq(r.orcpt.p, "b+c@x.org");
    ck_assert_str_eq(rcpt("TO:<a@x.org> ORCPT=utf-8;\\x{FC}ü@x.org", ALL), "a@x.org");
    ck_assert_str_eq(r.orcpt.p, "üü@x.org");
}
END_TEST

START_TEST(bad_recipient_parameters)
{
    static const char *bad[] = {
        "NOTIFY",
        "NOTIFY=",
        "NOTIFY=NEVER,DELAY",
        "NOTIFY=DELAY,NEVER",
        "NOTIFY=NEVER,NEVER",
        "NOTIFY=DELAY,",
        "NOTIFY=SOON",
        "NOTIFY=DELAY NOTIFY=DELAY",
        "ORCPT=rfc822",
        "ORCPT=rfc822;",
        "ORCPT=;a@x.org",
        "ORCPT=r!c;a@x.org",
        "ORCPT=rfc822;a+0D+0Ab",
        "ORCPT=rfc822;a+FF",
        "ORCPT=utf-8;a+2Bb",
    };
    for (size_t i = 0; i < MOXD_NELEMS(bad); i++) {
        const char *args = moxd_arena_printf(a, "TO:<a@x.org> %s", bad[i]);
        ck_assert_msg(strcmp(rcpt(args, ALL), "501 5.5.4") == 0, "%s: %s", bad[i], rcpt(args, ALL));
    }
}
END_TEST

START_TEST(auth_and_bdat)
{
    struct moxd_smtp_auth au;
    ck_assert_int_eq(moxd_smtp_parse_auth(MOXD_STR("plain AGEAYg=="), a, &au, &err), 0);
    ck_assert_str_eq(au.mechanism.p, "PLAIN");
    ck_assert(au.has_initial && moxd_str_eqs(au.initial, "AGEAYg=="));
    ck_assert_int_eq(moxd_smtp_parse_auth(MOXD_STR("SCRAM-SHA-256-PLUS"), a, &au, &err), 0);
    ck_assert(!au.has_initial);
    ck_assert_int_eq(moxd_smtp_parse_auth(MOXD_STR("EXTERNAL ="), a, &au, &err), 0);
    ck_assert(au.has_initial && au.initial.n == 0);
    static const char *bad[] = { "", "A B C", "PL!AIN", "A  ", "ABCDEFGHIJKLMNOPQRSTU", " X" };
    for (size_t i = 0; i < MOXD_NELEMS(bad); i++)
        ck_assert_int_eq(moxd_smtp_parse_auth(moxd_cstr(bad[i]), a, &au, &err), -1);

    struct moxd_buf b = MOXD_BUF_INIT(100);
    ck_assert_int_eq(moxd_smtp_auth_decode(&b, MOXD_STR("AGEAYg=="), &err), 0);
    ck_assert_uint_eq(b.n, 4);
    ck_assert_int_eq(moxd_smtp_auth_decode(&b, MOXD_STR("*"), &err), -1);
    ck_assert_str_eq(reply(), "501 5.7.0");
    ck_assert_int_eq(moxd_smtp_auth_decode(&b, MOXD_STR("=AAA"), &err), -1);
    ck_assert_str_eq(reply(), "501 5.5.2");
    ck_assert_int_eq(moxd_smtp_auth_decode(&b, MOXD_STR(""), &err), 0);
    moxd_buf_fini(&b);

    struct moxd_smtp_bdat bd;
    ck_assert_int_eq(moxd_smtp_parse_bdat(MOXD_STR("100 last"), &bd, &err), 0);
    ck_assert(bd.size == 100 && bd.last);
    ck_assert_int_eq(moxd_smtp_parse_bdat(MOXD_STR("0"), &bd, &err), 0);
    ck_assert(bd.size == 0 && !bd.last);
    static const char *worse[] = {
        "", "x", "1 FIRST", "1 LAST x", "-1", "1  LAST", "99999999999999999999"
    };
    for (size_t i = 0; i < MOXD_NELEMS(worse); i++)
        ck_assert_int_eq(moxd_smtp_parse_bdat(moxd_cstr(worse[i]), &bd, &err), -1);
}
END_TEST

START_TEST(replies)
{
    struct moxd_smtp_reply rep = { 0 };
    ck_assert_int_eq(moxd_smtp_reply_add(&rep, MOXD_STR("550-5.1.1 no such"), a, &err), 1);
    ck_assert_int_eq(moxd_smtp_reply_add(&rep, MOXD_STR("550 5.1.1 user"), a, &err), 0);
    ck_assert_int_eq(rep.code, 550);
    ck_assert_str_eq(rep.enhanced, "5.1.1");
    ck_assert_uint_eq(rep.nlines, 2);
    ck_assert(moxd_str_eqs(moxd_smtp_reply_text(&rep, 0), "no such"));
    ck_assert(moxd_str_eqs(moxd_smtp_reply_text(&rep, 1), "user"));

    static const struct {
        const char *line, *enhanced, *text;
    } cases[] = {
        { "250", "", "" },
        { "250 ", "", "" },
        { "250 ok", "", "ok" },
        { "250 2.0.0", "2.0.0", "" },
        { "250 5.1.1 x", "", "5.1.1 x" },
        { "354 3.0.0 x", "", "3.0.0 x" },
        { "250 2.1 x", "", "2.1 x" },
        { "250 2.1.1x", "", "2.1.1x" },
        { "250 2.1.1234 x", "", "2.1.1234 x" },
        { "299 2.123.999 x", "2.123.999", "x" },
    };
    for (size_t i = 0; i < MOXD_NELEMS(cases); i++) {
        rep = (struct moxd_smtp_reply){ 0 };
        ck_assert_int_eq(moxd_smtp_reply_add(&rep, moxd_cstr(cases[i].line), a, &err), 0);
        ck_assert_str_eq(rep.enhanced, cases[i].enhanced);
        ck_assert(moxd_str_eqs(moxd_smtp_reply_text(&rep, 0), cases[i].text));
    }
}
END_TEST

START_TEST(bad_replies)
{
    static const char *bad[] = { "", "25", "199 x", "600 x", "2500 x", "abc", "+50 x", "250x" };
    for (size_t i = 0; i < MOXD_NELEMS(bad); i++) {
        struct moxd_smtp_reply rep = { 0 };
        ck_assert_int_eq(moxd_smtp_reply_add(&rep, moxd_cstr(bad[i]), a, &err), -1);
    }
    struct moxd_smtp_reply rep = { 0 };
    ck_assert_int_eq(moxd_smtp_reply_add(&rep, MOXD_STR("250-a"), a, &err), 1);
    ck_assert_int_eq(moxd_smtp_reply_add(&rep, MOXD_STR("251 a"), a, &err), -1);
    int result = 1;
    rep = (struct moxd_smtp_reply){ 0 };
    for (int i = 0; i <= MOXD_SMTP_REPLY_LINES_MAX; i++)
        result = moxd_smtp_reply_add(&rep, MOXD_STR("250-a"), a, &err);
    ck_assert_int_eq(result, -1);
    ck_assert_int_eq(err.kind, MOXD_ERR_LIMIT);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { verbs,
                                   hello_arguments,
                                   mail_paths,
                                   mail_parameters,
                                   bad_mail_parameters,
                                   utf8_senders,
                                   recipients,
                                   bad_recipient_parameters,
                                   auth_and_bdat,
                                   replies,
                                   bad_replies };
    Suite *suite = suite_create("smtp_syntax");
    TCase *tcase = tcase_create("syntax");
    tcase_add_checked_fixture(tcase, setup, teardown);
    for (size_t i = 0; i < MOXD_NELEMS(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
