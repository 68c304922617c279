#include "unit.h"

#include "isemail.h"

#include <moxmail/address.h>
#include <moxmail/header_address.h>

static void put(struct moxd_buf *b, const struct moxd_hdraddr *ha)
{
    if (ha->kind == MOXD_HDRADDR_GROUP) {
        moxd_buf_addf(b, "{%" MOXD_STRF, MOXD_STRA(ha->name));
    } else if (ha->kind == MOXD_HDRADDR_GROUP_END) {
        moxd_buf_addc(b, '}');
    } else {
        if (ha->name.p != NULL)
            moxd_buf_addf(b, "(%" MOXD_STRF ")", MOXD_STRA(ha->name));
        moxd_buf_addf(b, "%" MOXD_STRF "%" MOXD_STRF "|%" MOXD_STRF, MOXD_STRA(ha->route),
                      MOXD_STRA(ha->localpart), MOXD_STRA(ha->domain));
    }
    moxd_buf_adds(b, ha->bad ? "! " : " ");
}

/* "(name)route localpart|domain" for each mailbox, "{name" and "}" around groups, "!" behind what is
 * bad. */
static const char *list_str(struct moxd_str value)
{
    static char out[4096];
    struct moxd_buf b = MOXD_BUF_INIT(sizeof out - 1);
    struct moxd_hdraddr_iter it;
    struct moxd_hdraddr ha;
    moxd_hdraddr_init(&it, value);
    while (moxd_hdraddr_next(&it, &ha))
        put(&b, &ha);
    moxd_hdraddr_fini(&it);
    ck_assert_int_eq(moxd_str_copy(moxd_str_trim(moxd_buf_str(&b)), out, sizeof out), 0);
    moxd_buf_fini(&b);
    return out;
}

static const char *list(const char *value)
{
    return list_str(moxd_cstr(value));
}

/* Whatever the old and new grammars allow is one address and not bad. */
START_TEST(isemail_cases)
{
    static const char *good[] = { "ISEMAIL_VALID_CATEGORY", "ISEMAIL_DNSWARN", "ISEMAIL_RFC5321",
                                  "ISEMAIL_CFWS",           "ISEMAIL_DEPREC",  "ISEMAIL_RFC5322" };
    FILE *f = isemail_open();
    struct isemail_case c;
    int n = 0;
    for (; isemail_next(f, &c); n++) {
        bool want = false;
        for (size_t i = 0; i < MOXD_NELEMS(good); i++)
            want = want || strcmp(c.category, good[i]) == 0;
        struct moxd_hdraddr_iter it;
        struct moxd_hdraddr ha = { .bad = true };
        moxd_hdraddr_init(&it, moxd_buf_str(&c.address));
        bool one = moxd_hdraddr_next(&it, &ha);
        bool ok = one && !ha.bad && ha.kind == MOXD_HDRADDR_MAILBOX && ha.domain.n > 0;
        ok = ok && !moxd_hdraddr_next(&it, &ha);
        ck_assert_msg(ok || !want, "case %d: \"%s\" gives %s", c.id, moxd_buf_cstr(&c.address),
                      list_str(moxd_buf_str(&c.address)));
        moxd_hdraddr_fini(&it);
        moxd_buf_fini(&c.address);
    }
    fclose(f);
    ck_assert_int_eq(n, ISEMAIL_CASES);
}
END_TEST

