#include "unit.h"

#include "../../core/core_config.h"
#include "../../modules/accounts/accounts.h"

/* proves: CORE-16, CORE-17, CORE-23, CORE-24, ACCT-06, ACCT-07, ALIAS-01, P-CORE-16, P-CORE-17,
 * P-CORE-18, P-CORE-20, SMTPIN-01, AUTH-15, P-I18N-01 */

static void check(struct moxd_instance *m, const struct moxd_conf *conf, struct moxd_problems *out)
{
    accounts_table_free(accounts_table_new(m, conf, out));
}

static const struct moxd_module module = {
    MOXD_MODULE_HEAD("accounts", "1", "test"),
    .conf = &accounts_static_block,
    .dynamic = &accounts_dynamic_block,
    .instance_size = sizeof(struct accounts),
    .check = check,
};
static struct accounts ac = { .m.module = &module };
static struct moxd_arena *a;
static struct moxd_buf problems = MOXD_BUF_INIT(1 << 20);

/* Loads the two files; the problems are in `problems`. */
static bool load(const char *own, const char *domains)
{
    const struct core_conf_module mods[] = { { &module, &ac.m } };
    struct moxd_problems *p = core_problems_new();
    char text[2000];
    struct moxd_conf *conf;

    snprintf(text, sizeof(text),
             "hostname = \"host.example\"\ndata-dir = \"data\"\nmodules = [\"accounts\"]\n"
             "accounts { %s }\nlistener \"x\" { addresses = [\"127.0.0.1\"] }\n",
             own);
    conf =
        core_conf_load_text("/etc/moxd/moxd.conf", moxd_cstr(text), moxd_cstr(domains), mods, 1, p);
    moxd_buf_reset(&problems);
    core_problems_write(p, &problems);
    core_problems_free(p);
    if (!conf)
        return false;
    ac.table = accounts_table_new(&ac.m, conf, NULL);
    a = moxd_arena_new(0);
    return true;
}

static const char plain[] =
    "domain \"mox.example\" { catchall-separators = [\"+\", \"--\"] }\n"
    "domain \"case.example\" { case-sensitive = true }\n"
    "domain \"off.example\" { disabled = true }\n"
    "domain \"bücher.example\" {\n"
    "  alias \"list\" { members = [\"mjl@mox.example\", \"ü@bücher.example\"] allow-msg-from = "
    "true }\n"
    "}\n"
    "account \"mjl\" {\n  domain = \"mox.example\"\n  full-name = \"M\"\n"
    "  address \"mjl@mox.example\" { mailbox = \"Lists/x\" }\n  address \"@case.example\" { }\n"
    "  address \"Mjl@case.example\" { }\n  address \"a@off.example\" { }\n}\n"
    "account \"other\" {\n  domain = \"bücher.example\"\n  login-disabled = \"call us\"\n"
    "  address \"ü@bücher.example\" { }\n"
    "  address \"\\\"a b\\\"@mox.example\" { }\n  address \"\\\"\\\"@mox.example\" { }\n  address "
    "\"postmaster@case.example\" { }\n}\n";

static struct accounts_target target;
static struct moxd_err err;

static int resolve(const char *localpart, const char *domain)
{
    moxd_err_clear(&err);
    return accounts_v1.resolve(&ac.m, moxd_cstr(localpart), moxd_cstr(domain), a, &target, &err);
}

