/* proves: SMTPIN-01, SMTPIN-04, SMTPIN-05, LOG-04, LOG-05, P-I18N-01 */
#include "unit.h"

#include "isemail.h"

#include <moxmail/address.h>

static struct moxd_arena *a;

static void setup(void)
{
    a = moxd_arena_new(0);
}

static void teardown(void)
{
    moxd_arena_free(a);
}

/* "localpart|domain" of a mailbox, or its error as "code text". */
static const char *parse(const char *s, unsigned flags)
{
    struct moxd_address ad;
    struct moxd_err err = { 0 };
    if (moxd_address_parse(moxd_cstr(s), flags, a, &ad, &err) < 0)
        return moxd_arena_printf(a, "%d %s", moxd_err_smtp_code(&err), moxd_err_enhanced(&err));
    return moxd_arena_printf(a, "%s|%s", ad.localpart.p, ad.domain.utf8.p);
}

/* What the grammar of RFC 5321 accepts: the categories below, none of the RFC 5322 extras. */
START_TEST(isemail_cases)
{
    static const char *good[] = { "ISEMAIL_VALID_CATEGORY", "ISEMAIL_DNSWARN", "ISEMAIL_RFC5321" };
    FILE *f = isemail_open();
    struct isemail_case c;
    int n = 0;
    for (; isemail_next(f, &c); n++) {
        bool want = false;
        for (size_t i = 0; i < MOXD_NELEMS(good); i++)
            want = want || strcmp(c.category, good[i]) == 0;
        struct moxd_address ad;
        int r = moxd_address_parse(moxd_buf_str(&c.address), MOXD_ADDRESS_PEDANTIC, a, &ad, NULL);
        ck_assert_msg((r == 0) == want, "case %d: \"%s\" %s", c.id, moxd_buf_cstr(&c.address),
                      c.category);
        moxd_buf_fini(&c.address);
    }
    fclose(f);
    ck_assert_int_eq(n, ISEMAIL_CASES);
}
END_TEST

START_TEST(mailboxes)
{
    ck_assert_str_eq(parse("a@Example.ORG", 0), "a|example.org");
    ck_assert_str_eq(parse("\"\"@x.org", 0), "|x.org");
    ck_assert_str_eq(parse("\"a b\\\"c\\\\\"@x.org", 0), "a b\"c\\|x.org");
    ck_assert_str_eq(parse("\"a\"@x.org", 0), "a|x.org");
    ck_assert_str_eq(parse("mox@localhost", 0), "mox|localhost");
    ck_assert_str_eq(parse("a@x.org ", 0), "501 5.1.3");
    ck_assert_str_eq(parse("a@x_y.org", 0), "501 5.1.3");
    ck_assert_str_eq(parse("a@x_y.org", MOXD_ADDRESS_UNDERSCORE), "a|x_y.org");
    ck_assert_str_eq(parse("a@", 0), "501 5.1.3");
    ck_assert_str_eq(parse("a@[", 0), "501 5.1.3");
    struct moxd_address ad;
    ck_assert_int_eq(moxd_address_parse(MOXD_STR("a\0b@x.org"), 0, a, &ad, NULL), -1);
    ck_assert_int_eq(moxd_address_parse(MOXD_STR("a@x\0.org"), 0, a, &ad, NULL), -1);
    ck_assert_int_eq(moxd_address_parse(MOXD_STR("a@\xc3\xbc\0.org"), 1, a, &ad, NULL), -1);
}
END_TEST

START_TEST(localpart_lengths)
{
    static const size_t lengths[] = { 64, 65, 255, 256, 5000 };
    static const bool pedantic[] = { true, false, false, false, false };
    static const bool lenient[] = { true, true, true, false, false };
    for (size_t i = 0; i < MOXD_NELEMS(lengths); i++) {
        struct moxd_buf b = MOXD_BUF_INIT(SIZE_MAX);
        for (size_t n = 0; n < lengths[i]; n++)
            moxd_buf_addc(&b, 'x');
        moxd_buf_adds(&b, "@x.org");
        struct moxd_address ad;
        struct moxd_err err = { 0 };
        int r = moxd_address_parse(moxd_buf_str(&b), MOXD_ADDRESS_PEDANTIC, a, &ad, &err);
        ck_assert_int_eq(r == 0, pedantic[i]);
        r = moxd_address_parse(moxd_buf_str(&b), 0, a, &ad, &err);
        ck_assert_int_eq(r == 0, lenient[i]);
        if (!lenient[i])
            ck_assert_str_eq(err.pub, "localpart of more than 255 octets");
        moxd_buf_fini(&b);
    }
}
END_TEST

