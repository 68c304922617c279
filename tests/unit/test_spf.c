/* SPF: the suite of RFC 7208, and what is not in it. */
#include "unit.h"

#include "spf_zone.h"

enum { CASES = 203, LINE_MAX_BYTES = 4096 };

static struct zone *zone;
static struct moxd_spf_args args;
static struct moxd_spf_outcome out;

static void zone_begin(void)
{
    zone = moxd_xcalloc(1, sizeof(*zone));
    zone->a = moxd_arena_new(0);
}

static void zone_end(void)
{
    moxd_arena_free(zone->a);
    free(zone);
}

static void set_client(const char *ip)
{
    unsigned char bytes[16];
    bool six = strchr(ip, ':') != NULL;

    ck_assert_int_eq(inet_pton(six ? AF_INET6 : AF_INET, ip, bytes), 1);
    moxd_spf_ip(&args, bytes, six ? 16 : 4);
}

static void check(const char *ip, const char *helo, const char *mailfrom)
{
    const struct moxd_spf_resolver r = { zone_lookup, zone };
    struct moxd_str from = moxd_cstr(mailfrom);
    ptrdiff_t at = moxd_str_rchr(from, '@');

    args = (struct moxd_spf_args){ .helo = moxd_cstr(helo),
                                   .receiver = "mx.receiver.example",
                                   .now = 1234567890 };
    set_client(ip);
    args.domain = from.n > 0 ? moxd_str_from(from, (size_t)(at + 1)) : args.helo;
    args.localpart = moxd_str_sub(from, 0, at < 0 ? 0 : (size_t)at);
    zone->nlookups = 0;
    moxd_spf_check(&args, &r, zone->a, &out);
    ck_assert_uint_le(zone->nlookups, 12 * (MOXD_SPF_NAMES_MAX + 1) + 3);
}

/* ---- the suite */

static bool allows(struct moxd_str results, const char *result)
{
    while (results.n > 0)
        if (moxd_str_eqs(moxd_str_cut(&results, ','), result))
            return true;
    return false;
}

static int run_case(char *line)
{
    struct moxd_str f[5], rest = moxd_cstr(line);
    const char *result;

    for (size_t i = 0; i < MOXD_NELEMS(f); i++)
        f[i] = zone_unescape(moxd_arena_cstr(zone->a, moxd_str_cut(&rest, '\t')));
    check(f[1].p, f[2].p, moxd_arena_cstr(zone->a, f[3]));
    result = moxd_spf_result_name(out.result);
    if (!allows(f[4], result)) {
        printf("%s: %s instead of %s (%s)\n", f[0].p, result, f[4].p,
               out.problem ? out.problem : "");
        return 1;
    }
    if (!moxd_str_eqs(rest, "-")) {
        struct moxd_str want = moxd_str_eqs(rest, "DEFAULT") ? MOXD_STR("") : rest;
        if (!moxd_str_eq(out.explanation, want)) {
            printf("%s: explanation \"%s\"\n", f[0].p, out.explanation.p);
            return 1;
        }
    }
    return 0;
}

/* proves: P-AUTHN-03 */
START_TEST(suite_of_rfc7208)
{
    char line[LINE_MAX_BYTES];
    const char *dir = getenv("MOXD_SRCDIR");
    int n = 0, failed = 0;

    zone_begin();
    snprintf(line, sizeof(line), "%s/tests/data/spf/rfc7208.txt", dir ? dir : ".");
    FILE *f = fopen(line, "r");
    ck_assert_msg(f != NULL, "%s", line);
    while (fgets(line, sizeof(line), f)) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "suite\t", 6) == 0)
            zone->n = 0;
        else if (strncmp(line, "zone\t", 5) == 0)
            zone_add(zone, line + 5);
        else if (strncmp(line, "test\t", 5) == 0)
            n++, failed += run_case(line + 5);
    }
    fclose(f);
    ck_assert_int_eq(n, CASES);
    ck_assert_int_eq(failed, 0);
    zone_end();
}
END_TEST

/* ---- beyond the suite */

static void zone_lines(const char *const *lines, size_t n)
{
    zone_begin();
    for (size_t i = 0; i < n; i++)
        zone_add(zone, lines[i]);
}

static void expect(const char *ip, const char *mailfrom, enum moxd_spf_result want)
{
    check(ip, "helo.example.org", mailfrom);
    ck_assert_msg(out.result == want, "%s, %s: %s (%s)", ip, mailfrom,
                  moxd_spf_result_name(out.result), out.problem ? out.problem : "");
}

