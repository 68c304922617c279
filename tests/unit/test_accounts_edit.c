/* What the commands change in domains.conf.
 * proves: ACCT-03, ACCT-04, CORE-16, CORE-23, CORE-24, P-CORE-16, P-CORE-17
 * proves in part: P-CTL-01 */
#include "unit.h"

#include "../../modules/accounts/accounts.h"
#include "config.h"

static const char before[] =
    "domain \"x.example\" {\n"
    "    catchall-separators = [\"+\"]\n"
    "    alias \"list\" { members = [\"a@x.example\", \"b@bücher.example\"] }\n"
    "    alias \"other\" { members = [\"B@xn--bcher-kva.example\", \"a@x.example\"] }\n"
    "}\n"
    "domain \"bücher.example\" { }\n"
    "account \"a\" {\n"
    "    domain = \"x.example\"\n"
    "    address \"a\" { }\n"
    "    address \"@x.example\" { }\n"
    "    address \"\\\"\\\"@x.example\" { }\n"
    "}\n"
    "account \"b\" {\n"
    "    domain = \"bücher.example\"\n"
    "    address \"b@bücher.example\" { }\n"
    "}\n";

static struct moxd_err err;

/* The text after the change, "" when it is refused. The caller frees. */
static char *change(accounts_edit_fn *fn, struct accounts_edit edit)
{
    struct moxd_problems *problems = core_problems_new();
    struct conf_tree *tree = conf_tree_parse("f", moxd_cstr(before), problems);
    struct moxd_buf out = MOXD_BUF_INIT(1 << 20);

    ck_assert_uint_eq(core_problems_errors(problems), 0);
    moxd_err_clear(&err);
    if (fn(&tree->root, &edit, &err) == 0)
        conf_tree_write(tree, &out);
    else
        ck_assert_int_ne(err.kind, MOXD_ERR_NONE);
    conf_tree_free(tree);
    core_problems_free(problems);
    return moxd_buf_steal(&out);
}

static void changes(accounts_edit_fn *fn, struct accounts_edit edit, const char *has,
                    const char *has_not)
{
    char *text = change(fn, edit);
    ck_assert_msg(*text, "%s", err.priv);
    ck_assert_msg(strstr(text, has) != NULL, "%s", text);
    ck_assert_msg(has_not == NULL || strstr(text, has_not) == NULL, "%s", text);
    free(text);
}

static void refuses(accounts_edit_fn *fn, struct accounts_edit edit, enum moxd_err_kind kind,
                    const char *says)
{
    char *text = change(fn, edit);
    ck_assert_str_eq(text, "");
    ck_assert_int_eq(err.kind, kind);
    ck_assert_msg(strstr(err.priv, says) != NULL, "%s", err.priv);
    free(text);
}

START_TEST(adds)
{
    struct accounts_edit c = { .account = "c", .address = "c@x.example", .domain = "x.example" };
    changes(accounts_edit_account_add, c, "address \"c@x.example\"", NULL);
    c.address = "A@X.example";
    refuses(accounts_edit_account_add, c, MOXD_ERR_EXISTS, "belongs to account a");
    c.account = "a";
    refuses(accounts_edit_account_add, c, MOXD_ERR_EXISTS, "\"a\" exists already");

    struct accounts_edit d = { .account = "b", .address = "d@x.example" };
    changes(accounts_edit_address_add, d, "address \"d@x.example\"", NULL);
    d.address = "@X.example";
    refuses(accounts_edit_address_add, d, MOXD_ERR_EXISTS, "@x.example belongs to account a");
    d.address = "\"B\"@xn--bcher-kva.example";
    refuses(accounts_edit_address_add, d, MOXD_ERR_EXISTS, "belongs to account b");
    d.address = "new+a@x.example";
    refuses(accounts_edit_address_add, d, MOXD_ERR_INVALID, "separator of domain x.example");
    d.account = "z";
    refuses(accounts_edit_address_add, d, MOXD_ERR_NOTFOUND, "no account \"z\"");
}
END_TEST

/* Any change writes localpart-only labels in full. */
START_TEST(expands_labels)
{
    struct accounts_edit d = { .domain = "new.example" };
    changes(accounts_edit_domain_add, d, "address \"a@x.example\" { }", "address \"a\" ");
}
END_TEST

