/* DMARC: records, the walk up the tree, verdicts. */
#include "unit.h"

#include <moxmail/dmarc.h>
#include <stdio.h>

static struct moxd_arena *a;

/* ---- a zone: "NAME TEXT", "NAME !" gives no answer, "NAME -" exists without records */

static const char *const *zone;
static unsigned nqueries;
static char asked[1000];

static enum moxd_dmarc_status lookup(void *arg, const char *name, struct moxd_arena *arena,
                                     struct moxd_str **txt, size_t *n)
{
    enum moxd_dmarc_status status = MOXD_DMARC_NXDOMAIN;
    size_t cap = 0, len = strlen(name);

    (void)arg;
    nqueries++;
    (void)snprintf(asked + strlen(asked), sizeof(asked) - strlen(asked), "%s ", name);
    for (const char *const *line = zone; *line; line++) {
        if (strncmp(*line, name, len) != 0 || (*line)[len] != ' ')
            continue;
        if ((*line)[len + 1] == '!')
            return MOXD_DMARC_ERROR;
        status = MOXD_DMARC_NODATA;
        if ((*line)[len + 1] != '-')
            *(struct moxd_str *)moxd_arena_push(arena, txt, n, &cap, sizeof(**txt)) =
                moxd_cstr(*line + len + 1);
    }
    return *n > 0 ? MOXD_DMARC_FOUND : status;
}
static struct moxd_dmarc_resolver resolver = { .txt = lookup };

static struct moxd_dmarc_walk walk(const char *domain)
{
    struct moxd_dmarc_walk w;

    nqueries = 0;
    asked[0] = '\0';
    moxd_dmarc_walk(moxd_cstr(domain), &resolver, a, &w);
    return w;
}

static void ck_text(struct moxd_str s, const char *want)
{
    ck_assert_msg(moxd_str_eqs(s, want), "got \"%.*s\", want \"%s\"", (int)s.n, s.p, want);
}

static void expect_org(const char *domain, const char *org)
{
    struct moxd_dmarc_walk w = walk(domain);

    ck_text(w.org, org);
}

/* ---- records */

static int parse(const char *text, struct moxd_dmarc_record *r)
{
    return moxd_dmarc_record_parse(moxd_cstr(text), a, r, NULL);
}

/* proves in part: P-AUTHN-04 */
START_TEST(records)
{
    static const char *const none[] = { "",
                                        "v=DMARC1",
                                        "v=dmarc1; p=none",
                                        "p=none; v=DMARC1",
                                        "v=DMARC2; p=none",
                                        "v=DMARC1; p=else",
                                        "v=DMARC10; p=none",
                                        "v=DMARC1; p=none; sp=else",
                                        "v=DMARC1; rua=x; p=y" };
    struct moxd_dmarc_record r;

    a = moxd_arena_new(0);
    for (size_t i = 0; i < MOXD_NELEMS(none); i++)
        ck_assert_msg(parse(none[i], &r) < 0, "%s", none[i]);
    ck_assert_int_eq(
        parse(" V = DMARC1 ;rua=mailto:a@x.example!10m , mailto:b%2Cc@x.example,not, ;"
              "sp=Quarantine; unknown=1;=;x;;adkim=S;aspf=z;pct=0;ri=1;psd=y;t=y;np=reject;"
              "p=reject;p=none;fo=d:1:q ;ruf=https://x/",
              &r),
        0);
    ck_assert_int_eq(r.p, MOXD_DMARC_REJECT);
    ck_assert_int_eq(r.sp, MOXD_DMARC_QUARANTINE);
    ck_assert_int_eq(r.np, MOXD_DMARC_REJECT);
    ck_assert(r.adkim_strict && !r.aspf_strict && r.testing);
    ck_assert_int_eq(r.psd, MOXD_DMARC_PSD_Y);
    ck_assert_uint_eq(r.fo, MOXD_DMARC_FO_ANY | MOXD_DMARC_FO_DKIM);
    ck_assert_uint_eq(r.nrua, 2);
    ck_text(r.rua[0].uri, "mailto:a@x.example");
    ck_assert_uint_eq(r.rua[0].max_size, 10 << 20);
    ck_assert_uint_eq(r.nruf, 1);
    /* 4.10.1: without a policy, but with somebody to tell */
    ck_assert_int_eq(parse("v=DMARC1; p=x; sp=reject; rua=mailto:a@x.example", &r), 0);
    ck_assert_int_eq(r.p, MOXD_DMARC_NONE);
    ck_assert_int_eq(r.sp, MOXD_DMARC_ABSENT);
    moxd_arena_free(a);
}
END_TEST

