/* Rulesets without a server: regular expressions within bounds, which conditions hold.
 *
 * proves in part: RULES-01, P-ANALYZE-08 */
#include "unit.h"

#include "rulesets.h"

#include <moxd/clock.h>
#include <stdio.h>

static int match(const char *pattern, const char *text)
{
    struct rulesets_regex *re = rulesets_regex_new(moxd_cstr(pattern), NULL);

    ck_assert_msg(re != NULL, "%s", pattern);
    int rc = rulesets_regex_match(re, moxd_cstr(text));
    rulesets_regex_free(re);
    return rc;
}

START_TEST(expressions)
{
    struct moxd_str bytes = moxd_str("a\0b\xff", 4);
    struct rulesets_regex *re = rulesets_regex_new(MOXD_STR("^a.b.?$"), NULL);

    ck_assert_int_eq(match("b", "abc"), 1);
    ck_assert_int_eq(match("^b", "abc"), 0);
    ck_assert_int_eq(match("LIST", "a list"), 1);
    ck_assert_int_eq(match("^GR\xc3\x9c", "gr\xc3\xbc\xc3\x9f"), 1);
    ck_assert_int_eq(match("", ""), 1);
    ck_assert_int_ge(rulesets_regex_match(re, bytes), 0);
    rulesets_regex_free(re);
}
END_TEST

/* What takes forever elsewhere ends here, whatever it goes back to. */
START_TEST(expressions_are_bounded)
{
    static const char *const slow[] = { "^(a+)+$", "^(a|aa)+$", "(.*)*x\\1y", "^(?:a?){60}a{60}$" };
    char text[201];

    memset(text, 'a', sizeof(text) - 2);
    memcpy(text + sizeof(text) - 2, "!", 2);
    for (size_t i = 0; i < MOXD_NELEMS(slow); i++)
        ck_assert_msg(match(slow[i], text) <= 0, "%s", slow[i]);
    ck_assert_int_eq(match(slow[0], text), -1);
}
END_TEST

START_TEST(mistakes)
{
    static const char *const bad[] = { "(", "[a", "a{2,1}", "*", "\\", "\\C", "(?<n>a)(?<n>b)" };
    struct moxd_buf b = MOXD_BUF_INIT(0);
    struct moxd_err err = { 0 };

    for (size_t i = 0; i < MOXD_NELEMS(bad); i++)
        ck_assert_msg(!rulesets_regex_new(moxd_cstr(bad[i]), NULL), "%s", bad[i]);
    ck_assert_ptr_null(rulesets_regex_new(MOXD_STR("ab(c"), &err));
    ck_assert_ptr_nonnull(strstr(err.pub, "at character 5"));
    for (int i = 0; i < RULESETS_NESTING_MAX + 1; i++)
        moxd_buf_addc(&b, '(');
    for (int i = 0; i < RULESETS_NESTING_MAX + 1; i++)
        moxd_buf_addc(&b, ')');
    ck_assert_ptr_null(rulesets_regex_new(moxd_buf_str(&b), NULL));
    moxd_buf_reset(&b);
    for (int i = 0; i < RULESETS_PATTERN_MAX + 1; i++)
        moxd_buf_addc(&b, 'a');
    ck_assert_ptr_null(rulesets_regex_new(moxd_buf_str(&b), NULL));
    moxd_buf_fini(&b);
}
END_TEST

START_TEST(verified_domains)
{
    struct rulesets_facts f = { .domains = { MOXD_STR("lists.example.org"),
                                             MOXD_STR("xn--bcher-kva.example") },
                                .ndomains = 2 };

    ck_assert(rulesets_verified(&f, "example.org"));
    ck_assert(rulesets_verified(&f, "Lists.Example.org"));
    ck_assert(rulesets_verified(&f, "b\xc3\xbc"
                                    "cher.example"));
    ck_assert(!rulesets_verified(&f, "a.lists.example.org"));
    ck_assert(!rulesets_verified(&f, "ample.org"));
    ck_assert(!rulesets_verified(&f, "org.example"));
    ck_assert(!rulesets_verified(&f, NULL));
}
END_TEST

/* All conditions of one, the first of several. */
START_TEST(the_first_that_matches)
{
    struct rulesets_header_conf id = { .head.label = "^list-id$", .value = "^<x>$" };
    struct rulesets_header_conf slow = { .head.label = "^list-id$", .value = "^(a+)+$" };
    void *ids[] = { &id }, *slows[] = { &slow };
    struct rulesets_ruleset_conf a = { .mail_from = "^a@", .headers = { ids, 1 } };
    struct rulesets_ruleset_conf b = { .msg_from = "b@b" };
    struct rulesets_ruleset_conf c = { .headers = { slows, 1 } };
    struct rulesets_ruleset_conf d = { .mail_from = "^$" };
    void *all[] = { &c, &a, &b, &d };
    struct rulesets_conf conf = { .rulesets = { all, 4 } };
    struct rulesets_facts f = { .mail_from = MOXD_STR("a@a"),
                                .header = MOXD_STR("LIST-ID: y\r\nList-Id:\r\n <x> \r\n\r\n") };
    int slow_one;

    ck_assert_int_eq(rulesets_find(&conf, &f, &slow_one), 1);
    ck_assert_int_eq(slow_one, -1);
    f.header = MOXD_STR("List-Id: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\r\n\r\n");
    ck_assert_int_eq(rulesets_find(&conf, &f, &slow_one), -1);
    ck_assert_int_eq(slow_one, 0);
    f.msg_from = MOXD_STR("b@b");
    ck_assert_int_eq(rulesets_find(&conf, &f, &slow_one), 2);
    f.msg_from = f.mail_from = MOXD_STR("");
    ck_assert_int_eq(rulesets_find(&conf, &f, &slow_one), 3);
}
END_TEST

UNIT_MAIN("rulesets", expressions, expressions_are_bounded, mistakes, verified_domains,
          the_first_that_matches)