START_TEST(resolves)
{
    static const struct {
        const char *localpart, *domain, *account, *address;
        enum accounts_match match;
    } cases[] = {
        { "mjl", "mox.example", "mjl", "mjl@mox.example", ACCOUNTS_EXACT },
        { "MJL", "MOX.Example", "mjl", "mjl@mox.example", ACCOUNTS_EXACT },
        { "mjl+x--y", "mox.example", "mjl", "mjl@mox.example", ACCOUNTS_SEPARATOR },
        { "mjl--y", "mox.example", "mjl", "mjl@mox.example", ACCOUNTS_SEPARATOR },
        { "Mjl", "case.example", "mjl", "Mjl@case.example", ACCOUNTS_EXACT },
        { "mjl", "case.example", "mjl", "@case.example", ACCOUNTS_CATCHALL },
        { "ü", "xn--bcher-kva.example", "other", "ü@bücher.example", ACCOUNTS_EXACT },
        { "Ü", "bücher.example", "other", "ü@bücher.example", ACCOUNTS_EXACT },
        { "a b", "mox.example", "other", "\"a b\"@mox.example", ACCOUNTS_EXACT },
        { "postmaster", "mox.example", "mjl", "postmaster@mox.example", ACCOUNTS_POSTMASTER },
        { "Postmaster", "case.example", "other", "postmaster@case.example", ACCOUNTS_EXACT },
        { "", "mox.example", "other", "\"\"@mox.example", ACCOUNTS_EXACT },
        { "", "case.example", "mjl", "@case.example", ACCOUNTS_CATCHALL },
        { "postmaster", "case.example", "other", "postmaster@case.example", ACCOUNTS_EXACT },
        { "Postmaster", "", "mjl", "postmaster@host.example", ACCOUNTS_POSTMASTER },
        { "postmaster", "host.example", "mjl", "postmaster@host.example", ACCOUNTS_POSTMASTER },
    };

    ck_assert_msg(load("", plain), "%s", moxd_buf_cstr(&problems));
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        ck_assert_msg(resolve(cases[i].localpart, cases[i].domain) == 0, "%zu: %s", i, err.priv);
        ck_assert_str_eq(target.account, cases[i].account);
        if (strcmp(cases[i].localpart, "Postmaster") != 0)
            ck_assert_str_eq(target.address, cases[i].address);
        if (strcmp(cases[i].localpart, "Postmaster") != 0)
            ck_assert_int_eq(target.match, cases[i].match);
    }
    ck_assert_int_eq(resolve("mjl", "mox.example"), 0);
    ck_assert_str_eq(target.mailbox, "Lists/x");
}
END_TEST

START_TEST(refuses_recipients)
{
    static const struct {
        const char *localpart, *domain, *enhanced;
        int code;
    } cases[] = {
        { "nobody", "mox.example", "5.1.1", 550 },
        { "mjl", "else.example", "5.7.1", 550 },
        { "a", "off.example", "4.2.1", 450 },
        { "mjl", "host.example", "5.7.1", 550 },
        { "mjl", "", "5.1.2", 550 },
        { "", "bücher.example", "5.1.1", 550 },
    };

    ck_assert(load("", plain));
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        ck_assert_int_eq(resolve(cases[i].localpart, cases[i].domain), -1);
        ck_assert_int_eq(moxd_err_smtp_code(&err), cases[i].code);
        ck_assert_str_eq(moxd_err_enhanced(&err), cases[i].enhanced);
    }
}
END_TEST

START_TEST(aliases)
{
    ck_assert(load("", plain));
    ck_assert_int_eq(resolve("LIST", "bücher.example"), 0);
    ck_assert_int_eq(target.match, ACCOUNTS_ALIAS);
    ck_assert_ptr_null(target.account);
    ck_assert_str_eq(target.members[0], "mjl@mox.example");
    ck_assert_str_eq(target.members[1], "ü@bücher.example");
    ck_assert_ptr_null(target.members[2]);
}
END_TEST

START_TEST(falls_back)
{
    ck_assert(load("fallback = \"mjl@mox.example\" postmaster = \"other\"", plain));
    ck_assert_int_eq(resolve("who", "anywhere.example"), 0);
    ck_assert_str_eq(target.account, "mjl");
    ck_assert_int_eq(target.match, ACCOUNTS_FALLBACK);
    ck_assert_int_eq(resolve("nobody", "mox.example"), 0);
    ck_assert_int_eq(target.match, ACCOUNTS_FALLBACK);
    ck_assert_int_eq(resolve("postmaster", "mox.example"), 0);
    ck_assert_str_eq(target.account, "other");
    ck_assert(!accounts_v1.may_send_as(&ac.m, "mjl", MOXD_STR("x"), MOXD_STR("anywhere.example")));
}
END_TEST