/* proves in part: DMARC-03 */
START_TEST(writing_and_addresses)
{
    static const char text[] =
        "v=DMARC1; p=reject; sp=none; np=quarantine; adkim=s; aspf=s; psd=n; t=y; "
        "rua=mailto:a@x.example,mailto:b@x.example; ruf=mailto:c@x.example; fo=1:d:s";
    struct moxd_buf b = MOXD_BUF_INIT(10000);
    struct moxd_str localpart, domain;
    struct moxd_dmarc_record r;

    a = moxd_arena_new(0);
    ck_assert_int_eq(parse(text, &r), 0);
    moxd_dmarc_record_write(&b, &r);
    ck_assert_str_eq(moxd_buf_cstr(&b), text);
    moxd_buf_reset(&b);
    moxd_dmarc_record_write(&b,
                            &(struct moxd_dmarc_record){
                                .p = MOXD_DMARC_NONE,
                                .rua = &(struct moxd_dmarc_uri){ MOXD_STR("mailto:a,b!;c@x"), 0 },
                                .nrua = 1 });
    ck_assert_str_eq(moxd_buf_cstr(&b), "v=DMARC1; p=none; rua=mailto:a%2Cb%21%3Bc@x");
    moxd_buf_reset(&b);
    moxd_dmarc_mailto(&b, MOXD_STR("a!b,c;d \"e\"%/?&\xc3\xbc"), MOXD_STR("x.example"));
    ck_assert_str_eq(moxd_buf_cstr(&b),
                     "mailto:%22a%21b%2Cc%3Bd%20%5C%22e%5C%22%25%2F%3F%26%C3%BC%22@x.example");
    ck_assert_int_eq(moxd_dmarc_uri_address(moxd_buf_str(&b), a, &localpart, &domain), 0);
    ck_text(localpart, "a!b,c;d \"e\"%/?&\xc3\xbc");
    ck_text(domain, "x.example");
    ck_assert_int_lt(moxd_dmarc_uri_address(MOXD_STR("https://x.example/"), a, &localpart, &domain),
                     0);
    ck_assert_int_lt(
        moxd_dmarc_uri_address(MOXD_STR("mailto:a%2@x.example"), a, &localpart, &domain), 0);
    ck_assert_int_lt(moxd_dmarc_uri_address(MOXD_STR("mailto:a"), a, &localpart, &domain), 0);
    moxd_buf_fini(&b);
    moxd_arena_free(a);
}
END_TEST

/* ---- the tree */

/* proves in part: P-AUTHN-04 */
START_TEST(walks)
{
    static const char *const lines[] = { "_dmarc.example.com v=DMARC1; p=none",
                                         "_dmarc.a.example.com v=DMARC1; p=reject",
                                         "_dmarc.stop.example.com v=DMARC1; p=reject; psd=n",
                                         "_dmarc.co.test v=DMARC1; p=reject; psd=y",
                                         "_dmarc.two.example v=DMARC1; p=none",
                                         "_dmarc.two.example v=DMARC1; p=reject",
                                         "_dmarc.two.example something else",
                                         "_dmarc.lame.example !",
                                         NULL };

    a = moxd_arena_new(0);
    zone = lines;
    expect_org("example.com", "example.com");
    expect_org("b.a.example.com", "example.com");
    ck_assert_str_eq(asked,
                     "_dmarc.b.a.example.com _dmarc.a.example.com _dmarc.example.com _dmarc.com ");
    expect_org("x.stop.example.com", "stop.example.com");
    ck_assert_uint_eq(nqueries, 2);
    expect_org("x.y.co.test", "y.co.test");
    ck_assert_uint_eq(nqueries, 3);
    expect_org("co.test", "co.test"); /* the walk begins there */
    expect_org("nothing.test", "nothing.test");
    expect_org("two.example", "two.example");
    ck_assert_ptr_null(moxd_dmarc_applies(&(struct moxd_dmarc_walk){ .start = MOXD_STR("x") }));
    struct moxd_dmarc_walk w = walk("two.example");
    ck_assert_uint_eq(w.n, 0);
    /* seven labels at most behind the first query */
    expect_org("a.b.c.d.e.f.g.h.i.example.com", "example.com");
    ck_assert_uint_eq(nqueries, 8);
    ck_assert_ptr_nonnull(
        strstr(asked, "_dmarc.a.b.c.d.e.f.g.h.i.example.com _dmarc.e.f.g.h.i.example.com "));
    w = walk("x.lame.example");
    ck_assert(w.errors);
    moxd_arena_free(a);
}
END_TEST

