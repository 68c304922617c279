/* TLS reports: records, reports written and read, those of others (RFC 8460). */
#include "report_unit.h"

#include <moxmail/tlsrpt.h>
#include <string.h>

static struct moxd_arena *a;

static size_t rua(const char *txt, struct moxd_tlsrpt_record *r)
{
    return moxd_tlsrpt_record_parse(moxd_cstr(txt), a, r, NULL) == 0 ? r->nrua : 0;
}

/* proves in part: TLSRPT-03 */
START_TEST(records)
{
    struct moxd_tlsrpt_record r;

    a = moxd_arena_new(0);
    ck_assert_uint_eq(rua("v=TLSRPTv1;rua=mailto:reports@example.com", &r), 1);
    ck_assert_str_eq(r.rua[0], "mailto:reports@example.com");
    ck_assert_uint_eq(
        rua("v=TLSRPTv1; x=y; rua=MAILTO:a@example.com , https://r.example/v1 ,ftp://x/ ; "
            "rua=mailto:b@example.com;",
            &r),
        2);
    ck_assert_str_eq(r.rua[1], "https://r.example/v1");
    ck_assert_ptr_null(r.rua[2]);
    ck_assert_uint_eq(rua("v=TLSRPTv1;", &r), 0);
    ck_assert_uint_eq(rua("v=TLSRPTv1", &r), 0);
    ck_assert_uint_eq(rua("v=TLSRPTv2; rua=mailto:a@b.example", &r), 0);
    ck_assert_uint_eq(rua("v=TLSRPTv1; rua=", &r), 0);
    ck_assert_uint_eq(rua("v=TLSRPTv1; rua=ftp://x/", &r), 0);
    ck_assert_uint_eq(rua("v=TLSRPTv1; rua=mailto:a@b.example!10m", &r), 0);
    ck_assert_uint_eq(rua("v=TLSRPTv1; rua=mailto:a b@b.example", &r), 0);
    ck_assert_uint_eq(rua("v=TLSRPTv1; rua=mailto:a@b.example,", &r), 1);
    ck_assert(moxd_tlsrpt_is_record(MOXD_STR("v=TLSRPTv1;")));
    ck_assert(!moxd_tlsrpt_is_record(MOXD_STR("v=TLSRPTv1x;")));
    moxd_arena_free(a);
}
END_TEST

static struct moxd_tlsrpt_report parse(struct moxd_str json)
{
    struct moxd_tlsrpt_report r;
    struct moxd_err err = { 0 };

    ck_assert_msg(moxd_tlsrpt_parse(json, a, &r, &err) == 0, "%s", err.priv);
    return r;
}

/* proves in part: TLSRPT-01 */
START_TEST(of_others)
{
    static const struct {
        const char *file, *id, *domain, *type;
        size_t failures;
        uint64_t good, bad;
    } known[] = {
        { "mail.ru.json", "b28254de-7b2e-be36-bb5c-4c3b92da8b25@mail.ru", "example.com", "sts", 2,
          0, 1 },
        { "rfc8460.json", "5065427c-23d3-47ca-b6e0-946ea0e8c4be", "company-y.example", "sts", 3,
          5326, 303 },
        { "smtp_tls.json", "2024-01-09T00:00:00Z_example.com", "example.com", "sts", 2, 0, 3 },
        { "google.com_smtp_tls_report.eml", "2024-09-03T00:00:00Z_cardinalhealth.ca",
          "cardinalhealth.ca", "no-policy-found", 0, 48, 0 },
    };

    a = moxd_arena_new(0);
    for (size_t i = 0; i < MOXD_NELEMS(known); i++) {
        struct moxd_tlsrpt_report r = parse(report_open(a, known[i].file, MOXD_REPORT_TLS));
        ck_assert_str_eq(r.id, known[i].id);
        ck_assert_uint_eq(r.n, 1);
        ck_assert_str_eq(r.v[0].domain, known[i].domain);
        ck_assert_str_eq(r.v[0].type, known[i].type);
        ck_assert_uint_eq(r.v[0].n, known[i].failures);
        ck_assert_uint_eq(r.v[0].successes, known[i].good);
        ck_assert_uint_eq(r.v[0].failures, known[i].bad);
        ck_assert_int_gt(r.end, r.begin);
    }
    struct moxd_tlsrpt_report r = parse(report_open(a, "rfc8460.json", MOXD_REPORT_TLS));
    ck_assert_str_eq(r.v[0].mx[0], "*.mail.company-y.example");
    ck_assert_str_eq(r.v[0].strings[3], "max_age: 86400");
    ck_assert_str_eq(r.v[0].v[2].reason, "X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED");
    ck_assert_str_eq(r.v[0].v[1].receiving_ip, "203.0.113.56");
    ck_assert_str_eq(r.v[0].v[0].helo, "");
    ck_assert_int_eq(r.begin, 1459468800);
    moxd_arena_free(a);
}
END_TEST