START_TEST(clients_and_identities)
{
    static const char *const lines[] = {
        "a.example\tTXT\tv=spf1 ip4:192.0.2.0/25 ip6:2001:db8::/33 -all",
        "eai.example\tTXT\tv=spf1 exists:%{l}.u.example a:%{d}.v.example exp=x.example -all",
        "x.example\tTXT\tno %{s}",
        "eai.example.v.example\tA\t192.0.2.200",
        "helo.example.org\tTXT\tv=spf1 ip4:192.0.2.9 ?all",
        "single\tTXT\tv=spf1 +all",
    };

    zone_lines(lines, MOXD_NELEMS(lines));
    expect("192.0.2.127", "x@a.example", MOXD_SPF_PASS);
    ck_assert(moxd_str_eqs(out.mechanism, "ip4:192.0.2.0/25"));
    expect("192.0.2.128", "x@A.Example.", MOXD_SPF_FAIL);
    expect("::ffff:192.0.2.1", "x@a.example", MOXD_SPF_PASS);
    expect("2001:db8:7fff::1", "x@a.example", MOXD_SPF_PASS);
    expect("2001:db8:8000::1", "x@a.example", MOXD_SPF_FAIL);
    expect("192.0.2.9", "", MOXD_SPF_PASS);
    expect("192.0.2.8", "", MOXD_SPF_NEUTRAL);
    expect("192.0.2.1", "x@single", MOXD_SPF_NONE);
    args.local_names = true;
    moxd_spf_check(&args, &(struct moxd_spf_resolver){ zone_lookup, zone }, zone->a, &out);
    ck_assert_int_eq(out.result, MOXD_SPF_PASS);
    expect("192.0.2.1", "x@[192.0.2.1]", MOXD_SPF_NONE);
    expect("192.0.2.1", "x@nowhere.example", MOXD_SPF_NONE);
    /* RFC 8616 4: the term with %{l} does not match, the others go on; no explanation in UTF-8 */
    expect("192.0.2.200", "\xc3\xbc@eai.example", MOXD_SPF_PASS);
    expect("192.0.2.201", "\xc3\xbc@eai.example", MOXD_SPF_FAIL);
    ck_assert_uint_eq(out.explanation.n, 0);
    expect("192.0.2.201", "u@eai.example", MOXD_SPF_FAIL);
    ck_assert(moxd_str_eqs(out.explanation, "no u@eai.example"));
    zone_end();
}
END_TEST

/* What never ends, and what is too much, ends. */
START_TEST(loops_and_limits)
{
    static const char *const lines[] = {
        "loop.example\tTXT\tv=spf1 include:loop.example -all",
        "ring1.example\tTXT\tv=spf1 redirect=ring2.example",
        "ring2.example\tTXT\tv=spf1 redirect=ring1.example",
        "cname.example\tTXT\tv=spf1 a:cname2.example -all",
        "cname2.example\tCNAME\tcname3.example",
        "cname3.example\tCNAME\tcname2.example",
        "temp.example\tTXT\tv=spf1 include:gone.example -all",
        "gone.example\tTIMEOUT",
        "long.example\tTXT\tv=spf1 a:%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}.example -all",
        "digits.example\tTXT\tv=spf1 a:%{d99999999999999999999999r}.example -all",
        "zero.example\tTXT\tv=spf1 a:%{d0}.example -all",
    };
    char local[1001];

    zone_lines(lines, MOXD_NELEMS(lines));
    expect("192.0.2.1", "x@loop.example", MOXD_SPF_PERMERROR);
    ck_assert_uint_le(zone->nlookups, MOXD_SPF_LOOKUPS_MAX + 1);
    expect("192.0.2.1", "x@ring1.example", MOXD_SPF_PERMERROR);
    expect("192.0.2.1", "x@cname.example", MOXD_SPF_TEMPERROR);
    expect("192.0.2.1", "x@temp.example", MOXD_SPF_TEMPERROR);
    ck_assert_ptr_nonnull(strstr(out.problem, "gone.example"));
    memset(local, 'x', sizeof(local) - 1);
    local[sizeof(local) - 1] = '\0';
    expect("192.0.2.1", moxd_arena_printf(zone->a, "%s@long.example", local), MOXD_SPF_PERMERROR);
    expect("192.0.2.1", "x@digits.example", MOXD_SPF_FAIL);
    expect("192.0.2.1", "x@zero.example", MOXD_SPF_PERMERROR);
    zone_end();
}
END_TEST

static int parse(struct moxd_arena *a, const char *text, struct moxd_spf_record *r)
{
    return moxd_spf_record_parse(moxd_cstr(text), a, r, NULL);
}

