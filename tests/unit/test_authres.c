/* Authentication-Results. The examples are of RFC 8601, appendix B and errors of others in them. */
#include "message.h"

#include <moxmail/authres.h>

static struct moxd_arena *a;
static struct moxd_authres_field field;

static int parse(const char *text)
{
    return moxd_authres_parse(moxd_cstr(text), a, &field, NULL);
}

static void expect(size_t i, const char *method, const char *result, size_t nprops)
{
    ck_assert_uint_lt(i, field.n);
    ck_str(field.v[i].method, method);
    ck_str(field.v[i].result, result);
    ck_assert_uint_eq(field.v[i].nprops, nprops);
}

static void expect_prop(size_t i, size_t k, const char *ptype, const char *name, const char *value)
{
    const struct moxd_authres_prop *p = &field.v[i].props[k];

    ck_str(p->ptype, ptype);
    ck_str(p->name, name);
    ck_str(p->value, value);
}

/* proves: P-AUTHN-12 */
START_TEST(fields_of_the_rfc)
{
    a = moxd_arena_new(0);
    ck_assert_int_eq(parse(" example.org 1; none"), 0);
    ck_str(field.id, "example.org");
    ck_assert_uint_eq(field.version, 1);
    ck_assert_uint_eq(field.n, 0);
    ck_assert_int_eq(
        parse(" example.com;\r\n\tauth=pass (cram-md5) smtp.auth=sender@example.net;\r\n"
              "  spf=pass smtp.mailfrom=example.net"),
        0);
    ck_assert_uint_eq(field.n, 2);
    expect(0, "auth", "pass", 1);
    ck_str(field.v[0].comment, "cram-md5");
    expect_prop(0, 0, "smtp", "auth", "sender@example.net");
    expect(1, "spf", "pass", 1);
    ck_assert_int_eq(
        parse(" foo.example.net (foobar) 1 (baz);\r\n    dkim (Because I like it) / 1 (One "
              "yay) = (wait for it) fail\r\n      policy (A dot can go here) . (like that) "
              "expired\r\n      (this surprised me) = (as I wasn't expecting it) "
              "1362471462"),
        0);
    expect(0, "dkim", "fail", 1);
    expect_prop(0, 0, "policy", "expired", "1362471462");
    ck_assert_int_eq(parse("example.com; dkim=fail reason=\"bad \\\"signature\\\"\" "
                           "header.i=@newyork.example.com header.b=\"a/b=\"; "
                           "x=y smtp.mailfrom=\"a b\"@x.example;"),
                     0);
    expect(0, "dkim", "fail", 2);
    ck_str(field.v[0].reason, "bad \"signature\"");
    expect_prop(0, 0, "header", "i", "@newyork.example.com");
    expect_prop(0, 1, "header", "b", "a/b=");
    expect_prop(1, 0, "smtp", "mailfrom", "\"a b\"@x.example");
    moxd_arena_free(a);
}
END_TEST

/* As Microsoft writes it. */
START_TEST(properties_without_a_type)
{
    a = moxd_arena_new(0);
    ck_assert_int_eq(
        parse("i=1; mx.microsoft.com 1; spf=pass (sender ip is 192.0.2.1)\r\n"
              " smtp.rcpttodomain=example.com smtp.mailfrom=contoso.com;\r\n"
              " dmarc=pass (p=none sp=none pct=100) action=none header.from=contoso.com;\r\n"
              " dkim=none (message not signed); compauth=pass reason=100; arc=none") < 0,
        1); /* with the instance of ARC, which is no name of a server */
    ck_assert_int_eq(parse("mx.microsoft.com 1; dmarc=pass (p=none sp=none pct=100) action=none\r\n"
                           " header.from=contoso.com; compauth=pass reason=100; arc=none (0)"),
                     0);
    expect(0, "dmarc", "pass", 1);
    expect_prop(0, 0, "header", "from", "contoso.com");
    expect(1, "compauth", "pass", 0);
    ck_str(field.v[1].reason, "100");
    expect(2, "arc", "none", 0);
    moxd_arena_free(a);
}
END_TEST

START_TEST(what_is_no_field)
{
    static const char *const bad[] = { "",
                                       ";",
                                       "a b; x=y",
                                       "a 1 2;x=y",
                                       "a; x",
                                       "a; x=",
                                       "a; =y",
                                       "a; x=y z",
                                       "a; x=y p.q",
                                       "a; x=y p.q=",
                                       "a; x=y p.=z",
                                       "a; x=y p.q=\"",
                                       "a; x=y reason=;",
                                       "\"a",
                                       "a; x=y, z=w",
                                       "a 99999999999999999999; x=y",
                                       "a; x/=y ." };

    a = moxd_arena_new(0);
    for (size_t i = 0; i < MOXD_NELEMS(bad); i++)
        ck_assert_msg(parse(bad[i]) < 0, "%s", bad[i]);
    moxd_arena_free(a);
}
END_TEST