/* RFC 5322 A.1 and A.6.1. */
START_TEST(examples_of_rfc5322)
{
    ck_assert_str_eq(list("John Doe <jdoe@machine.example>"), "(John Doe)jdoe|machine.example");
    ck_assert_str_eq(list("\"Joe Q. Public\" <john.q.public@example.com>"),
                     "(Joe Q. Public)john.q.public|example.com");
    ck_assert_str_eq(list("Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>"),
                     "(Mary Smith)mary|x.test jdoe|example.org (Who?)one|y.test");
    ck_assert_str_eq(list("<boss@nil.test>, \"Giant; \\\"Big\\\" Box\" <sysservices@example.net>"),
                     "boss|nil.test (Giant; \"Big\" Box)sysservices|example.net");
    ck_assert_str_eq(list("A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;"),
                     "{A Group (Ed Jones)c|a.test joe|where.test (John)jdoe|one.test }");
    ck_assert_str_eq(list("Undisclosed recipients:;"), "{Undisclosed recipients }");
    ck_assert_str_eq(list("Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>"),
                     "(Pete)pete|silly.test");
    ck_assert_str_eq(
        list("A Group(Some people)\r\n     :Chris Jones <c@(Chris's host.)public.example>,"
             "\r\n joe@example.org,\r\n  John <jdoe@one.test> (my dear friend); (end)"),
        "{A Group (Chris Jones)c|public.example joe|example.org (John)jdoe|one.test }");
    ck_assert_str_eq(list("(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;"),
                     "{Hidden recipients }");
    ck_assert_str_eq(list("Joe Q. Public <john.q.public@example.com>"),
                     "(Joe Q. Public)john.q.public|example.com");
    ck_assert_str_eq(list("Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example"),
                     "(Mary Smith)@node.testmary|example.net jdoe|test.example");
}
END_TEST

START_TEST(words_and_names)
{
    ck_assert_str_eq(list("a@x.org (Full (nested) Name)"), "(Full (nested) Name)a|x.org");
    ck_assert_str_eq(list("a@x.org (first) (last)"), "(last)a|x.org");
    ck_assert_str_eq(list("<a@x.org> (Name)"), "(Name)a|x.org");
    ck_assert_str_eq(list("N <a@x.org> (Name)"), "(N)a|x.org");
    ck_assert_str_eq(list("=?utf-8?q?a=2C_b?=  =?utf-8?q?c?= <a@x.org>"),
                     "(=?utf-8?q?a=2C_b?= =?utf-8?q?c?=)a|x.org");
    ck_assert_str_eq(list("=?utf-8?q?Doe,_J@ne?= <a@x.org>"), "(=?utf-8?q?Doe,_J@ne?=)a|x.org");
    ck_assert_str_eq(list("=?utf-8?q?Doe, a@x.org"), "=?utf-8?q?Doe|! a|x.org");
    ck_assert_str_eq(list("\"\" <a@x.org>"), "a|x.org");
    ck_assert_str_eq(list("\"a b\"@x.org"), "a b|x.org");
    ck_assert_str_eq(list("\"\"@x.org"), "|x.org");
    ck_assert_str_eq(list("\"a\" . b . \"c d\" @ x . org"), "a.b.c d|x.org");
    ck_assert_str_eq(list("a@[192. 0.2.1]"), "a|[192.0.2.1]");
    ck_assert_str_eq(list("\"Fo\r\n ld\" <a@x.org>"), "(Fo ld)a|x.org");
    ck_assert_str_eq(list("Jör\xff <ü@x.org>"), "(Jör\xff)ü|x.org");
    ck_assert_str_eq(list("<@a.org, @[192.0.2.1] : b@x.org>"), "@a.org,@[192.0.2.1]b|x.org");
    ck_assert_str_eq(list("<>"), "|");
    ck_assert_str_eq(list(""), "");
    ck_assert_str_eq(list(" (only) , (comments)"), "");
    ck_assert_str_eq(list("G1: a@x.org;, G2:;, b@x.org"), "{G1 a|x.org } {G2 } b|x.org");
}
END_TEST