static void expect_policy(const char *from, const char *domain, enum moxd_dmarc_policy want)
{
    struct moxd_dmarc_walk w = walk(from);
    struct moxd_dmarc_verdict v;
    const struct moxd_dmarc_found *f = moxd_dmarc_applies(&w);

    ck_assert((f != NULL) == (domain != NULL));
    if (f)
        ck_text(f->domain, domain);
    moxd_dmarc_evaluate(&w, NULL, 0, &resolver, a, &v);
    ck_assert_msg(v.policy == want, "%s: %s", from, moxd_dmarc_policy_name(v.policy));
}

/* proves in part: P-AUTHN-04 */
/* What owners say counts more than the list, the list more than where records are. */
START_TEST(public_suffix_list)
{
    static const char *const lines[] = { "_dmarc.a.b.co.test v=DMARC1; p=reject",
                                         "_dmarc.co.test v=DMARC1; p=none",
                                         "_dmarc.own.d.co.test v=DMARC1; p=reject; psd=n",
                                         "_dmarc.suffix.b.co.test v=DMARC1; p=reject; psd=y",
                                         NULL };
    struct moxd_psl *psl = moxd_psl_parse(MOXD_STR("test\nco.test\n"), NULL);

    a = moxd_arena_new(0);
    zone = lines;
    expect_org("x.a.b.co.test", "co.test"); /* the shortest name with a record */
    resolver.psl = psl;
    expect_org("x.a.b.co.test", "b.co.test");
    expect_org("x.y.c.co.test", "c.co.test");
    expect_org("co.test", "co.test");
    expect_org("x.own.d.co.test", "own.d.co.test");
    expect_org("x.y.suffix.b.co.test", "y.suffix.b.co.test");
    /* the policy is that of the organization, not of the suffix above it */
    struct moxd_dmarc_walk w = walk("x.y.c.co.test");
    ck_assert_ptr_null(moxd_dmarc_applies(&w));
    w = walk("a.b.co.test");
    ck_assert_ptr_nonnull(moxd_dmarc_applies(&w));
    ck_assert_int_eq(moxd_dmarc_applies(&w)->record.p, MOXD_DMARC_REJECT);
    resolver.psl = NULL;
    moxd_psl_free(psl);
    moxd_arena_free(a);
}
END_TEST

START_TEST(policies)
{
    static const char *const lines[] = {
        "_dmarc.example.com v=DMARC1; p=reject; sp=quarantine; np=none",
        "sub.example.com -",
        "_dmarc.own.example.com v=DMARC1; p=none",
        "_dmarc.test.example v=DMARC1; p=reject; t=y",
        "_dmarc.q.example v=DMARC1; p=quarantine; t=y",
        "_dmarc.psd v=DMARC1; p=reject; np=quarantine; psd=y",
        "org.psd -",
        NULL
    };

    a = moxd_arena_new(0);
    zone = lines;
    expect_policy("example.com", "example.com", MOXD_DMARC_REJECT);
    expect_policy("sub.example.com", "example.com", MOXD_DMARC_QUARANTINE);
    expect_policy("gone.example.com", "example.com", MOXD_DMARC_NONE);
    expect_policy("own.example.com", "own.example.com", MOXD_DMARC_NONE);
    expect_policy("test.example", "test.example", MOXD_DMARC_QUARANTINE);
    expect_policy("q.example", "q.example", MOXD_DMARC_NONE);
    expect_policy("org.psd", "psd", MOXD_DMARC_REJECT);
    expect_policy("x.gone.psd", "psd", MOXD_DMARC_QUARANTINE);
    expect_policy("nothing.invalid", NULL, MOXD_DMARC_ABSENT);
    moxd_arena_free(a);
}
END_TEST

/* ---- verdicts */

static enum moxd_dmarc_result verdict(const char *from, bool is_spf, int result, const char *domain)
{
    struct moxd_dmarc_walk w = walk(from);
    struct moxd_dmarc_auth auth = { .is_spf = is_spf, .domain = moxd_cstr(domain) };
    struct moxd_dmarc_verdict v;

    auth.result = (__typeof__(auth.result))result;
    moxd_dmarc_evaluate(&w, &auth, 1, &resolver, a, &v);
    ck_assert(v.result == MOXD_DMARC_RESULT_PASS
                  ? auth.aligned && (is_spf ? v.spf_aligned : v.dkim_aligned)
                  : !v.spf_aligned && !v.dkim_aligned);
    return v.result;
}