START_TEST(utf8_needs_the_flag)
{
    const unsigned utf8 = MOXD_ADDRESS_UTF8;
    ck_assert_str_eq(parse("ü@x.org", 0), "553 5.6.7");
    ck_assert_str_eq(parse("a@bücher.example", 0), "553 5.6.7");
    ck_assert_str_eq(parse("ü@x.org", utf8), "ü|x.org");
    ck_assert_str_eq(parse("\"ü ü\"@x.org", utf8), "ü ü|x.org");
    ck_assert_str_eq(parse("\"\\ü\"@x.org", utf8), "501 5.1.3");
    ck_assert_str_eq(parse("\xc3@x.org", utf8), "501 5.1.3");
    ck_assert_str_eq(parse("\xed\xa0\x80@x.org", utf8), "501 5.1.3");
    /* NFD is kept as NFC. */
    ck_assert_str_eq(parse("u\xcc\x88@x.org", utf8), "ü|x.org");
}
END_TEST

/* "ascii utf8" of a domain, or "-". */
static const char *domain(const char *s, unsigned flags)
{
    struct moxd_domain d;
    if (moxd_domain_parse(moxd_cstr(s), flags, a, &d, NULL) < 0)
        return "-";
    return moxd_arena_printf(a, "%s %s", d.ascii.p, d.utf8.p);
}

START_TEST(idna)
{
    const unsigned utf8 = MOXD_ADDRESS_UTF8;
    const char *buecher = "xn--bcher-kva.example bücher.example";
    ck_assert_str_eq(domain("bücher.example", utf8), buecher);
    ck_assert_str_eq(domain("BÜCHER.Example", utf8), buecher);
    ck_assert_str_eq(domain("bu\xcc\x88"
                            "cher.example",
                            utf8),
                     buecher);
    ck_assert_str_eq(domain("XN--BCHER-KVA.example", 0), buecher);
    ck_assert_str_eq(domain("straße.de", utf8), "xn--strae-oqa.de straße.de");
    ck_assert_str_eq(domain("例え.テスト", utf8), "xn--r8jz45g.xn--zckzah 例え.テスト");
    /* Labels that IDNA2008 does not know stay as they are; their U-labels are refused. */
    ck_assert_str_eq(domain("xn--i-7iq.ws", 0), "xn--i-7iq.ws xn--i-7iq.ws");
    ck_assert_str_eq(domain("xn--a.example", 0), "xn--a.example xn--a.example");
    ck_assert_str_eq(domain("i❤.ws", utf8), "-");
    ck_assert_str_eq(domain("a\xff.example", utf8), "-");
    ck_assert_str_eq(domain("ü_a.example", utf8 | MOXD_ADDRESS_UNDERSCORE), "-");
    ck_assert_str_eq(domain("ü..example", utf8), "-");
}
END_TEST

START_TEST(domain_lengths)
{
    char name[400];
    for (size_t n = 250; n < 260; n++) {
        for (size_t i = 0; i < n; i++)
            name[i] = i % 50 == 49 && i + 1 < n ? '.' : 'a';
        name[n] = '\0';
        ck_assert_msg((strcmp(domain(name, 0), "-") != 0) == (n <= 255), "%zu", n);
    }
    memset(name, 'a', 64);
    name[63] = '\0';
    ck_assert_str_ne(domain(name, 0), "-");
    name[63] = 'a';
    name[64] = '\0';
    ck_assert_str_eq(domain(name, 0), "-");
    /* 50 two-octet letters: too long once it is an A-label. */
    for (int i = 0; i < 60; i++)
        memcpy(name + 2 * i, i % 2 ? "ü" : "я", 3);
    ck_assert_str_eq(domain(name, MOXD_ADDRESS_UTF8), "-");
}
END_TEST