START_TEST(removed_addresses_leave_aliases)
{
    struct accounts_edit b = { .address = "B@bücher.example" };
    char *text = change(accounts_edit_address_rm, b);
    ck_assert_ptr_nonnull(strstr(text, "alias \"list\" { members = [\"a@x.example\"] }"));
    ck_assert_ptr_nonnull(strstr(text, "alias \"other\" { members = [\"a@x.example\"] }"));
    ck_assert_ptr_null(strstr(text, "address \"b@"));
    free(text);

    struct accounts_edit all = { .account = "b" };
    changes(accounts_edit_account_rm, all, "members = [\"a@x.example\"]", "account \"b\"");
    all.account = "c";
    refuses(accounts_edit_account_rm, all, MOXD_ERR_NOTFOUND, "no account");
}
END_TEST

/* The catchall, the empty localpart and others are different addresses. */
START_TEST(removes_the_right_address)
{
    struct accounts_edit e = { .address = "@x.example" };
    changes(accounts_edit_address_rm, e, "address \"\\\"\\\"@x.example\"",
            "address \"@x.example\"");
    e.address = "\"\"@x.example";
    changes(accounts_edit_address_rm, e, "address \"@x.example\"", "address \"\\\"\\\"@x");
    e.address = "nobody@x.example";
    refuses(accounts_edit_address_rm, e, MOXD_ERR_NOTFOUND, "no address");
    e.address = "not an address";
    refuses(accounts_edit_address_rm, e, MOXD_ERR_NOTFOUND, "no address");
}
END_TEST

START_TEST(last_member_stays)
{
    static const char text[] =
        "domain \"x.example\" { alias \"l\" { members = [\"a@x.example\"] } }\n"
        "account \"a\" { domain = \"x.example\" address \"a@x.example\" { } }";
    struct moxd_problems *problems = core_problems_new();
    struct conf_tree *tree = conf_tree_parse("f", moxd_cstr(text), problems);
    struct accounts_edit e = { .address = "A@x.example", .account = "a" };

    ck_assert_int_eq(accounts_edit_address_rm(&tree->root, &e, &err), -1);
    ck_assert_int_eq(err.kind, MOXD_ERR_STATE);
    ck_assert_ptr_nonnull(strstr(err.priv, "last member of alias l"));
    ck_assert_int_eq(accounts_edit_account_rm(&tree->root, &e, &err), -1);
    ck_assert_int_eq(err.kind, MOXD_ERR_STATE);
    conf_tree_free(tree);
    core_problems_free(problems);
}
END_TEST

START_TEST(domains)
{
    struct accounts_edit e = { .domain = "XN--BCHER-KVA.example" };
    refuses(accounts_edit_domain_add, e, MOXD_ERR_EXISTS, "exists already");
    changes(accounts_edit_domain_rm, e, "domain \"x.example\"", "domain \"bücher.example\" {");
    e.domain = "xn--e1afmkfd.example";
    changes(accounts_edit_domain_add, e, "domain \"пример.example\"", NULL);
    refuses(accounts_edit_domain_rm, e, MOXD_ERR_NOTFOUND, "no domain");
    e.domain = "[192.0.2.1]";
    refuses(accounts_edit_domain_add, e, MOXD_ERR_INVALID, "not a domain name");
    e.domain = "-x";
    refuses(accounts_edit_domain_add, e, MOXD_ERR_SYNTAX, "starts or ends");
}
END_TEST

START_TEST(disables_and_enables)
{
    struct accounts_edit e = { .account = "a", .domain = "XN--BCHER-KVA.example" };
    e.message = "gone \"fishing\"";
    changes(accounts_edit_account_disable, e, "login-disabled = \"gone \\\"fishing\\\"\"", NULL);
    refuses(accounts_edit_account_enable, e, MOXD_ERR_STATE, "not disabled");
    changes(accounts_edit_domain_disable, e, "disabled = ", NULL);
    refuses(accounts_edit_domain_enable, e, MOXD_ERR_STATE, "not disabled");
    e.account = "z";
    e.domain = "z.example";
    refuses(accounts_edit_account_disable, e, MOXD_ERR_NOTFOUND, "no account \"z\"");
    refuses(accounts_edit_account_enable, e, MOXD_ERR_NOTFOUND, "no account \"z\"");
    refuses(accounts_edit_domain_disable, e, MOXD_ERR_NOTFOUND, "no domain \"z.example\"");
    refuses(accounts_edit_domain_enable, e, MOXD_ERR_NOTFOUND, "no domain \"z.example\"");
}
END_TEST

