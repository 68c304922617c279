/* Aggregate reports of DMARC: those of others, our own, hostile ones (RFC 9990, RFC 7489 appendix C). */
#include "report_unit.h"

#include <moxmail/dmarc_report.h>
#include <moxmail/header.h>
#include <string.h>

static struct moxd_arena *a;

static int parse(struct moxd_str xml, struct moxd_dmarc_report *r, struct moxd_err *err)
{
    return moxd_dmarc_report_parse(xml, a, r, err);
}

/* proves in part: P-AUTHN-05 */
START_TEST(of_others)
{
    static const struct {
        const char *file, *org, *domain, *p;
        size_t rows;
        uint64_t messages;
        const char *ip, *dkim, *spf, *from;
    } known[] = {
        { "example.com-1538204542-1538463818.xml", "", "example.com", "none", 1, 1, "12.20.127.122",
          "fail", "fail", "example.com" },
        { "large-example.com-1711897200-1711983600.xml.gz", "", "example.com", "none", 2286, 2286,
          "12.20.121.1", "fail", "fail", "example.com" },
        { "Report-domain-borschow.com-Submitter-google.com-Report-ID-949348866075514174.eml",
          "google.com", "borschow.com", "reject", 1, 1, "92.53.116.102", "fail", "fail",
          "borschow.com" },
        { "addisonfoods.com-example.com-1536105600-1536191999.xml", "addisonfoods.com",
          "example.com", "none", 1, 1, "109.203.100.17", "fail", "fail", "example.com" },
        { "empty_reason.xml", "example.org", "example.com", "quarantine", 1, 2, "198.51.100.123",
          "pass", "fail", "example.com" },
        { "estadocuenta1.infonacot.gob.mx-example.com-1536853302-1536939702-2940.xml.zip",
          "XYZ Corporation", "example.com", "none", 1, 1, "148.243.137.254", "fail", "fail",
          "example.com" },
        { "example.net-example.com-1529366400-1529452799.xml", "example.net", "example.com", "none",
          1, 1, "199.230.200.36", "fail", "fail", "example.com" },
        { "fastmail.com-example.com-1516060800-1516147199-102675056.xml.gz", "FastMail Pty Ltd",
          "indemed.com", "none", 1, 1, "104.195.80.20", "fail", "fail", "example.com" },
        { "ikea.com-example.de-1538690400-1538776800.xml", "ikea.com", "example.de", "none", 1, 1,
          "234.234.234.234", "fail", "fail", "example.de" },
        { "invalid_utf_8.xml", "", "example.com", "none", 1, 1, "12.20.127.122", "fail", "fail",
          "bad_byte?" },
        { "invalid_xml.xml", "veeam.com", "example.com", "none", 1, 1, "199.230.200.36", "fail",
          "fail", "" },
        { "mimecast-weird-gzip.eml", "Mimecast", "ab.id.au", "reject", 1, 1, "40.93.199.22", "pass",
          "pass", "ab.id.au" },
        { "old_draft_from_wiki.xml", "acme.com", "example.com", "none", 1, 2, "72.150.241.94",
          "fail", "pass", "example.com" },
        { "protection.outlook.com-example.com-1711756800-1711843200.xml", "Outlook.com",
          "example.com", "none", 1, 1, "100.24.188.149", "fail", "fail", "example.com" },
        { "rfc9990-example.net-example.com-1700000000-1700086399.xml", "example.net", "example.com",
          "reject", 2, 7, "198.51.100.1", "pass", "pass", "example.com" },
        { "rfc9990-sample.xml", "Sample Reporter", "example.com", "quarantine", 1, 123,
          "192.0.2.123", "pass", "fail", "example.com" },
        { "twilight.eml", "google.com", "twlnet.com", "reject", 1, 1, "87.106.127.28", "pass",
          "pass", "twlnet.com" },
        { "usssa.com-example.com-1538784000-1538870399.xml", "usssa.com", "example.com", "none", 2,
          2, "12.20.127.40", "fail", "fail", "example.com" },
        { "veeam.com-example.com-1530133200-1530219600.xml", "veeam.com", "example.com", "none", 1,
          1, "199.230.200.36", "fail", "fail", "example.com" },
        { "report_with_upper_cased_pass.xml", "example.com", "example.com", "reject", 1, 1,
          "23.104.41.189", "pass", "pass", "example.com" },
        { "nice-input.xml", "google.com", "example.com", "none", 20, 3047, "209.85.220.69", "fail",
          "pass", "example.com" },
        { "nice-input.xml.gz", "google.com", "example.com", "none", 20, 3047, "209.85.220.69",
          "fail", "pass", "example.com" },
        { "nice-input.xml.zip", "google.com", "example.com", "none", 20, 3047, "209.85.220.69",
          "fail", "pass", "example.com" },
        { "changed-input.xml", "fred.com", "example.com", "none", 20, 3047, "209.85.220.69", "fail",
          "pass", "example.com" },
    };
    struct moxd_dmarc_report r;

    for (size_t i = 0; i < MOXD_NELEMS(known); i++) {
        struct moxd_err err = { 0 };
        uint64_t messages = 0;
        a = moxd_arena_new(0);
        ck_assert_msg(parse(report_open(a, known[i].file, MOXD_REPORT_DMARC), &r, &err) == 0,
                      "%s: %s", known[i].file, err.priv);
        for (size_t k = 0; k < r.n; k++)
            messages += r.v[k].count;
        ck_assert_str_eq(r.organization, known[i].org);
        ck_assert_str_eq(r.domain, known[i].domain);
        ck_assert_str_eq(r.p, known[i].p);
        ck_assert_uint_eq(r.n, known[i].rows);
        ck_assert_uint_eq(messages, known[i].messages);
        ck_assert_str_eq(r.v[0].source_ip, known[i].ip);
        ck_assert_str_eq(r.v[0].dkim, known[i].dkim);
        ck_assert_str_eq(r.v[0].spf, known[i].spf);
        ck_assert_str_eq(r.v[0].header_from, known[i].from);
        moxd_arena_free(a);
    }
}
END_TEST