START_TEST(literals)
{
    const unsigned bare = MOXD_ADDRESS_BARE_IPV6;
    ck_assert_str_eq(domain("[192.0.2.1]", 0), "[192.0.2.1] [192.0.2.1]");
    ck_assert_str_eq(domain("[192.000.2.01]", 0), "[192.0.2.1] [192.0.2.1]");
    ck_assert_str_eq(domain("[IPv6:2001:DB8:0::1]", 0), "[IPv6:2001:db8::1] [IPv6:2001:db8::1]");
    ck_assert_str_eq(domain("[ipv6:::ffff:192.0.2.1]", 0),
                     "[IPv6:::ffff:192.0.2.1] [IPv6:::ffff:192.0.2.1]");
    ck_assert_str_eq(domain("[2001:db8::1]", 0), "-");
    ck_assert_str_eq(domain("[2001:db8::1]", bare), "[IPv6:2001:db8::1] [IPv6:2001:db8::1]");
    ck_assert_str_eq(domain("[2001:db8::1%eth0]", bare), "-");
    static const char *bad[] = {
        "[]",      "[192.0.2]",    "[192.0.2.1.1]",          "[192.0.2.256]",
        "[IPv6:]", "[192.0.2.1",   "[ 192.0.2.1]",           "[192.0.2.1]x",
        "[tag:x]", "[0192.0.2.1]", "[IPv6:1:2:3:4:5:6:7::]", "192.0.2.1]",
        "[x]"
    };
    for (size_t i = 0; i < MOXD_NELEMS(bad); i++) {
        ck_assert_str_eq(domain(bad[i], 0), "-");
        ck_assert_str_eq(domain(bad[i], bare), "-");
    }
    struct moxd_domain d;
    ck_assert_int_eq(moxd_domain_parse(MOXD_STR("[192.0.2.7]"), 0, a, &d, NULL), 0);
    ck_assert_uint_eq(d.ip_len, 4);
    ck_assert_uint_eq(d.ip[3], 7);
    ck_assert_int_eq(moxd_domain_parse(MOXD_STR("[IPv6:::1\0]"), 0, a, &d, NULL), -1);
}
END_TEST

/* "localpart|domain|rest" */
static const char *path(const char *s, unsigned flags)
{
    struct moxd_address ad;
    struct moxd_str rest = moxd_cstr(s);
    struct moxd_err err = { 0 };
    if (moxd_path_take(&rest, flags, a, &ad, &err) < 0)
        return moxd_arena_printf(a, "%d", moxd_err_smtp_code(&err));
    ck_assert_int_eq(moxd_address_is_null(&ad), strncmp(s, "<>", 2) == 0);
    return moxd_arena_printf(a, "%s|%s|%s", ad.localpart.p, ad.domain.ascii.p, rest.p);
}

START_TEST(paths)
{
    ck_assert_str_eq(path("<a@x.org> SIZE=1", 0), "a|x.org| SIZE=1");
    ck_assert_str_eq(path("<>", 0), "||");
    ck_assert_str_eq(path("<postMASTER>", 0), "postmaster||");
    ck_assert_str_eq(path("<Postmaster@x.org>", 0), "Postmaster|x.org|");
    ck_assert_str_eq(path("<@r1.org,@[192.0.2.1]:a@x.org>", 0), "a|x.org|");
    ck_assert_str_eq(path("<\"a>b\"@x.org>", 0), "a>b|x.org|");
    static const char *bad[] = { "",          "a@x.org",    "<a@x.org",
                                 "<a>",       "<@r.org>",   "< >",
                                 "<@:a@x>",   "<a@x.org >", "<@r.org,a@x.org>",
                                 "<@r.org:>", "<<a@x>>" };
    for (size_t i = 0; i < MOXD_NELEMS(bad); i++)
        ck_assert_str_eq(path(bad[i], 0), "501");
}
END_TEST

static const char *canonical(const char *localpart, bool case_sensitive, size_t nseparators)
{
    static const char *const separators[] = { "+", "--", "" };
    struct moxd_localpart_rules rules = { separators, nseparators, case_sensitive };
    return moxd_localpart_canonical(moxd_cstr(localpart), &rules, a).p;
}

