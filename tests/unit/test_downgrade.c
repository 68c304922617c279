/* Internationalized headers in ASCII (RFC 6857). */
#include "message.h"

#include <moxmail/downgrade.h>

static const struct {
    const char *in, *out;
} fields[] = {
    /* what is ASCII, and what is not UTF-8, stays */
    { "Subject: a\r\n b\r\n\r\n", "Subject: a\r\n b\r\n\r\n" },
    { "Subject: \xe4\r\nX: \xc3\xa4\r\n", "Subject: \xe4\r\nX: =?UTF-8?B?w6Q=?=\r\n" },
    { "no field \xc3\xa4\r\n", "no field \xc3\xa4\r\n" },
    { "X-\xc3\xa4: \xc3\xa4\r\n", "X-\xc3\xa4: \xc3\xa4\r\n" },
    /* names of people, hosts, mailboxes */
    { "From: J\xc3\xb6rg <j@x.example>\r\n", "From: =?UTF-8?B?SsO2cmc=?= <j@x.example>\r\n" },
    { "To: a@b.example, \"M\xc3\xbcller, J\" <j@m\xc3\xbcller.example>\r\n",
      "To: a@b.example, =?UTF-8?Q?M=C3=BCller=2C_J?= <j@xn--mller-kva.example>\r\n" },
    { "Sender: J <j\xc3\xb6@x.example>\r\n", "Sender: =?UTF-8?B?SiBqw7ZAeC5leGFtcGxl?= :;\r\n" },
    { "Cc: \xc3\xa9@x, b@y.example\r\n", "Cc: =?UTF-8?B?w6lAeA==?= :;, b@y.example\r\n" },
    { "Cc: G\xc3\xa9: a@x, b@y;, c@z\r\n", "Cc: =?UTF-8?B?R8Op?=: a@x, b@y;, c@z\r\n" },
    { "Cc: G: a@x, \xc3\xa9@y;, c@z\r\n", "Cc: =?UTF-8?B?RyBhQHgsIMOpQHk=?= :;, c@z\r\n" },
    { "Return-Path: <>\r\n", "Return-Path: <>\r\n" },
    /* comments go, what cannot be written is kept beside */
    { "Date: 1 Jan 2024 00:00:00 +0000 (\xc3\xa4 (b) \\) )\r\n",
      "Date: 1 Jan 2024 00:00:00 +0000\r\n" },
    { "Message-ID: <a@b> (\xc3\xa4)\r\n", "Message-ID: <a@b>\r\n" },
    { "Message-ID: <\xc3\xa4@b>\r\n", "Downgraded-Message-ID: =?UTF-8?B?PMOkQGI+?=\r\n" },
    { "Received: from \xc3\xbc.example (\xc3\xbc) by y id \xc3\xa9 for <\xc3\xbc@x>; 1 Jan 2024\r\n",
      "Received: from xn--tda.example by y; 1 Jan 2024\r\n" },
    /* parameters */
    { "Content-Type: text/plain; charset=utf-8; name=\"\xc3\xa4 \\\"b\"\r\n",
      "Content-Type: text/plain; charset=\"utf-8\"; name*=utf-8''%C3%A4%20%22b\r\n" },
    { "Content-Disposition: attachment; filename=\xc3\xa4\r\n",
      "Content-Disposition: attachment; filename*=utf-8''%C3%A4\r\n" },
    { "Content-Type: \xc3\xa4\r\n", "Content-Type: =?UTF-8?B?w6Q=?=\r\n" },
};

START_TEST(headers)
{
    for (size_t i = 0; i < MOXD_NELEMS(fields); i++) {
        struct moxd_buf b = MOXD_BUF_INIT(10000);

        moxd_header_downgrade(&b, moxd_cstr(fields[i].in));
        ck_assert_str_eq(moxd_buf_cstr(&b), fields[i].out);
        ck_assert_int_eq(moxd_header_is_international(moxd_cstr(fields[i].in)),
                         strcmp(fields[i].in, fields[i].out) != 0);
        moxd_buf_fini(&b);
    }
}
END_TEST

/* A long value in pieces, each on a line that fits. */
START_TEST(long_parameter)
{
    struct moxd_buf in = MOXD_BUF_INIT(10000), out = MOXD_BUF_INIT(100000);
    struct moxd_str rest;

    moxd_buf_adds(&in, "Content-Type: a/b; name=\"");
    for (int i = 0; i < 1000; i++)
        moxd_buf_adds(&in, "\xc3\xa4");
    moxd_buf_adds(&in, "\"\r\n");
    moxd_header_downgrade(&out, moxd_buf_str(&in));
    rest = moxd_buf_str(&out);
    ck_assert(moxd_str_find(rest, MOXD_STR("name*99*=")) > 0);
    while (rest.p)
        ck_assert_uint_lt(moxd_str_cut(&rest, '\n').n, 90);
    moxd_buf_fini(&in);
    moxd_buf_fini(&out);
}
END_TEST

static const char message[] = "Subject: \xc3\xa4\r\n"
                              "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
                              "--b\r\nContent-Type: text/plain; name=\xc3\xa4\r\n\r\nt\xc3\xa4xt\r\n"
                              "--b\r\nContent-Type: message/rfc822\r\n\r\n"
                              "From: \xc3\xa4@x\r\n\r\nb\xc3\xb6\r\n--b--\r\n";
static const char surrogate[] =
    "Subject: =?UTF-8?B?w6Q=?=\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    "--b\r\nContent-Type: text/plain; name*=utf-8''%C3%A4\r\n\r\nt\xc3\xa4xt\r\n"
    "--b\r\nContent-Type: message/rfc822\r\n\r\n"
    "From: =?UTF-8?B?w6RAeA==?= :;\r\n\r\nb\xc3\xb6\r\n--b--\r\n";

/* Every part of it, read from everywhere. */
START_TEST(messages)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_str s = moxd_cstr(message);
    struct moxd_reader r = moxd_reader_mem(&s), out;
    struct moxd_msg *m;
    char p[sizeof(surrogate)];

    ck_assert_int_eq(moxd_msg_parse(a, &r, &m, NULL), 0);
    ck_assert_int_eq(moxd_surrogate_make(a, &r, m, &out, NULL), 0);
    ck_assert_uint_eq(out.size, strlen(surrogate));
    for (size_t from = 0; from <= out.size; from++) {
        size_t n = (size_t)out.size - from;

        ck_assert_int_eq(moxd_read_at(&out, from, p, n, NULL), 0);
        ck_assert_mem_eq(p, surrogate + from, n);
    }
    moxd_arena_free(a);
}
END_TEST

UNIT_MAIN("downgrade", headers, long_parameter, messages)
