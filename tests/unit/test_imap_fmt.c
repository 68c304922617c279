/* ENVELOPE, BODY and BODYSTRUCTURE. */
#include "message.h"

#include <moxmail/imap_fmt.h>

static void check_addresses(const char *value, const char *want)
{
    struct moxd_buf b = MOXD_BUF_INIT(10000);
    moxd_imap_put_addresses(&b, moxd_cstr(value), true);
    ck_str(moxd_buf_str(&b), want);
    moxd_buf_fini(&b);
}

START_TEST(addresses)
{
    check_addresses("", "NIL");
    check_addresses(" , ,", "NIL");
    check_addresses("a@b", "((NIL NIL \"a\" \"b\"))");
    check_addresses("Joe <a@b>", "((\"Joe\" NIL \"a\" \"b\"))");
    check_addresses("\"Doe, J. \\\"x\\\"\" <a@b>, =?utf-8?q?J=C3=B6?= X. Y <c@d.e>",
                    "((\"Doe, J. \\\"x\\\"\" NIL \"a\" \"b\")"
                    "(\"=?utf-8?q?J=C3=B6?= X. Y\" NIL \"c\" \"d.e\"))");
    check_addresses("a@b (Joe (x) Doe)", "((\"Joe (x) Doe\" NIL \"a\" \"b\"))");
    check_addresses("(c) a (c) @ (c) b . c (Name)", "((\"Name\" NIL \"a\" \"b.c\"))");
    check_addresses("Joe Doe joe@x.com", "((\"Joe Doe\" NIL \"joe\" \"x.com\"))");
    check_addresses("\"a b\"@x, <\"c@d\"@x>", "((NIL NIL \"a b\" \"x\")(NIL NIL \"c@d\" \"x\"))");
    check_addresses("<@r1,@r2:a@b>", "((NIL \"@r1,@r2\" \"a\" \"b\"))");
    check_addresses("undisclosed-recipients:;",
                    "((NIL NIL \"undisclosed-recipients\" NIL)(NIL NIL NIL NIL))");
    check_addresses("My group: a@b, C <c@d>; e@f",
                    "((NIL NIL \"My group\" NIL)(NIL NIL \"a\" \"b\")(\"C\" NIL \"c\" \"d\")"
                    "(NIL NIL NIL NIL)(NIL NIL \"e\" \"f\"))");
    check_addresses("g: a@b", "((NIL NIL \"g\" NIL)(NIL NIL \"a\" \"b\")(NIL NIL NIL NIL))");
    check_addresses("just a name", "((\"just a name\" NIL \"\" \"\"))");
    check_addresses("Nobody <>", "((\"Nobody\" NIL \"\" \"\"))");
    check_addresses("Open <a@b, c@d", "((\"Open\" NIL \"a\" \"b\")(NIL NIL \"c\" \"d\"))");
    check_addresses("<<a@b>>", "((NIL NIL \"a\" \"b\"))");
    check_addresses("a@b trailing, c", "((NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"\"))");
    check_addresses("Jörg <ä@ö>", "((\"Jörg\" NIL \"ä\" \"ö\"))");
    check_addresses("\"open", "((NIL NIL \"open\" \"\"))");
    check_addresses("(open", "NIL");
}
END_TEST

/* One more than is written, in a group: the group still ends. */
START_TEST(too_many_addresses)
{
    struct moxd_buf in = MOXD_BUF_INIT(200000), b = MOXD_BUF_INIT(1000000);
    moxd_buf_adds(&in, "g:");
    for (int i = 0; i < MOXD_IMAP_ADDRESSES_MAX; i++)
        moxd_buf_adds(&in, "a@b,");
    moxd_buf_adds(&in, ";");
    moxd_imap_put_addresses(&b, moxd_buf_str(&in), true);
    static const char one[] = "(NIL NIL \"a\" \"b\")",
                      end[] = "(NIL NIL \"a\" \"b\")(NIL NIL NIL NIL))";
    size_t marks = strlen("((NIL NIL \"g\" NIL)(NIL NIL NIL NIL))");
    ck_assert_uint_eq(b.n, marks + (MOXD_IMAP_ADDRESSES_MAX - 1) * strlen(one));
    ck_str(moxd_str_from(moxd_buf_str(&b), b.n - strlen(end)), end);
    moxd_buf_fini(&in);
    moxd_buf_fini(&b);
}
END_TEST