/* proves: P-CORE-18 */
START_TEST(canonical_localparts)
{
    ck_assert_str_eq(canonical("Joe+Tag", false, 3), "joe");
    ck_assert_str_eq(canonical("Joe+Tag", true, 3), "Joe");
    ck_assert_str_eq(canonical("a--b+c", false, 3), "a");
    ck_assert_str_eq(canonical("a-b+c--d", false, 3), "a-b");
    ck_assert_str_eq(canonical("a+b", false, 0), "a+b");
    ck_assert_str_eq(canonical("ÜBER+ä", false, 1), "über");
    ck_assert_str_eq(canonical("U\xcc\x88", false, 1), "ü");
    ck_assert_str_eq(canonical("ΟΔΟΣ", false, 1), "οδοσ");
    ck_assert_str_eq(canonical("", false, 1), "");
    static const char *const plus[] = { "+" };
    struct moxd_localpart_rules rules = { plus, 1, false };
    ck_assert(moxd_localpart_has_separator(MOXD_STR("a+"), &rules));
    ck_assert(!moxd_localpart_has_separator(MOXD_STR("a"), &rules));
}
END_TEST

static const char *text(const char *localpart)
{
    struct moxd_buf b = MOXD_BUF_INIT(1000);
    moxd_localpart_put(&b, moxd_cstr(localpart));
    struct moxd_str out, back = moxd_arena_str(a, moxd_buf_str(&b));
    moxd_buf_fini(&b);
    ck_assert_int_eq(moxd_localpart_parse(back, MOXD_ADDRESS_UTF8, a, &out, NULL), 0);
    ck_assert(moxd_str_eqs(out, localpart));
    return back.p;
}

START_TEST(quoting_is_minimal)
{
    ck_assert_str_eq(text("a.b"), "a.b");
    ck_assert_str_eq(text(""), "\"\"");
    ck_assert_str_eq(text(".a"), "\".a\"");
    ck_assert_str_eq(text("a."), "\"a.\"");
    ck_assert_str_eq(text("a..b"), "\"a..b\"");
    ck_assert_str_eq(text("a b"), "\"a b\"");
    ck_assert_str_eq(text("a\"\\"), "\"a\\\"\\\\\"");
    ck_assert_str_eq(text("ü.ä"), "ü.ä");
}
END_TEST

static const char *logged(const char *address)
{
    struct moxd_address ad;
    struct moxd_buf b = MOXD_BUF_INIT(1000);
    ck_assert_int_eq(moxd_address_parse(moxd_cstr(address), MOXD_ADDRESS_UTF8, a, &ad, NULL), 0);
    moxd_address_log(&b, &ad);
    const char *out = moxd_arena_strdup(a, moxd_buf_cstr(&b));
    moxd_buf_fini(&b);
    return out;
}

START_TEST(log_form)
{
    ck_assert_str_eq(logged("a@x.org"), "a@x.org");
    ck_assert_str_eq(logged("\"a b\"@x.org"), "\"a b\"@x.org");
    ck_assert_str_eq(logged("ü@bücher.example"),
                     "ü@bücher.example/\"\\u00fc\"@xn--bcher-kva.example");
    ck_assert_str_eq(logged("a@bücher.example"), "a@bücher.example/a@xn--bcher-kva.example");
    ck_assert_str_eq(logged("\"ü \\\"\"@x.org"), "\"ü \\\"\"@x.org/\"\\u00fc \\\"\"@x.org");
    ck_assert_str_eq(logged("📧@x.org"), "📧@x.org/\"\\U0001f4e7\"@x.org");
    struct moxd_buf b = MOXD_BUF_INIT(1000);
    moxd_localpart_log(&b, moxd_cstr("ü"));
    moxd_buf_adds(&b, " ");
    struct moxd_domain d;
    ck_assert_int_eq(moxd_domain_parse(MOXD_STR("xn--bcher-kva.de"), 0, a, &d, NULL), 0);
    moxd_domain_log(&b, &d);
    ck_assert_str_eq(moxd_buf_cstr(&b), "ü/\"\\u00fc\" bücher.de/xn--bcher-kva.de");
    moxd_buf_reset(&b);
    moxd_name_log(&b, MOXD_STR("mjl@x.org \"x"));
    moxd_buf_adds(&b, " ");
    moxd_name_log(&b, moxd_cstr("ü@x.org"));
    moxd_buf_adds(&b, " ");
    moxd_name_log(&b, moxd_cstr("jörg"));
    ck_assert_str_eq(moxd_buf_cstr(&b),
                     "mjl@x.org \"x ü@x.org/\"\\u00fc\"@x.org jörg/\"j\\u00f6rg\"");
    moxd_buf_fini(&b);
}
END_TEST

