/* The public suffix list: rules of each kind, what is none, limits; and the published test vectors, against the list of
 * Debian's package publicsuffix where it is installed. */
#include "unit.h"

#include <moxmail/address.h>
#include <moxmail/psl.h>
#include <stdio.h>
#include <stdlib.h>

/* proves in part: P-AUTHN-04 */

static const char list[] = "// a comment\r\n"
                           "\n"
                           "com\n"
                           "uk.com // private\n"
                           "*.ck\n"
                           "!www.ck\n"
                           "jp\n"
                           "*.kawasaki.jp\n"
                           "!city.kawasaki.jp\n"
                           "compute.example.com\n"
                           "*.compute.example.com\n"
                           "\xE5\x85\xAC\xE5\x8F\xB8.cn\n"
                           "  indented\n"
                           "bad..name\n"
                           "[192.0.2.1]\n"
                           "*.\n"
                           "!\n"
                           "last";

static struct moxd_psl *parse(const char *text)
{
    struct moxd_err err = { 0 };
    struct moxd_psl *psl = moxd_psl_parse(moxd_cstr(text), &err);

    ck_assert_msg(psl != NULL, "%s", err.priv);
    return psl;
}

static void ck_org(const struct moxd_psl *psl, const char *domain, const char *want)
{
    struct moxd_str org = moxd_psl_organization(psl, moxd_cstr(domain));

    ck_assert_msg(moxd_str_eqs(org, want), "%s: got \"%.*s\", want \"%s\"", domain, (int)org.n,
                  org.p, want);
}

START_TEST(rules)
{
    static const char *const cases[][2] = {
        { "com", "" },
        { "example.com", "example.com" },
        { "a.b.example.com", "example.com" },
        { "uk.com", "" },
        { "a.b.uk.com", "b.uk.com" },
        { "ck", "" },
        { "x.ck", "" },
        { "a.x.ck", "a.x.ck" },
        { "www.ck", "www.ck" },
        { "a.www.ck", "www.ck" },
        { "kawasaki.jp", "kawasaki.jp" },
        { "x.kawasaki.jp", "" },
        { "a.b.x.kawasaki.jp", "b.x.kawasaki.jp" },
        { "a.city.kawasaki.jp", "city.kawasaki.jp" },
        { "compute.example.com", "" },
        { "x.compute.example.com", "" },
        { "b.a.x.compute.example.com", "a.x.compute.example.com" },
        { "shishi.xn--55qx5d.cn", "shishi.xn--55qx5d.cn" },
        { "xn--55qx5d.cn", "" },
        { "unlisted", "" },
        { "a.b.unlisted", "b.unlisted" },
        { "a.b.indented", "b.indented" }, /* a line that begins with a blank has no rule */
        { "x.last", "x.last" },
        { "", "" },
    };
    struct moxd_psl *psl = parse(list);

    for (size_t i = 0; i < MOXD_NELEMS(cases); i++)
        ck_org(psl, cases[i][0], cases[i][1]);
    moxd_psl_free(psl);
}
END_TEST

START_TEST(what_is_no_list)
{
    struct moxd_err err = { 0 };

    ck_assert_ptr_null(moxd_psl_parse(MOXD_STR("// nothing\n\n..\n"), &err));
    ck_assert_int_eq(err.kind, MOXD_ERR_INVALID);
    ck_assert_ptr_null(moxd_psl_parse(MOXD_STR(""), NULL));
    char *large = calloc(1, MOXD_PSL_SIZE_MAX + 1);
    moxd_err_clear(&err);
    ck_assert_ptr_null(moxd_psl_parse(moxd_str(large, MOXD_PSL_SIZE_MAX + 1), &err));
    ck_assert_int_eq(err.kind, MOXD_ERR_LIMIT);
    size_t n = 0;
    for (int i = 0; i <= MOXD_PSL_RULES_MAX; i++)
        n += (size_t)sprintf(large + n, "r%d\n", i);
    moxd_err_clear(&err);
    ck_assert_ptr_null(moxd_psl_parse(moxd_str(large, n), &err));
    ck_assert_int_eq(err.kind, MOXD_ERR_LIMIT);
    free(large);
}
END_TEST

static char *read_file(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    char *text = f ? calloc(1, MOXD_PSL_SIZE_MAX) : NULL;

    *n = f ? fread(text, 1, MOXD_PSL_SIZE_MAX - 1, f) : 0;
    if (f)
        (void)fclose(f);
    return text;
}

static void check_vector(const struct moxd_psl *psl, const char *domain, const char *want)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_domain d, w;

    if (domain[0] == '.' || strcmp(domain, "null") == 0) /* no names */
        goto done;
    ck_assert_int_eq(moxd_domain_parse(moxd_cstr(domain), MOXD_ADDRESS_UTF8, a, &d, NULL), 0);
    if (strcmp(want, "null") == 0)
        ck_org(psl, d.ascii.p, "");
    else {
        ck_assert_int_eq(moxd_domain_parse(moxd_cstr(want), MOXD_ADDRESS_UTF8, a, &w, NULL), 0);
        ck_org(psl, d.ascii.p, w.ascii.p);
    }
done:
    moxd_arena_free(a);
}

START_TEST(published_vectors)
{
    const char *dir = getenv("MOXD_SRCDIR");
    char path[4096], domain[300], want[300];
    size_t n, cases = 0;
    char *text = read_file("/usr/share/publicsuffix/public_suffix_list.dat", &n);

    if (!text)
        return; /* the package is not installed; `rules` has each kind */
    struct moxd_psl *psl = moxd_psl_parse(moxd_str(text, n), NULL);
    ck_assert_ptr_nonnull(psl);
    (void)snprintf(path, sizeof(path), "%s/tests/data/psl/tests.txt", dir ? dir : "..");
    FILE *f = fopen(path, "r");
    ck_assert_ptr_nonnull(f);
    char line[1000];
    while (fgets(line, sizeof(line), f)) {
        if (strncmp(line, "//", 2) == 0 || sscanf(line, "%299s %299s", domain, want) != 2)
            continue;
        check_vector(psl, domain, want);
        cases++;
    }
    (void)fclose(f);
    ck_assert_uint_ge(cases, 70);
    moxd_psl_free(psl);
    free(text);
}
END_TEST

UNIT_MAIN("psl", rules, what_is_no_list, published_vectors)
