/* MTA-STS: records, policies, hosts (RFC 8461). */
#include "unit.h"

#include <moxmail/mtasts.h>
#include <stdio.h>
#include <string.h>

static struct moxd_arena *a;

static const char *id_of(const char *txt)
{
    struct moxd_str id;

    return moxd_mtasts_record_parse(moxd_cstr(txt), &id, NULL) == 0 ? moxd_arena_cstr(a, id) : "-";
}

/* proves in part: MTASTS-01 */
START_TEST(records)
{
    static const char *const wrong[] = { "",
                                         "v=STSv1",
                                         "v=STSv1;",
                                         "v=STSv1; id",
                                         "v=STSv1; id=",
                                         "v=STSv1; id=a-b",
                                         "v=STSv1; id=123456789012345678901234567890123",
                                         "v=STSv1;; id=1",
                                         "v=STSv1; id=1; =2",
                                         "v=STSv1; id=1; x y=2",
                                         "v=STSv1; id =1",
                                         "V=STSv1; id=1",
                                         "v=stsv1; id=1",
                                         " v=STSv1; id=1",
                                         "id=1; v=STSv1;",
                                         "v=STSv1; x=1;" };

    a = moxd_arena_new(0);
    for (size_t i = 0; i < MOXD_NELEMS(wrong); i++)
        ck_assert_msg(strcmp(id_of(wrong[i]), "-") == 0, "%s", wrong[i]);
    ck_assert_str_eq(id_of("v=STSv1; id=20160831085700Z;"), "20160831085700Z");
    ck_assert_str_eq(id_of("v=STSv1;id=1"), "1");
    ck_assert_str_eq(id_of("v=STSv1 \t; x.y-z_=a:b!c ;\tid=2; id=3 ; "), "2");
    ck_assert(moxd_mtasts_is_record(MOXD_STR("v=STSv1;")));
    ck_assert(!moxd_mtasts_is_record(MOXD_STR("v=STSv10; id=1")));
    moxd_arena_free(a);
}
END_TEST

static int parse(const char *file, struct moxd_mtasts_policy *p)
{
    return moxd_mtasts_policy_parse(moxd_cstr(file), a, p, NULL);
}

/* proves in part: MTASTS-01 */
START_TEST(policies)
{
    static const char *const wrong[] = {
        "",
        "version: STSv1\nmode: enforce\nmax_age: 1\n",
        "version: STSv1\nmode: enforce\nmx: a.example\n",
        "version: STSv1\nmax_age: 1\nmx: a.example\n",
        "mode: enforce\nmax_age: 1\nmx: a.example\n",
        "version: STSv2\nmode: enforce\nmax_age: 1\nmx: a.example\n",
        "version: STSv1\nmode: Enforce\nmax_age: 1\nmx: a.example\n",
        "version: STSv1\nmode: enforce\nmax_age: -1\nmx: a.example\n",
        "version: STSv1\nmode: enforce\nmax_age: 12345678901\nmx: a.example\n",
        "version: STSv1\nmode: enforce\nmax_age: 1\nmx: a.example b.example\n",
        "version: STSv1\nmode: enforce\nmax_age: 1\nmx: *a.example\n",
        "version: STSv1\nmode: enforce\nmax_age: 1\nmx: *.*.example\n",
        "version: STSv1\nmode: enforce\nmax_age: 1\nmx: [192.0.2.1]\n",
        "version: STSv1\nmode: enforce\nmax_age: 1\nmx: a.example\n\nx: y\n",
        "version: STSv1\nmode: enforce\nmax_age: 1\nmx: a.example\nno colon\n",
        "version: STSv1\nmode: enforce\nmax_age: 1\nmx: a.example\nx: \001\n",
        "version: STSv1\rmode: enforce\rmax_age: 1\rmx: a.example\r",
        "<html>not found</html>",
    };
    struct moxd_mtasts_policy p;

    a = moxd_arena_new(0);
    for (size_t i = 0; i < MOXD_NELEMS(wrong); i++)
        ck_assert_msg(parse(wrong[i], &p) < 0, "%s", wrong[i]);
    ck_assert_int_eq(parse("version: STSv1\r\nmode: enforce\r\nmx: Mail.example.com \r\n"
                           "mx: *.example.net\r\nmode: none\r\nother: \xc3\xbc x\r\n"
                           "max_age:\t604800\r\n\r\n",
                           &p),
                     0);
    ck_assert_int_eq(p.mode, MOXD_MTASTS_ENFORCE);
    ck_assert_uint_eq(p.max_age, 604800);
    ck_assert_uint_eq(p.nmx, 2);
    ck_assert_str_eq(p.mx[0], "mail.example.com");
    ck_assert_ptr_null(p.mx[2]);
    ck_assert_int_eq(parse("version:STSv1\nmode:none\nmax_age:9999999999", &p), 0);
    ck_assert_int_eq(p.mode, MOXD_MTASTS_NONE);
    ck_assert_uint_eq(p.max_age, MOXD_MTASTS_AGE_MAX);
    moxd_arena_free(a);
}
END_TEST