/* What else is in the one that RFC 9990 has as an example, and in an old one. */
START_TEST(details)
{
    struct moxd_dmarc_report r;

    a = moxd_arena_new(0);
    ck_assert_int_eq(
        parse(report_open(a, "rfc9990-example.net-example.com-1700000000-1700086399.xml",
                          MOXD_REPORT_DMARC),
              &r, NULL),
        0);
    ck_assert_str_eq(r.np, "reject");
    ck_assert_str_eq(r.testing, "y");
    ck_assert_str_eq(r.discovery, "treewalk");
    ck_assert_str_eq(r.adkim, "s");
    ck_assert_int_eq(r.begin, 1700000000);
    ck_assert_uint_eq(r.v[0].ndkims, 1);
    ck_assert_str_eq(r.v[0].dkims[0].selector, "selector1");
    ck_assert_str_eq(r.v[1].disposition, "reject");
    ck_assert_str_eq(r.v[1].reasons[0].comment, "sender not authorized");
    ck_assert_str_eq(r.v[1].spfs[0].scope, "mfrom");
    ck_assert_uint_eq(r.v[1].ndkims, 0);
    ck_assert_int_eq(parse(report_open(a, "empty_reason.xml", MOXD_REPORT_DMARC), &r, NULL), 0);
    ck_assert_str_eq(r.pct, "100");
    ck_assert_str_eq(r.v[0].dkims[0].human, "2048-bit key");
    ck_assert_str_eq(r.v[0].envelope_to, "example.net");
    moxd_arena_free(a);
}
END_TEST