static struct accounts_edit alias_edit(const char *address, const char *const *words, size_t n)
{
    return (struct accounts_edit){ .address = address, .words = words, .nwords = n };
}

START_TEST(aliases)
{
    static const char *const a[] = { "A@x.example" }, *const twice[] = { "a@x.example",
                                                                         "A@x.example" };
    struct accounts_edit e = alias_edit("team@bücher.example", a, 1);

    changes(accounts_edit_alias_add, e, "alias \"team\" {", NULL);
    refuses(accounts_edit_alias_rm, e, MOXD_ERR_NOTFOUND, "no alias \"team@b");
    refuses(accounts_edit_alias_add, alias_edit("team@x.example", twice, 2), MOXD_ERR_EXISTS,
            "A@x.example is a member of alias team@x.example already");
    refuses(accounts_edit_alias_add, alias_edit("LIST@x.example", a, 1), MOXD_ERR_EXISTS,
            "is an alias already");
    refuses(accounts_edit_alias_add, alias_edit("a@X.example", a, 1), MOXD_ERR_EXISTS,
            "belongs to account a");
    refuses(accounts_edit_alias_add, alias_edit("t@z.example", a, 1), MOXD_ERR_NOTFOUND,
            "no domain \"z.example\"");
    refuses(accounts_edit_alias_add, alias_edit("t", a, 1), MOXD_ERR_SYNTAX, "alias \"t\"");
    refuses(accounts_edit_account_add,
            (struct accounts_edit){ .account = "c", .address = "List@x.example" }, MOXD_ERR_EXISTS,
            "is an alias already");
    changes(accounts_edit_alias_rm, alias_edit("List@x.example", NULL, 0), "alias \"other\"",
            "alias \"list\"");
}
END_TEST

START_TEST(alias_members)
{
    static const char *const b[] = { "B@xn--bcher-kva.example" }, *const d[] = { "d@x.example" };
    static const char *const all[] = { "b@bücher.example", "a@x.example" };

    changes(accounts_edit_alias_addaddr, alias_edit("list@x.example", d, 1),
            "\"b@bücher.example\", \"d@x.example\"]", NULL);
    refuses(accounts_edit_alias_addaddr, alias_edit("list@x.example", b, 1), MOXD_ERR_EXISTS,
            "already");
    changes(accounts_edit_alias_rmaddr, alias_edit("list@x.example", b, 1),
            "alias \"list\" { members = [\"a@x.example\"] }", NULL);
    refuses(accounts_edit_alias_rmaddr, alias_edit("list@x.example", d, 1), MOXD_ERR_NOTFOUND,
            "d@x.example is not a member");
    refuses(accounts_edit_alias_rmaddr, alias_edit("list@x.example", all, 2), MOXD_ERR_STATE,
            "last member");
}
END_TEST

START_TEST(alias_options)
{
    static const char *const on[] = { "post-public=true", "list-members=false" };
    static const char *const bad[] = { "post-public" }, *const unknown[] = { "postpublic=true" };

    changes(accounts_edit_alias_update, alias_edit("list@x.example", on, 2),
            "post-public = ", NULL);
    refuses(accounts_edit_alias_update, alias_edit("list@x.example", bad, 1), MOXD_ERR_INVALID,
            "post-public=true or post-public=false");
    refuses(accounts_edit_alias_update, alias_edit("list@x.example", unknown, 1), MOXD_ERR_INVALID,
            "no option of aliases");
}
END_TEST

UNIT_MAIN("accounts_edit", adds, expands_labels, removed_addresses_leave_aliases,
          removes_the_right_address, last_member_stays, domains, disables_and_enables, aliases,
          alias_members, alias_options)
