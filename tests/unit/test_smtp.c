/* What the smtp module computes. proves: P-SMTP-10 */
#include "unit.h"

#include "modules/smtp/smtp_headers.h"
#include "modules/smtp/smtp_limits.h"
#include "modules/smtp/smtp_trace.h"

#include <moxd/clock.h>
#include <time.h>

/* 2026-11-21 08:00:00 UTC */
#define A_TIME (INT64_C(1795248000) * MOXD_SEC)

static void check_received(const struct smtp_received *r, const char *want)
{
    struct moxd_buf b = MOXD_BUF_INIT(2000);

    smtp_received_write(&b, r);
    ck_assert_str_eq(moxd_buf_cstr(&b), want);
    moxd_buf_fini(&b);
}

START_TEST(received_from_a_server)
{
    struct smtp_received r = { .from = MOXD_STR("mail.example"),
                               .remote_ip = "192.0.2.1",
                               .by = "mox.example",
                               .esmtp = true,
                               .id = "abcdef",
                               .for_path = MOXD_STR("mjl@mox.example"),
                               .time = A_TIME };

    ck_assert_int_eq(setenv("TZ", "UTC", 1), 0);
    tzset();
    check_received(&r,
                   "Received: from mail.example ([192.0.2.1]) by mox.example via tcp with ESMTP\r\n"
                   "\tid abcdef for <mjl@mox.example>; Sat, 21 Nov 2026 08:00:00 +0000\r\n");
}
END_TEST

START_TEST(received_from_a_user)
{
    struct smtp_received r = { .from = MOXD_STR("mox.example"),
                               .by = "mox.example",
                               .esmtp = true,
                               .tls = true,
                               .authenticated = true,
                               .tls_version = "TLSv1.3",
                               .tls_cipher = "TLS_AES_256_GCM_SHA384",
                               .id = "abcdef",
                               .time = A_TIME };

    ck_assert_int_eq(setenv("TZ", "XYZ01:30", 1), 0);
    tzset();
    check_received(&r, "Received: from mox.example by mox.example via tcp with ESMTPSA\r\n"
                       "\t(TLSv1.3 TLS_AES_256_GCM_SHA384) id abcdef;\r\n"
                       "\tSat, 21 Nov 2026 06:30:00 -0130\r\n");
}
END_TEST

/* proves: SMTPIN-08 */
START_TEST(received_with_requiretls)
{
    struct smtp_received r = { .from = MOXD_STR("mail.example"),
                               .by = "mox.example",
                               .esmtp = true,
                               .tls = true,
                               .requiretls = true,
                               .id = "abcdef",
                               .time = A_TIME };

    ck_assert_int_eq(setenv("TZ", "UTC", 1), 0);
    tzset();
    check_received(&r,
                   "Received: from mail.example by mox.example via tcp with ESMTPS (requiretls)\r\n"
                   "\tid abcdef; Sat, 21 Nov 2026 08:00:00 +0000\r\n");
}
END_TEST

START_TEST(address_literals)
{
    struct moxd_buf b = MOXD_BUF_INIT(100);

    smtp_address_literal(&b, "192.0.2.1");
    smtp_address_literal(&b, "2001:db8::1");
    ck_assert_str_eq(moxd_buf_cstr(&b), "[192.0.2.1][IPv6:2001:db8::1]");
    moxd_buf_fini(&b);
}
END_TEST

/* RFC 3848, RFC 6531 3.7.3 */
START_TEST(with_keywords)
{
    ck_assert_str_eq(smtp_with(false, false, true, false), "SMTP");
    ck_assert_str_eq(smtp_with(true, false, false, false), "ESMTP");
    ck_assert_str_eq(smtp_with(true, false, false, true), "ESMTPA");
    ck_assert_str_eq(smtp_with(true, false, true, false), "ESMTPS");
    ck_assert_str_eq(smtp_with(true, false, true, true), "ESMTPSA");
    ck_assert_str_eq(smtp_with(true, true, false, false), "UTF8SMTP");
    ck_assert_str_eq(smtp_with(true, true, false, true), "UTF8SMTPA");
    ck_assert_str_eq(smtp_with(true, true, true, false), "UTF8SMTPS");
    ck_assert_str_eq(smtp_with(true, true, true, true), "UTF8SMTPSA");
}
END_TEST