/* proves in part: P-AUTHN-04 */
START_TEST(alignment)
{
    static const char *const lines[] = {
        "_dmarc.example.com v=DMARC1; p=reject",
        "_dmarc.strict.example.com v=DMARC1; p=reject; aspf=s; adkim=s",
        "_dmarc.dept.example.com v=DMARC1; p=reject; psd=n",
        "_dmarc.psd v=DMARC1; p=none; psd=y",
        "_dmarc.lame.example v=DMARC1; p=reject",
        "_dmarc.x.lame.example !",
        NULL
    };
    enum {
        PASS = MOXD_DMARC_AUTH_PASS,
        TEMP = MOXD_DMARC_AUTH_TEMPERROR,
        OTHER = MOXD_DMARC_AUTH_OTHER
    };

    a = moxd_arena_new(0);
    zone = lines;
    ck_assert_int_eq(verdict("example.com", true, PASS, "example.com"), MOXD_DMARC_RESULT_PASS);
    ck_assert_int_eq(verdict("example.com", false, PASS, "EXAMPLE.com"), MOXD_DMARC_RESULT_PASS);
    ck_assert_int_eq(verdict("example.com", true, OTHER, "example.com"), MOXD_DMARC_RESULT_FAIL);
    ck_assert_int_eq(verdict("example.com", true, TEMP, "example.com"),
                     MOXD_DMARC_RESULT_TEMPERROR);
    ck_assert_int_eq(verdict("example.com", true, TEMP, "example.org"), MOXD_DMARC_RESULT_FAIL);
    ck_assert_int_eq(verdict("a.example.com", true, PASS, "b.example.com"), MOXD_DMARC_RESULT_PASS);
    ck_assert_int_eq(verdict("a.example.com", false, PASS, "example.com"), MOXD_DMARC_RESULT_PASS);
    ck_assert_int_eq(verdict("example.com", false, PASS, "notexample.com"), MOXD_DMARC_RESULT_FAIL);
    ck_assert_int_eq(verdict("example.com", false, PASS, "com"), MOXD_DMARC_RESULT_FAIL);
    ck_assert_int_eq(verdict("strict.example.com", true, PASS, "strict.example.com"),
                     MOXD_DMARC_RESULT_PASS);
    ck_assert_int_eq(verdict("strict.example.com", true, PASS, "example.com"),
                     MOXD_DMARC_RESULT_FAIL);
    ck_assert_int_eq(verdict("strict.example.com", false, PASS, "example.com"),
                     MOXD_DMARC_RESULT_FAIL);
    /* an organization of its own below another */
    ck_assert_int_eq(verdict("a.dept.example.com", true, PASS, "dept.example.com"),
                     MOXD_DMARC_RESULT_PASS);
    ck_assert_int_eq(verdict("a.dept.example.com", true, PASS, "example.com"),
                     MOXD_DMARC_RESULT_FAIL);
    ck_assert_int_eq(verdict("example.com", true, PASS, "a.dept.example.com"),
                     MOXD_DMARC_RESULT_FAIL);
    /* neighbours below a public suffix */
    ck_assert_int_eq(verdict("a.psd", true, PASS, "b.psd"), MOXD_DMARC_RESULT_FAIL);
    ck_assert_int_eq(verdict("a.psd", true, PASS, "x.a.psd"), MOXD_DMARC_RESULT_PASS);
    /* what DNS did not say is not held against the sender */
    ck_assert_int_eq(verdict("lame.example", true, PASS, "x.lame.example"),
                     MOXD_DMARC_RESULT_TEMPERROR);
    ck_assert_int_eq(verdict("x.lame.example", true, OTHER, "q"), MOXD_DMARC_RESULT_TEMPERROR);
    ck_assert_int_eq(verdict("nothing.invalid", true, PASS, "nothing.invalid"),
                     MOXD_DMARC_RESULT_NONE);
    moxd_arena_free(a);
}
END_TEST

START_TEST(external_destinations)
{
    static const char *const lines[] = { "a.example._report._dmarc.b.example v=DMARC1",
                                         "c.example._report._dmarc.b.example v=else",
                                         "d.example._report._dmarc.b.example !", NULL };

    a = moxd_arena_new(0);
    zone = lines;
    ck_assert_int_eq(
        moxd_dmarc_wants_reports(MOXD_STR("a.example"), MOXD_STR("b.example"), &resolver, a), 1);
    ck_assert_int_eq(
        moxd_dmarc_wants_reports(MOXD_STR("c.example"), MOXD_STR("b.example"), &resolver, a), 0);
    ck_assert_int_eq(
        moxd_dmarc_wants_reports(MOXD_STR("d.example"), MOXD_STR("b.example"), &resolver, a), -1);
    moxd_arena_free(a);
}
END_TEST

UNIT_MAIN("dmarc", records, writing_and_addresses, walks, public_suffix_list, policies, alignment,
          external_destinations)