START_TEST(logs_in)
{
    struct accounts_account account;

    ck_assert(load("", plain));
    ck_assert_int_eq(accounts_v1.login(&ac.m, MOXD_STR("MJL@mox.example"), a, &account, NULL), 0);
    ck_assert_str_eq(account.name, "mjl");
    ck_assert_str_eq(account.full_name, "M");
    ck_assert_uint_eq(account.naddresses, 4);
    ck_assert_ptr_null(account.login_disabled);
    /* NFD input finds the NFC address. */
    ck_assert_int_eq(
        accounts_v1.login(&ac.m, MOXD_STR("u\xcc\x88@bücher.example"), a, &account, NULL), 0);
    ck_assert_str_eq(account.login_disabled, "call us");
    ck_assert_int_eq(accounts_v1.login(&ac.m, MOXD_STR("mjl"), a, &account, NULL), -1);
    ck_assert_int_eq(accounts_v1.login(&ac.m, MOXD_STR("mjl+x@mox.example"), a, &account, NULL),
                     -1);
    ck_assert_int_eq(accounts_v1.login(&ac.m, MOXD_STR("x@case.example"), a, &account, NULL), -1);
    ck_assert_int_eq(accounts_v1.get(&ac.m, "nobody", a, &account, NULL), -1);
    ck_assert(accounts_v1.is_local_domain(&ac.m, MOXD_STR("BÜCHER.example")));
    ck_assert(!accounts_v1.is_local_domain(&ac.m, MOXD_STR("else.example")));
    ck_assert_str_eq(accounts_v1.list(&ac.m, a)[1], "other");
}
END_TEST

START_TEST(senders)
{
    static const struct {
        const char *account, *localpart, *domain;
        bool may;
    } cases[] = {
        { "mjl", "mjl", "mox.example", true },    { "mjl", "mjl+x", "mox.example", true },
        { "mjl", "any", "case.example", true },   { "mjl", "ü", "bücher.example", false },
        { "other", "ü", "bücher.example", true }, { "mjl", "list", "bücher.example", true },
        { "mjl", "x", "else.example", false },    { "other", "mjl", "mox.example", false },
    };

    ck_assert(load("", plain));
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        ck_assert_int_eq(accounts_v1.may_send_as(&ac.m, cases[i].account,
                                                 moxd_cstr(cases[i].localpart),
                                                 moxd_cstr(cases[i].domain)),
                         cases[i].may);
}
END_TEST

static void refused(const char *own, const char *domains, const char *expect)
{
    ck_assert(!load(own, domains));
    ck_assert_msg(strstr(moxd_buf_cstr(&problems), expect), "%s", moxd_buf_cstr(&problems));
}

START_TEST(finds_mistakes)
{
#define D "domain \"mox.example\" { catchall-separators = [\"+\"] }\n"
#define A(addresses) D "account \"mjl\" { domain = \"mox.example\"\n" addresses " }\n"
    refused("", A("address \"a+b@mox.example\" { }"),
            "domains.conf:3:1: error: the localpart contains a catchall separator");
    refused("", A("address \"Ab@mox.example\" { }\naddress \"aB@mox.example\" { }"),
            "address \"ab@mox.example\" is there twice, also at /etc/moxd/domains.conf:");
    refused("", A("address \"a@else.example\" { }"), "the domain is not configured");
    refused("", A("address \"a b@mox.example\" { }"), "address \"a b@mox.example\": ");
    refused("", D "account \"mjl\" { domain = \"else.example\" }",
            "\"else.example\" is not configured");
    refused("", D "account \"a/b\" { domain = \"mox.example\" }", "an account name has only");
    refused("", "domain \"bücher.example\" { }\ndomain \"xn--bcher-kva.example\" { }",
            "is configured twice");
    refused("", "domain \"-x\" { }", "domains.conf:1:");
    refused("",
            A("address \"a@mox.example\" { }") "domain \"l.example\" { alias \"x\" { members = "
                                               "[\"nobody@mox.example\"] } }",
            "\"nobody@mox.example\" is not an address of an account");
    refused("", "domain \"l.example\" { alias \"x\" { members = [] } }", "is empty");
    refused("fallback = \"x@y.example\"", D, "moxd.conf:4:");
    refused("fallback = \"x@mox.example\"", D, "fallback: there is no address");
    refused("postmaster = \"nobody\"", D, "there is no account \"nobody\"");
}
END_TEST

START_TEST(localpart_only)
{
    ck_assert(load("", A("address \"short\" { }")));
    ck_assert(strstr(moxd_buf_cstr(&problems), "without a domain is deprecated"));
    ck_assert_int_eq(resolve("short", "mox.example"), 0);
    ck_assert_str_eq(target.address, "short@mox.example");
}
END_TEST

UNIT_MAIN("accounts", resolves, refuses_recipients, aliases, falls_back, logs_in, senders,
          finds_mistakes, localpart_only)