/* proves in part: P-AUTHN-04 */
START_TEST(written_and_read)
{
    struct moxd_dmarc_report_auth dkim = { "example.org", "2026a", "", "pass", "" },
                                  spf = { "example.org", "", "mfrom", "fail", "" };
    struct moxd_dmarc_report_reason reason = { "local_policy", "<a> & \"b\" \001" };
    struct moxd_dmarc_report_row w = { .source_ip = "192.0.2.1",
                                       .count = 7,
                                       .disposition = "pass",
                                       .dkim = "pass",
                                       .spf = "fail",
                                       .reasons = &reason,
                                       .nreasons = 1,
                                       .header_from = "a.example.org",
                                       .null_sender = true,
                                       .dkims = &dkim,
                                       .ndkims = 1,
                                       .spfs = &spf,
                                       .nspfs = 1 };
    struct moxd_dmarc_report r = { .organization = "mail.example.net",
                                   .email = "postmaster@mail.example.net",
                                   .id = "1.2@mail.example.net",
                                   .begin = 1700000000,
                                   .end = 1700086399,
                                   .domain = "example.org",
                                   .p = "reject",
                                   .np = "none",
                                   .adkim = "r",
                                   .testing = "n",
                                   .discovery = "treewalk",
                                   .v = &w,
                                   .n = 1 };
    struct moxd_buf b = MOXD_BUF_INIT(100000);
    struct moxd_dmarc_report s;

    a = moxd_arena_new(0);
    moxd_dmarc_report_write(&b, &r);
    ck_assert_int_eq(parse(moxd_buf_str(&b), &s, NULL), 0);
    ck_assert_str_eq(s.version, "1.0");
    ck_assert_str_eq(s.organization, r.organization);
    ck_assert_str_eq(s.id, r.id);
    ck_assert_int_eq(s.end, r.end);
    ck_assert_str_eq(s.np, "none");
    ck_assert_str_eq(s.sp, "");
    ck_assert_uint_eq(s.v[0].count, 7);
    ck_assert_str_eq(s.v[0].disposition, "pass");
    ck_assert_str_eq(s.v[0].reasons[0].comment, "<a> & \"b\" ?");
    ck_assert(s.v[0].null_sender);
    ck_assert_str_eq(s.v[0].dkims[0].selector, "2026a");
    ck_assert_str_eq(s.v[0].spfs[0].scope, "mfrom");
    moxd_buf_fini(&b);
    moxd_arena_free(a);
}
END_TEST

static enum moxd_err_kind refuse(struct moxd_str xml)
{
    struct moxd_dmarc_report r;
    struct moxd_err err = { 0 };

    ck_assert_msg(parse(xml, &r, &err) < 0, "%.*s", (int)xml.n, xml.p);
    return err.kind;
}

static void repeat(struct moxd_buf *b, const char *s, int n)
{
    while (n-- > 0)
        moxd_buf_adds(b, s);
}

START_TEST(hostile)
{
    struct moxd_buf b = MOXD_BUF_INIT(8 << 20);

    a = moxd_arena_new(0);
    ck_assert_int_eq(refuse(MOXD_STR("")), MOXD_ERR_SYNTAX);
    ck_assert_int_eq(refuse(report_load(a, "empty.xml")), MOXD_ERR_SYNTAX);
    ck_assert_int_eq(refuse(MOXD_STR("no XML")), MOXD_ERR_SYNTAX);
    ck_assert_int_eq(refuse(MOXD_STR("<feedback/>")), MOXD_ERR_SYNTAX);
    ck_assert_int_eq(
        refuse(MOXD_STR("<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><feedback>&b;")),
        MOXD_ERR_SYNTAX);
    moxd_buf_adds(&b, "<feedback>");
    repeat(&b, "<record>", 1000);
    ck_assert_int_eq(refuse(moxd_buf_str(&b)), MOXD_ERR_LIMIT);
    moxd_buf_truncate(&b, 10);
    repeat(&b, "<record/>", MOXD_DMARC_ROWS_MAX + 1);
    ck_assert_int_eq(refuse(moxd_buf_str(&b)), MOXD_ERR_LIMIT);
    moxd_buf_fini(&b);
    moxd_arena_free(a);
}
END_TEST