START_TEST(makes_and_writes)
{
    struct moxd_address ad, same;
    struct moxd_str bs = MOXD_STR("bücher.example");
    ck_assert_int_eq(moxd_address_make(MOXD_STR("a b"), bs, 1, a, &ad, NULL), 0);
    ck_assert_str_eq(moxd_address_text(&ad, true, a).p, "\"a b\"@bücher.example");
    ck_assert_str_eq(moxd_address_text(&ad, false, a).p, "\"a b\"@xn--bcher-kva.example");
    ck_assert(!moxd_address_needs_utf8(&ad));
    struct moxd_str text = moxd_address_text(&ad, false, a);
    ck_assert_int_eq(moxd_address_parse(text, 0, a, &same, NULL), 0);
    ck_assert(moxd_address_eq(&ad, &same));
    ck_assert_int_eq(moxd_address_make(MOXD_STR("a\nb"), bs, 1, a, &ad, NULL), -1);
    char big[300] = { 0 };
    memset(big, ' ', sizeof big);
    ck_assert_int_eq(moxd_address_make(moxd_str(big, sizeof big), bs, 1, a, &ad, NULL), -1);
}
END_TEST

static const char *decode(int (*fn)(struct moxd_buf *, struct moxd_str), const char *s)
{
    struct moxd_buf b = MOXD_BUF_INIT(100);
    const char *out = fn(&b, moxd_cstr(s)) == 0 ? moxd_arena_strdup(a, moxd_buf_cstr(&b)) : "-";
    moxd_buf_fini(&b);
    return out;
}

START_TEST(xtext)
{
    struct moxd_buf b = MOXD_BUF_INIT(100);
    moxd_xtext_put(&b, MOXD_STR("a+b=c \xff"));
    ck_assert_str_eq(moxd_buf_cstr(&b), "a+2Bb+3Dc+20+FF");
    ck_assert_str_eq(decode(moxd_xtext_decode, moxd_buf_cstr(&b)), "a+b=c \xff");
    moxd_buf_fini(&b);
    static const char *bad[] = { "a=b", "a b", "+", "+2", "+2b", "+G0", "\xc3\xbc" };
    for (size_t i = 0; i < MOXD_NELEMS(bad); i++)
        ck_assert_str_eq(decode(moxd_xtext_decode, bad[i]), "-");

    ck_assert_str_eq(decode(moxd_utf8_addr_decode, "\\x{FC}@x\\x{2B}\\x{1F4E7}ü"), "ü@x+📧ü");
    static const char *worse[] = {
        "a+b",     "a=b",         "a b",          "\\",      "\\x{",
        "\\x{}",   "\\x{FC",      "\\x{D800}",    "\\x{0A}", "\\x{7F}",
        "\\x{fc}", "\\x{110000}", "\\x{1234567}", "\xc3",    "\\x{00FC}"
    };
    for (size_t i = 0; i < MOXD_NELEMS(worse); i++)
        ck_assert_str_eq(decode(moxd_utf8_addr_decode, worse[i]), "-");
}
END_TEST

START_TEST(domains_of_directives)
{
    static const char *const good[] = { "example.org",
                                        "b\xc3\xbc"
                                        "cher.example",
                                        "localhost" };
    static const char *const bad[] = { "",     "[192.0.2.1]", "a b",
                                       "a..b", "a_b.example", "a@b.example" };
    struct moxd_err err;

    for (size_t i = 0; i < MOXD_NELEMS(good); i++)
        ck_assert_int_eq(moxd_domain_check(moxd_cstr(good[i]), &err), 0);
    for (size_t i = 0; i < MOXD_NELEMS(bad); i++)
        ck_assert_int_eq(moxd_domain_check(moxd_cstr(bad[i]), &err), -1);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { isemail_cases,
                                   mailboxes,
                                   localpart_lengths,
                                   utf8_needs_the_flag,
                                   idna,
                                   domain_lengths,
                                   literals,
                                   paths,
                                   canonical_localparts,
                                   quoting_is_minimal,
                                   log_form,
                                   makes_and_writes,
                                   xtext,
                                   domains_of_directives };
    Suite *suite = suite_create("address");
    TCase *tcase = tcase_create("address");
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