START_TEST(malformed)
{
    ck_assert_str_eq(list("root"), "root|!");
    ck_assert_str_eq(list("John Doe"), "(John Doe)|!");
    ck_assert_str_eq(list("John Doe <>"), "(John Doe)|");
    ck_assert_str_eq(list("John Doe <root>"), "(John Doe)root|");
    ck_assert_str_eq(list("Joe joe@x.org"), "(Joe)joe|x.org!");
    ck_assert_str_eq(list("joe@x.org Joe"), "joe|x.org!");
    ck_assert_str_eq(list("joe@x.org <joe@y.org>"), "(joe@x.org)joe|y.org");
    ck_assert_str_eq(list("a@b@x.org"), "a|b@x.org!");
    ck_assert_str_eq(list("a@x.org; b@x.org"), "a|x.org! b|x.org");
    ck_assert_str_eq(list("<a@x.org"), "a|x.org!");
    ck_assert_str_eq(list("<a@x.org, b@x.org"), "a|x.org! b|x.org");
    ck_assert_str_eq(list("<<a@x.org>>"), "a|x.org!");
    ck_assert_str_eq(list("<a@x.org> <b@x.org>"), "a|x.org! b|x.org");
    ck_assert_str_eq(list("\"A <a@x.org>"), "A <a@x.org>|!");
    ck_assert_str_eq(list("(A <a@x.org>"), "");
    ck_assert_str_eq(list("G: a@x.org"), "{G a|x.org }!");
    ck_assert_str_eq(list("G: H: a@x.org;, b@x.org"), "{G (H:)a|x.org! } b|x.org");
    ck_assert_str_eq(list("G: <a@x.org; b@x.org"), "{G a|x.org! } b|x.org");
    ck_assert_str_eq(list(": a@x.org"), "(:)a|x.org!");
    ck_assert_str_eq(list("<@x.org>"), "|x.org!");
    ck_assert_str_eq(list("@x.org"), "|x.org!");
    ck_assert_str_eq(list("a@"), "a|!");
    ck_assert_str_eq(list("a@[x"), "a|[x]!");
    ck_assert_str_eq(list("a@[x]y"), "a|[x]y!");
    ck_assert_str_eq(list("\\"), "\\|!");
    ck_assert_str_eq(list(">,)"), ">|! )|!");
    ck_assert_str_eq(list("a\"b\"@x.org"), "ab|x.org!");
    ck_assert_str_eq(list("\"a\\"), "a\\|!");
}
END_TEST

static size_t count(struct moxd_str value)
{
    struct moxd_hdraddr_iter it;
    struct moxd_hdraddr ha;
    size_t n = 0;
    moxd_hdraddr_init(&it, value);
    while (moxd_hdraddr_next(&it, &ha))
        n++;
    moxd_hdraddr_fini(&it);
    return n;
}

/* Half a million addresses, and the same amount of what could make a parser look back. */
START_TEST(endless_fields)
{
    static const struct {
        const char *part;
        size_t times, want;
    } cases[] = {
        { "a@x.org,", 500000, 500000 },
        { "A b <a@x.org>,\r\n ", 500000, 500000 },
        { "G:a@x.org;,", 500000, 1500000 },
        { "(", 4000000, 0 },
        { "\"", 3999999, 1 },
        { "=?a?q?", 600000, 1 },
        { "=?", 2000000, 1 },
        { "<", 4000000, 1 },
        { "a ", 2000000, 1 },
        { "a.", 2000000, 1 },
        { "@", 4000000, 1 },
        { "[", 4000000, 1 },
        { ",", 4000000, 0 },
        { "<@a,", 1000000, 1 },
        { "a:", 2000000, 3 },
        { "=?,", 1000000, 1000000 },
    };
    for (size_t i = 0; i < MOXD_NELEMS(cases); i++) {
        size_t n = strlen(cases[i].part) * cases[i].times;
        char *p = moxd_xmalloc(n);
        for (size_t at = 0; at < n; at += strlen(cases[i].part))
            memcpy(p + at, cases[i].part, strlen(cases[i].part));
        ck_assert_msg(count(moxd_str(p, n)) == cases[i].want, "\"%s\": %zu", cases[i].part,
                      count(moxd_str(p, n)));
        free(p);
    }
}
END_TEST

UNIT_MAIN("header_address", isemail_cases, examples_of_rfc5322, words_and_names, malformed,
          endless_fields)