START_TEST(envelope)
{
    struct message t;
    struct moxd_buf b = MOXD_BUF_INIT(10000);
    /* RFC 9051 7.5.2's rules for what is absent or empty */
    message_open(&t, "Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\nSubject: \"x\" \\ \r\n"
                     "From: A <a@b>\r\nReply-To:\r\nTo: c@d\r\nCc: \r\n"
                     "In-Reply-To:\r\nMessage-Id: <1@x>\r\n\r\n");
    moxd_imap_put_envelope(&b, t.m->parts[0].envelope, false);
    ck_str(moxd_buf_str(&b),
           "(\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" \"\\\"x\\\" \\\\\" "
           "((\"A\" NIL \"a\" \"b\")) ((\"A\" NIL \"a\" \"b\")) ((\"A\" NIL \"a\" \"b\")) "
           "((NIL NIL \"c\" \"d\")) NIL NIL \"\" \"<1@x>\")");
    message_close(&t);
    moxd_buf_reset(&b);
    message_open_n(&t, "Subject: \xC3\xA4\0\xE4\r\n\r\n", 18);
    moxd_imap_put_envelope(&b, t.m->parts[0].envelope, true);
    ck_str(moxd_buf_str(&b), "(NIL {4}\r\n\xC3\xA4 \xE4 NIL NIL NIL NIL NIL NIL NIL NIL)");
    moxd_buf_fini(&b);
    message_close(&t);
}
END_TEST

static void check_body(const char *text, bool extended, bool utf8, const char *want)
{
    struct message t;
    struct moxd_buf b = MOXD_BUF_INIT(100000);
    message_open(&t, text);
    moxd_imap_put_body(&b, t.m, t.m->parts, extended, utf8);
    ck_str(moxd_buf_str(&b), want);
    moxd_buf_fini(&b);
    message_close(&t);
}

START_TEST(single_parts)
{
    check_body("\r\nbody\r\n", false, false,
               "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 6 1)");
    check_body(
        "Content-Type: text/html; charset=utf-8\r\nContent-ID: <i@x>\r\n"
        "Content-Description: d\r\nContent-Transfer-Encoding: Quoted-Printable\r\n\r\nx",
        false, false,
        "(\"TEXT\" \"HTML\" (\"charset\" \"utf-8\") \"<i@x>\" \"d\" \"QUOTED-PRINTABLE\" 1 0)");
    check_body("Content-Type: image/png; name=\"a b\"; x=y\r\nContent-MD5: m\r\n"
               "Content-Disposition: Inline; filename=f\r\nContent-Language: en, de\r\n"
               "Content-Location: http://x/\r\nContent-Transfer-Encoding: x-y\r\n\r\nx",
               true, false,
               "(\"IMAGE\" \"PNG\" (\"name\" \"a b\" \"x\" \"y\") NIL NIL \"x-y\" 1 \"m\" "
               "(\"Inline\" (\"filename\" \"f\")) (\"en\" \"de\") \"http://x/\")");
    check_body("Content-Type: broken\r\nContent-Disposition: attachment\r\n\r\n", true, false,
               "(\"APPLICATION\" \"OCTET-STREAM\" NIL NIL NIL \"7BIT\" 0 NIL (\"attachment\" NIL) "
               "NIL NIL)");
    check_body("Content-Type: multipart/mixed\r\n\r\n", false, false,
               "(\"APPLICATION\" \"OCTET-STREAM\" NIL NIL NIL \"7BIT\" 0)");
}
END_TEST

START_TEST(extended_parameters)
{
    const char *text = "Content-Type: a/b; n*0*=utf-8''%C3%A4%20; n*1=b; c*0=d; c*1=e\r\n\r\n";
    check_body(text, false, true,
               "(\"A\" \"B\" (\"n*\" \"\xC3\xA4 b\" \"c\" \"de\") NIL NIL \"7BIT\" 0)");
    check_body(text, false, false,
               "(\"A\" \"B\" (\"n*\" \"utf-8''%C3%A4%20b\" \"c\" \"de\") NIL NIL \"7BIT\" 0)");
}
END_TEST

START_TEST(nested_bodies)
{
    const char *text =
        "Content-Type: multipart/mixed; boundary=b\r\nContent-Language: en\r\n\r\n"
        "--b\r\n\r\none\r\n"
        "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: s\r\n\r\nx\r\n\r\n--b--";
    check_body(
        text, false, false,
        "((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 3 0)"
        "(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 17 "
        "(NIL \"s\" NIL NIL NIL NIL NIL NIL NIL NIL) "
        "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 3 1) 3) \"MIXED\")");
    check_body(
        text, true, false,
        "((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 3 0 NIL NIL NIL NIL)"
        "(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 17 "
        "(NIL \"s\" NIL NIL NIL NIL NIL NIL NIL NIL) "
        "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 3 1 NIL NIL NIL NIL) "
        "3 NIL NIL NIL NIL) \"MIXED\" (\"boundary\" \"b\") NIL (\"en\") NIL)");
}
END_TEST

UNIT_MAIN("imap_fmt", addresses, too_many_addresses, envelope, single_parts, extended_parameters,
          nested_bodies)