START_TEST(records)
{
    static const char *const bad[] = { "v=spf1 a:b",
                                       "v=spf1 all:x.y",
                                       "v=spf1 -",
                                       "v=spf1 ip4:1.2.3.4/33",
                                       "v=spf1 ip4:1.2.3.04",
                                       "v=spf1 ip6:::1/129",
                                       "v=spf1 a/33",
                                       "v=spf1 a//129",
                                       "v=spf1 a/00",
                                       "v=spf1 mx/",
                                       "v=spf1 ptr/24",
                                       "v=spf1 +redirect=a.example",
                                       "v=spf1 exp=a.example exp=b.example",
                                       "v=spf1 1x=y",
                                       "v=spf1\tall",
                                       "v=spf10 all",
                                       "v=spf1 a:%{d",
                                       "v=spf1 a:%{c}",
                                       "v=spf1 x=%",
                                       "v=spf1 a:x.123",
                                       "v=spf1 a:x.-a",
                                       "v=spf1 include" };
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_spf_record r;
    char *huge = moxd_arena_alloc(a, MOXD_SPF_RECORD_MAX + 2);

    for (size_t i = 0; i < MOXD_NELEMS(bad); i++)
        ck_assert_msg(parse(a, bad[i], &r) < 0, "%s", bad[i]);
    ck_assert_int_eq(parse(a, "v=spf1", &r), 0);
    ck_assert_int_eq(
        parse(a,
              "V=SPF1  a/24//64 ~MX:x.1-2.example. ?ip6:2001:db8::/32  exists:%{l1r-+}%_%%%{d} "
              "redirect=x.example foo=%{i}/a:b Exp=%{d} ",
              &r),
        0);
    ck_assert_uint_eq(r.nterms, 4);
    ck_assert_uint_eq(r.terms[0].prefix4, 24);
    ck_assert_uint_eq(r.terms[0].prefix6, 64);
    ck_assert_int_eq(r.terms[1].mechanism, MOXD_SPF_MX);
    ck_assert_int_eq(r.terms[1].result, MOXD_SPF_SOFTFAIL);
    ck_assert(moxd_str_eqs(r.terms[1].domain, "x.1-2.example."));
    ck_assert_uint_eq(r.terms[2].prefix6, 32);
    ck_assert(moxd_str_eqs(r.redirect, "x.example") && moxd_str_eqs(r.exp, "%{d}"));
    ck_assert_uint_eq(r.nothers, 1);
    memset(huge, ' ', MOXD_SPF_RECORD_MAX + 1);
    memcpy(huge, "v=spf1", 6);
    ck_assert_int_lt(parse(a, huge, &r), 0);
    moxd_arena_free(a);
}
END_TEST

/* proves: P-AUTHN-03 */
START_TEST(received_spf)
{
    static const char *const lines[] = { "a.example\tTXT\tv=spf1 a:%{d -all",
                                         "b.example\tTXT\tv=spf1 ip4:192.0.2.1 -all" };
    struct moxd_buf b = MOXD_BUF_INIT(10000);

    zone_lines(lines, MOXD_NELEMS(lines));
    check("192.0.2.1", "[192.0.2.1]\r\nX: y", "a\"b c@b.example");
    moxd_spf_received(&b, &args, &out, "mailfrom");
    ck_assert_str_eq(moxd_buf_cstr(&b),
                     "Received-SPF: pass (mx.receiver.example: b.example designates 192.0.2.1)\r\n"
                     "\tclient-ip=192.0.2.1; envelope-from=\"\\\"a\\\\\\\"b c\\\"@b.example\";\r\n"
                     "\thelo=\"[192.0.2.1]  X: y\"; identity=mailfrom;\r\n"
                     "\tmechanism=\"ip4:192.0.2.1\"; receiver=mx.receiver.example\r\n");
    moxd_buf_reset(&b);
    check("2001:db8::1", "a.example", "");
    moxd_spf_received(&b, &args, &out, "helo");
    ck_assert_str_eq(moxd_buf_cstr(&b),
                     "Received-SPF: permerror\r\n"
                     "\t(mx.receiver.example: a.example has an invalid policy for 2001:db8::1)\r\n"
                     "\tclient-ip=\"2001:db8::1\"; helo=a.example; identity=helo;\r\n"
                     "\tproblem=\"no valid domain: \\\"a:%{d\\\"\"; mechanism=default;\r\n"
                     "\treceiver=mx.receiver.example\r\n");
    moxd_buf_fini(&b);
    zone_end();
}
END_TEST

UNIT_MAIN("spf", suite_of_rfc7208, clients_and_identities, loops_and_limits, records, received_spf)