START_TEST(message_ids_differ)
{
    struct moxd_buf a = MOXD_BUF_INIT(100), b = MOXD_BUF_INIT(100);

    smtp_message_id(&a, "mox.example");
    smtp_message_id(&b, "mox.example");
    ck_assert(moxd_str_ends(moxd_buf_str(&a), MOXD_STR("@mox.example")));
    ck_assert_str_ne(moxd_buf_cstr(&a), moxd_buf_cstr(&b));
    moxd_buf_fini(&a);
    moxd_buf_fini(&b);
}
END_TEST

/* The end is found wherever the data is cut. */
START_TEST(header_end_in_pieces)
{
    static const char text[] = "A: b\r\n c\r\nD: \re\n\r\n\r\nbody\r\n\r\n";
    const size_t want = strstr(text, "body") - text;

    for (size_t cut = 0; cut < sizeof(text) - 1; cut++) {
        struct smtp_header_end e;
        smtp_header_end_init(&e);
        ptrdiff_t at = smtp_header_end_find(&e, text, cut);
        if (at < 0) {
            at = smtp_header_end_find(&e, text + cut, sizeof(text) - 1 - cut);
            ck_assert_int_ge(at, 0);
            at += (ptrdiff_t)cut;
        }
        ck_assert_uint_eq((size_t)at, want);
    }
}
END_TEST

START_TEST(header_may_be_empty_or_without_end)
{
    struct smtp_header_end e;

    smtp_header_end_init(&e);
    ck_assert_int_eq(smtp_header_end_find(&e, "\r\nbody", 6), 2);
    smtp_header_end_init(&e);
    ck_assert_int_eq(smtp_header_end_find(&e, "A: b\r\nC: d\r\n", 12), -1);
}
END_TEST

START_TEST(header_facts)
{
    struct smtp_header_facts f;

    smtp_header_facts(
        MOXD_STR("Received: a\r\nreceived : b\r\nFROM: x@y\r\nFrom: z\r\nnot a field\r\n"
                 "Date: d\r\n\r\nFrom: body"),
        &f);
    ck_assert_uint_eq(f.received, 2);
    ck_assert_uint_eq(f.from, 2);
    ck_assert(moxd_str_eqs(moxd_str_trim(f.from_value), "x@y"));
    ck_assert_uint_eq(f.date, 1);
    ck_assert_uint_eq(f.message_id, 0);
}
END_TEST

START_TEST(bcc_is_stripped)
{
    struct moxd_buf b = MOXD_BUF_INIT(1000);

    smtp_header_strip(&b,
                      MOXD_STR("To: a\r\nBcc: b,\r\n\tc\r\nReturn-Path: <x>\r\nSubject: s\r\n t\r\n"
                               "bcc:\r\nbroken\r\n\r\n"),
                      true, "mail.example");
    ck_assert_str_eq(moxd_buf_cstr(&b), "To: a\r\nSubject: s\r\n t\r\nbroken\r\n\r\n");
    moxd_buf_fini(&b);
}
END_TEST