/* proves in part: P-AUTHN-04 */
START_TEST(compression)
{
    struct moxd_buf plain = MOXD_BUF_INIT(8 << 20), packed = MOXD_BUF_INIT(1 << 20),
                    out = MOXD_BUF_INIT(4 << 20);
    struct moxd_err err = { 0 };

    a = moxd_arena_new(0);
    repeat(&plain, "0123456789abcdef", 400000);
    ck_assert_int_eq(moxd_report_pack(moxd_buf_str(&plain), &packed, NULL), 0);
    ck_assert_uint_lt(packed.n, 100000);
    ck_assert_int_lt(moxd_report_unpack(moxd_buf_str(&packed), &out, &err), 0);
    ck_assert_int_eq(err.kind, MOXD_ERR_LIMIT);
    moxd_buf_fini(&out);
    moxd_buf_init(&out, 8 << 20);
    ck_assert_int_eq(moxd_report_unpack(moxd_buf_str(&packed), &out, NULL), 0);
    ck_assert(moxd_str_eq(moxd_buf_str(&out), moxd_buf_str(&plain)));
    /* cut off, damaged */
    moxd_buf_reset(&out);
    struct moxd_str zip = report_load(a, "nice-input.xml.zip");
    ck_assert_int_lt(
        moxd_report_unpack(moxd_str_sub(moxd_buf_str(&packed), 0, packed.n - 30), &out, &err), 0);
    ck_assert_int_eq(err.kind, MOXD_ERR_SYNTAX);
    ck_assert_int_lt(moxd_report_unpack(moxd_str_sub(zip, 0, 500), &out, &err), 0);
    ck_assert_int_eq(err.kind, MOXD_ERR_SYNTAX);
    ck_assert_int_lt(moxd_report_unpack(moxd_str_sub(zip, 0, 20), &out, &err), 0);
    moxd_buf_fini(&plain);
    moxd_buf_fini(&packed);
    moxd_buf_fini(&out);
    moxd_arena_free(a);
}
END_TEST

/* The message that we make is one in which we find the report.
 * proves in part: TLSRPT-08, P-AUTHN-04 */
START_TEST(messages)
{
    const char *const to[] = { "a@example.org", "b@example.org", NULL };
    struct moxd_report_mail m = {
        .name = { .submitter = "mail.example.net",
                  .domain = "example.org",
                  .begin = 1700006400,
                  .end = 1700092799,
                  .id = "0a1b" },
        .from = "postmaster@mail.example.net",
        .to = to,
        .message_id = "x@mail.example.net",
        .date = 1700100000,
        .text = "A report.\nFor you.\n",
    };
    struct moxd_buf packed = MOXD_BUF_INIT(10000), out = MOXD_BUF_INIT(100000),
                    again = MOXD_BUF_INIT(10000);
    struct moxd_report_part *parts;
    struct moxd_field f;
    size_t n;

    a = moxd_arena_new(0);
    ck_assert_int_eq(moxd_report_pack(MOXD_STR("{ the report }"), &packed, NULL), 0);
    m.data = moxd_buf_str(&packed);
    for (int kind = 0; kind < 2; kind++) {
        m.name.kind = (enum moxd_report_kind)kind;
        moxd_buf_reset(&out);
        moxd_buf_reset(&again);
        moxd_report_mail(&out, &m);
        struct moxd_str s = moxd_buf_str(&out);
        struct moxd_reader r = moxd_reader_mem(&s);
        ck_assert_int_eq(moxd_report_parts(&r, m.name.kind, a, &parts, &n, NULL), 0);
        ck_assert_uint_eq(n, 1);
        ck_assert_int_eq(moxd_report_part_read(&r, &parts[0], &again, NULL), 0);
        ck_assert_str_eq(moxd_buf_cstr(&again), "{ the report }");
        ck_assert_int_eq(moxd_header_find(s, "TLS-Required", &f), kind == MOXD_REPORT_TLS);
        ck_assert_int_eq(moxd_header_find(s, "TLS-Report-Domain", &f), kind == MOXD_REPORT_TLS);
        ck_assert(moxd_header_find(s, "Subject", &f));
        moxd_buf_reset(&again);
        moxd_field_unfold(&again, f.value);
        ck_assert_str_eq(moxd_buf_cstr(&again),
                         "Report Domain: example.org Submitter: mail.example.net "
                         "Report-ID:\t<0a1b@mail.example.net>");
        ck_assert_ptr_nonnull(strstr(out.p, kind == MOXD_REPORT_TLS ? "!1700092799!0a1b.json.gz\""
                                                                    : "!1700092799!0a1b.xml.gz\""));
    }
    moxd_buf_fini(&packed);
    moxd_buf_fini(&out);
    moxd_buf_fini(&again);
    moxd_arena_free(a);
}
END_TEST

UNIT_MAIN("dmarc_report", of_others, details, written_and_read, hostile, compression, messages)