/* proves in part: TLSRPT-03 */
START_TEST(written_and_read)
{
    const char *const strings[] = { "3 1 1 00ff", NULL }, *const none[] = { NULL };
    struct moxd_tlsrpt_failure f = { .result = "certificate-expired",
                                     .sending_ip = "192.0.2.1",
                                     .mx = "mx.example.org",
                                     .helo = "",
                                     .receiving_ip = "2001:db8::1",
                                     .info = "",
                                     .reason = "bad \xff bytes",
                                     .count = 3 };
    struct moxd_tlsrpt_policy p = { .type = "tlsa",
                                    .domain = "mx.example.org",
                                    .strings = strings,
                                    .mx = none,
                                    .successes = 5,
                                    .failures = 3,
                                    .v = &f,
                                    .n = 1 };
    struct moxd_tlsrpt_report r = { .organization = "mail.example.net",
                                    .contact = "postmaster@mail.example.net",
                                    .id = "1.x@mail.example.net",
                                    .begin = 1700006400,
                                    .end = 1700092799,
                                    .v = &p,
                                    .n = 1 };
    struct moxd_buf b = MOXD_BUF_INIT(100000);

    a = moxd_arena_new(0);
    moxd_tlsrpt_write(&b, &r);
    struct moxd_tlsrpt_report s = parse(moxd_buf_str(&b));
    ck_assert_str_eq(s.organization, r.organization);
    ck_assert_str_eq(s.contact, r.contact);
    ck_assert_str_eq(s.id, r.id);
    ck_assert_int_eq(s.begin, r.begin);
    ck_assert_int_eq(s.end, r.end);
    ck_assert_str_eq(s.v[0].type, "tlsa");
    ck_assert_str_eq(s.v[0].strings[0], strings[0]);
    ck_assert_ptr_null(s.v[0].mx[0]);
    ck_assert_uint_eq(s.v[0].successes, 5);
    ck_assert_uint_eq(s.v[0].v[0].count, 3);
    ck_assert_str_eq(s.v[0].v[0].receiving_ip, f.receiving_ip);
    ck_assert_str_eq(s.v[0].v[0].reason, "?");
    moxd_buf_fini(&b);
    moxd_arena_free(a);
}
END_TEST

static enum moxd_err_kind refuse(const char *json)
{
    struct moxd_tlsrpt_report r;
    struct moxd_err err = { 0 };

    ck_assert_msg(moxd_tlsrpt_parse(moxd_cstr(json), a, &r, &err) < 0, "%.60s", json);
    return err.kind;
}

#define DATES                                                                                      \
    "\"date-range\":{\"start-datetime\":\"2024-02-22T00:00:00Z\",\"end-datetime\":\"2024-02-"      \
    "23T00:00:00Z\"}"

START_TEST(hostile)
{
    struct moxd_buf b = MOXD_BUF_INIT(4 << 20);

    a = moxd_arena_new(0);
    ck_assert_int_eq(refuse(""), MOXD_ERR_SYNTAX);
    ck_assert_int_eq(refuse("[]"), MOXD_ERR_SYNTAX);
    ck_assert_int_eq(refuse("{}"), MOXD_ERR_SYNTAX);
    ck_assert_int_eq(refuse("{" DATES "}"), MOXD_ERR_SYNTAX);
    ck_assert_int_eq(refuse("{\"policies\":[]}"), MOXD_ERR_SYNTAX);
    ck_assert_int_eq(refuse("{\"policies\":[{}]," DATES "} x"), MOXD_ERR_SYNTAX);
    for (int i = 0; i < 100; i++)
        moxd_buf_addc(&b, '[');
    ck_assert_int_eq(refuse(moxd_buf_cstr(&b)), MOXD_ERR_LIMIT);
    moxd_buf_reset(&b);
    moxd_buf_adds(&b, "{" DATES ",\"policies\":[");
    for (int i = 0; i < MOXD_TLSRPT_VALUES_MAX; i++)
        moxd_buf_adds(&b, "1,");
    moxd_buf_adds(&b, "1]}");
    ck_assert_int_eq(refuse(moxd_buf_cstr(&b)), MOXD_ERR_LIMIT);
    /* what is there, but is of another type, counts as absent */
    struct moxd_tlsrpt_report r = parse(MOXD_STR(
        "{" DATES ",\"policies\":[1,{\"policy\":[],\"summary\":{\"total-failure-session-count\":-1,"
        "\"total-successful-session-count\":\"12\"},\"failure-details\":[7,{\"result-type\":{}}]}]"
        "}"));
    ck_assert_uint_eq(r.n, 2);
    ck_assert_uint_eq(r.v[1].successes, 12);
    ck_assert_uint_eq(r.v[1].failures, 0);
    ck_assert_uint_eq(r.v[1].n, 2);
    ck_assert_str_eq(r.v[1].v[1].result, "");
    ck_assert_ptr_null(r.v[0].strings[0]);
    moxd_buf_fini(&b);
    moxd_arena_free(a);
}
END_TEST

START_TEST(times)
{
    a = moxd_arena_new(0);
    ck_assert_str_eq(moxd_report_time(MOXD_REPORT_TLS, 1795305599, a), "2026-11-21");
    ck_assert_str_eq(moxd_report_time(MOXD_REPORT_DMARC, 1795305599, a), "2026-11-21T23");
    ck_assert_str_eq(moxd_report_time(MOXD_REPORT_TLS, 0, a), "1970-01-01");
    moxd_arena_free(a);
}
END_TEST

UNIT_MAIN("tlsrpt", records, times, of_others, written_and_read, hostile)