/* SUBM-04 */
START_TEST(extra_fields_are_taken_off)
{
    static const char *const bad[] = { "X-Mox-Extra-: v\r\n\r\n",
                                       "X-Mox-Extra-a: 1\r\nx-mox-extra-A: 2\r\n\r\n" };
    const struct moxd_str header = MOXD_STR(
        "To: a\r\nX-Mox-Extra-UserID: 7\r\n (seven)\r\nX-MOX-EXTRA-n: =?utf-8?q?=C3=A4?=\r\n"
        "X-Mox-Extras: stays\r\n\r\n");
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_buf b = MOXD_BUF_INIT(100000);
    const struct smtp_extra *v;
    struct moxd_err err = { 0 };
    size_t n;

    ck_assert_int_eq(smtp_extra_read(header, a, &v, &n, &err), 0);
    ck_assert_uint_eq(n, 2);
    ck_assert_str_eq(v[0].key, "userid");
    ck_assert_str_eq(v[0].value, "7 (seven)");
    ck_assert_str_eq(v[1].key, "n");
    ck_assert_str_eq(v[1].value, "\xc3\xa4");
    smtp_header_strip(&b, header, true, "mail.example");
    ck_assert_str_eq(moxd_buf_cstr(&b), "To: a\r\nX-Mox-Extras: stays\r\n\r\n");
    moxd_buf_reset(&b);
    smtp_header_strip(&b, header, false, "mail.example"); /* only of submissions */
    ck_assert_uint_eq(b.n, header.n);
    for (size_t i = 0; i < MOXD_NELEMS(bad); i++) {
        ck_assert_int_eq(smtp_extra_read(moxd_cstr(bad[i]), a, &v, &n, &err), -1);
        ck_assert_int_eq(err.smtp_code, 550);
    }
    moxd_buf_reset(&b);
    for (int i = 0; i < SMTP_EXTRA_MAX + 1; i++)
        moxd_buf_addf(&b, "X-Mox-Extra-k%d: v\r\n", i);
    ck_assert_int_eq(smtp_extra_read(moxd_buf_str(&b), a, &v, &n, &err), -1);
    moxd_buf_reset(&b);
    moxd_buf_addf(&b, "X-Mox-Extra-k: %0*d\r\n", SMTP_EXTRA_BYTES_MAX, 1);
    ck_assert_int_eq(smtp_extra_read(moxd_buf_str(&b), a, &v, &n, &err), -1);
    moxd_buf_fini(&b);
    moxd_arena_free(a);
}
END_TEST

/* proves: P-AUTHN-12 */
START_TEST(claims_of_our_own_results_are_stripped)
{
    static const char *const ours[] = { "mail.example; none",
                                        "\r\n\t(c (c)) MAIL.Example(c);spf=pass",
                                        "\"mail.example\" 1; x=y",
                                        "xn--bcher-kva.example 2; a=b",
                                        "spf=pass smtp.mailfrom=Mail.Example",
                                        "\"m\xc3\xa4il.example; a=b",
                                        "\"mail.example",
                                        "mail.example. no; x=y",
                                        "a mail.example; x=y" };
    static const char *const others[] = { "mail.example.org; none", "", "; a=b",
                                          "mta.example  from=a.example; dkim=neutral (no sig)",
                                          "spf=pass (sender IP is 192.0.2.1)" };
    struct moxd_buf b = MOXD_BUF_INIT(1000), in = MOXD_BUF_INIT(1000);

    for (size_t i = 0; i < MOXD_NELEMS(ours); i++) {
        moxd_buf_reset(&in), moxd_buf_reset(&b);
        moxd_buf_addf(&in, "AUTHENTICATION-results: %s\r\nBcc: b\r\n\r\n", ours[i]);
        smtp_header_strip(&b, moxd_buf_str(&in), false, "mail.example");
        ck_assert_str_eq(moxd_buf_cstr(&b), "Bcc: b\r\n\r\n");
    }
    moxd_buf_reset(&b);
    smtp_header_strip(&b,
                      MOXD_STR("Authentication-Results: b\xc3\xbc"
                               "cher.example; none\r\n"),
                      false, "xn--bcher-kva.example");
    ck_assert_uint_eq(b.n, 0);
    for (size_t i = 0; i < MOXD_NELEMS(others); i++) {
        moxd_buf_reset(&in), moxd_buf_reset(&b);
        moxd_buf_addf(&in, "Authentication-Results: %s\r\n", others[i]);
        smtp_header_strip(&b, moxd_buf_str(&in), false, "mail.example");
        ck_assert_str_eq(moxd_buf_cstr(&b), moxd_buf_cstr(&in));
    }
    moxd_buf_fini(&b);
    moxd_buf_fini(&in);
}
END_TEST

UNIT_MAIN("smtp", received_from_a_server, received_from_a_user, received_with_requiretls,
          address_literals, with_keywords, message_ids_differ, header_end_in_pieces,
          header_may_be_empty_or_without_end, header_facts, bcc_is_stripped,
          extra_fields_are_taken_off, claims_of_our_own_results_are_stripped)