START_TEST(limits)
{
    struct moxd_buf b = MOXD_BUF_INIT(1 << 20);
    struct moxd_err err = { 0 };
    struct moxd_mtasts_policy p;

    a = moxd_arena_new(0);
    moxd_buf_adds(&b, "version: STSv1\nmode: testing\nmax_age: 1\n");
    for (int i = 0; i <= MOXD_MTASTS_MX_MAX; i++)
        moxd_buf_adds(&b, "mx: a.example\n");
    ck_assert_int_lt(moxd_mtasts_policy_parse(moxd_buf_str(&b), a, &p, &err), 0);
    ck_assert_int_eq(err.kind, MOXD_ERR_LIMIT);
    while (b.n <= MOXD_MTASTS_POLICY_MAX)
        moxd_buf_adds(&b, "x: y\n");
    ck_assert_int_lt(moxd_mtasts_policy_parse(moxd_buf_str(&b), a, &p, &err), 0);
    ck_assert_int_eq(err.kind, MOXD_ERR_LIMIT);
    moxd_buf_fini(&b);
    moxd_arena_free(a);
}
END_TEST

static bool match(const char *pattern, const char *host)
{
    const char *mx[] = { pattern, NULL };
    struct moxd_mtasts_policy p = { .mx = mx, .nmx = 1 };

    return moxd_mtasts_match(&p, moxd_cstr(host));
}

/* RFC 8461 4.1.
 * proves in part: MTASTS-01 */
START_TEST(hosts)
{
    ck_assert(match("mail.example.com", "mail.example.com"));
    ck_assert(match("mail.example.com", "MAIL.example.com."));
    ck_assert(!match("mail.example.com", "a.mail.example.com"));
    ck_assert(!match("mail.example.com", "xmail.example.com"));
    ck_assert(match("*.example.com", "mail.example.com"));
    ck_assert(!match("*.example.com", "example.com"));
    ck_assert(!match("*.example.com", "foo.bar.example.com"));
    ck_assert(!match("*.example.com", ".example.com"));
    ck_assert(!match("*.example.com", ""));
}
END_TEST

START_TEST(lines_and_file)
{
    static const char file[] =
        "version: STSv1\r\nmode: testing\r\nmx: a.example\r\nmx: *.b.example\r\nmax_age: 7\r\n";
    struct moxd_buf b = MOXD_BUF_INIT(1000);
    struct moxd_mtasts_policy p;

    a = moxd_arena_new(0);
    ck_assert_int_eq(parse(file, &p), 0);
    moxd_mtasts_policy_write(&b, &p);
    ck_assert_str_eq(moxd_buf_cstr(&b), file);
    const char *const *lines = moxd_mtasts_policy_lines(&p, a);
    ck_assert_str_eq(lines[0], "version: STSv1");
    ck_assert_str_eq(lines[3], "mx: *.b.example");
    ck_assert_str_eq(lines[4], "max_age: 7");
    ck_assert_ptr_null(lines[5]);
    moxd_buf_fini(&b);
    moxd_arena_free(a);
}
END_TEST

UNIT_MAIN("mtasts", records, policies, limits, hosts, lines_and_file)