static const char *many(const char *first, const char *each, size_t n)
{
    struct moxd_buf b = MOXD_BUF_INIT(1 << 20);

    moxd_buf_adds(&b, first);
    for (size_t i = 0; i < n; i++)
        moxd_buf_adds(&b, each);
    const char *text = moxd_arena_cstr(a, moxd_buf_str(&b));
    moxd_buf_fini(&b);
    return text;
}

START_TEST(limits)
{
    a = moxd_arena_new(0);
    ck_assert_int_eq(parse(many("a", ";x=y", MOXD_AUTHRES_MAX)), 0);
    ck_assert_uint_eq(field.n, MOXD_AUTHRES_MAX);
    ck_assert_int_lt(parse(many("a", ";x=y", MOXD_AUTHRES_MAX + 1)), 0);
    ck_assert_int_eq(parse(many("a;x=y", " p.q=r", MOXD_AUTHRES_PROPS_MAX)), 0);
    ck_assert_int_lt(parse(many("a;x=y", " p.q=r", MOXD_AUTHRES_PROPS_MAX + 1)), 0);
    moxd_arena_free(a);
}
END_TEST

static const char *written(const struct moxd_authres *v, size_t n)
{
    struct moxd_buf b = MOXD_BUF_INIT(1 << 20);

    moxd_authres_write(&b, MOXD_STR("mail.example"), v, n);
    const char *text = moxd_arena_cstr(a, moxd_buf_str(&b));
    moxd_buf_fini(&b);
    return text;
}

/* proves: P-AUTHN-12 */
START_TEST(writing)
{
    const struct moxd_authres_prop props[] = {
        { MOXD_STR("smtp"), MOXD_STR("mailfrom"), MOXD_STR("x/y@example.org") },
        { MOXD_STR("smtp"), MOXD_STR("helo"), MOXD_STR("\"a b\"@example.org") },
        { MOXD_STR("header"), MOXD_STR("b"), MOXD_STR("a/b=") },
        { MOXD_STR("policy"), MOXD_STR("x"), MOXD_STR("two words; \"\\\r\nSubject: x") },
    };
    const struct moxd_authres v[] = {
        { .method = MOXD_STR("spf"),
          .result = MOXD_STR("pass"),
          .comment = MOXD_STR("a (b)\r\nc"),
          .reason = MOXD_STR("so \"it\" is"),
          .props = props,
          .nprops = MOXD_NELEMS(props) },
        { .method = MOXD_STR("iprev"), .result = MOXD_STR("fail") },
    };

    a = moxd_arena_new(0);
    ck_assert_str_eq(written(NULL, 0), "Authentication-Results: mail.example; none\r\n");
    ck_assert_str_eq(written(v, 2),
                     "Authentication-Results: mail.example;\r\n"
                     "\tspf=pass (a \\(b\\)  c) reason=\"so \\\"it\\\" is\"\r\n"
                     "\tsmtp.mailfrom=x/y@example.org smtp.helo=\"a b\"@example.org\r\n"
                     "\theader.b=\"a/b=\" policy.x=\"two words; \\\"\\\\  Subject: x\";\r\n"
                     "\tiprev=fail\r\n");
    moxd_arena_free(a);
}
END_TEST

START_TEST(long_values_stay_within_a_line)
{
    a = moxd_arena_new(0);
    struct moxd_str text = moxd_cstr(many("x", "\xc3\xbc", 5000));
    const struct moxd_authres_prop prop = { MOXD_STR("p"), MOXD_STR("q"), text };
    const struct moxd_authres v = { .method = MOXD_STR("x"),
                                    .result = MOXD_STR("y"),
                                    .comment = text,
                                    .reason = text,
                                    .props = &prop,
                                    .nprops = 1 };
    const char *out = written(&v, 1);

    ck_assert(moxd_str_is_utf8(moxd_cstr(out)));
    for (const char *line = out; *line; line = strchr(line, '\n') + 1)
        ck_assert_int_lt(strchr(line, '\n') - line, 998);
    moxd_arena_free(a);
}
END_TEST

UNIT_MAIN("authres", fields_of_the_rfc, properties_without_a_type, what_is_no_field, limits,
          writing, long_values_stay_within_a_line)
