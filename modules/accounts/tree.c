/* domains.conf as a tree that commands change: what is in it, under which names. */
#include "tree.h"

int accounts_tree_parse_domain(struct accounts_tree *t, const char *text, struct moxd_domain *out,
                               struct moxd_err *err)
{
    return moxd_domain_parse(moxd_cstr(text), MOXD_ADDRESS_UTF8, t->a, out, err);
}

static void add_domain(struct accounts_tree *t, struct moxd_node *node)
{
    const char *sensitive = moxd_node_value(node, "case-sensitive");
    const char **separators = NULL;
    struct moxd_domain d;
    struct accounts_tree_domain *td;
    size_t n;

    if (accounts_tree_parse_domain(t, moxd_node_label(node), &d, NULL) < 0)
        return;
    n = moxd_node_list(node, "catchall-separators", &separators, t->a);
    td = moxd_arena_push(t->a, &t->domains, &t->ndomains, &t->cap, sizeof(*td));
    *td = (struct accounts_tree_domain){ .key = d.ascii, .node = node };
    td->rules =
        (struct moxd_localpart_rules){ separators, n, sensitive && strcmp(sensitive, "true") == 0 };
}

struct accounts_tree_domain *accounts_tree_find_domain(struct accounts_tree *t, struct moxd_str key)
{
    for (size_t i = 0; i < t->ndomains; i++)
        if (moxd_str_eq(t->domains[i].key, key))
            return &t->domains[i];
    return NULL;
}

/* What the lookup tables would know the address by; the text itself when it is malformed. */
const char *accounts_tree_key(struct accounts_tree *t, const char *text)
{
    struct moxd_str s = moxd_cstr(text);
    struct moxd_address ad;
    struct moxd_domain d;
    struct accounts_tree_domain *td;

    if (moxd_str_starts(s, MOXD_STR("@")))
        return accounts_tree_parse_domain(t, text + 1, &d, NULL) < 0 ? text : d.ascii.p;
    if (moxd_address_parse(s, MOXD_ADDRESS_UTF8, t->a, &ad, NULL) < 0)
        return text;
    td = accounts_tree_find_domain(t, ad.domain.ascii);
    if (td)
        ad.localpart = moxd_localpart_canonical(ad.localpart, &td->rules, t->a);
    return moxd_address_text(&ad, false, t->a).p;
}

/* CORE-16: "local" becomes "local@domain" of its account. */
static void expand_labels(struct accounts_tree *t)
{
    for (struct moxd_node *ac = NULL; (ac = moxd_node_next(t->root, ac, "account"));) {
        const char *domain = moxd_node_value(ac, "domain");

        for (struct moxd_node *ad = NULL; domain && (ad = moxd_node_next(ac, ad, "address"));) {
            const char *label = moxd_node_label(ad);

            if (label && !strchr(label, '@'))
                moxd_node_set_label(ad, moxd_arena_printf(t->a, "%s@%s", label, domain));
        }
    }
}

void accounts_tree_init(struct accounts_tree *t, struct moxd_node *root)
{
    *t = (struct accounts_tree){ .root = root, .a = moxd_arena_new(0) };
    for (struct moxd_node *d = NULL; (d = moxd_node_next(root, d, "domain"));)
        add_domain(t, d);
    expand_labels(t);
}

void accounts_tree_fini(struct accounts_tree *t)
{
    moxd_arena_free(t->a);
}

struct moxd_node *accounts_tree_find(struct accounts_tree *t, const char *address,
                                     struct moxd_node **account)
{
    const char *key = accounts_tree_key(t, address);

    for (*account = NULL; (*account = moxd_node_next(t->root, *account, "account"));)
        for (struct moxd_node *ad = NULL; (ad = moxd_node_next(*account, ad, "address"));)
            if (strcmp(accounts_tree_key(t, moxd_node_label(ad)), key) == 0)
                return ad;
    return NULL;
}

int accounts_tree_leave_alias(struct accounts_tree *t, struct moxd_node *alias, const char *address,
                              struct moxd_err *err)
{
    const char **v, *key = accounts_tree_key(t, address);
    size_t n = moxd_node_list(alias, "members", &v, t->a), kept = 0;

    for (size_t i = 0; i < n; i++)
        if (strcmp(accounts_tree_key(t, v[i]), key) != 0)
            v[kept++] = v[i];
    if (kept == n)
        return 0;
    if (kept == 0)
        return moxd_err_set(err, MOXD_ERR_STATE,
                            "%s is the last member of alias %s: remove the alias or add members "
                            "first",
                            address, moxd_node_label(alias));
    moxd_node_set_list(alias, "members", v, kept);
    return 0;
}

/* ACCT-03, ACCT-04 */
int accounts_tree_leave_aliases(struct accounts_tree *t, const char *address, struct moxd_err *err)
{
    for (size_t i = 0; i < t->ndomains; i++)
        for (struct moxd_node *al = NULL; (al = moxd_node_next(t->domains[i].node, al, "alias"));)
            if (accounts_tree_leave_alias(t, al, address, err) < 0)
                return -1;
    return 0;
}

struct moxd_node *accounts_tree_find_alias(struct accounts_tree *t, const char *address,
                                           struct moxd_node **domain)
{
    const char *at = strrchr(address, '@');
    struct accounts_tree_domain *td = at ? accounts_tree_domain(t, at + 1, NULL) : NULL;
    const char *key = accounts_tree_key(t, address);

    for (struct moxd_node *al = NULL; td && (al = moxd_node_next(td->node, al, "alias"));) {
        const char *own = moxd_arena_printf(t->a, "%s@%s", moxd_node_label(al), td->key.p);

        if (strcmp(accounts_tree_key(t, own), key) == 0) {
            *domain = td->node;
            return al;
        }
    }
    return NULL;
}

/* CORE-23: before the canonical form drops what follows the separator. */
static int check_separator(struct accounts_tree *t, const char *address, struct moxd_err *err)
{
    struct accounts_tree_domain *td;
    struct moxd_address ad;

    if (moxd_address_parse(moxd_cstr(address), MOXD_ADDRESS_UTF8, t->a, &ad, NULL) < 0)
        return 0;
    td = accounts_tree_find_domain(t, ad.domain.ascii);
    if (!td || !moxd_localpart_has_separator(ad.localpart, &td->rules))
        return 0;
    return moxd_err_set(err, MOXD_ERR_INVALID,
                        "%s contains a catchall separator of domain %s: leave it and what follows "
                        "it out",
                        address, moxd_node_label(td->node));
}

int accounts_tree_check_free(struct accounts_tree *t, const char *address, struct moxd_err *err)
{
    struct moxd_node *account, *domain, *ad;

    if (check_separator(t, address, err) < 0)
        return -1;
    ad = accounts_tree_find(t, address, &account);
    if (ad)
        return moxd_err_set(err, MOXD_ERR_EXISTS, "address %s belongs to account %s already",
                            moxd_node_label(ad), moxd_node_label(account));
    if (accounts_tree_find_alias(t, address, &domain))
        return moxd_err_set(err, MOXD_ERR_EXISTS, "%s is an alias already", address);
    return 0;
}

struct accounts_tree_domain *accounts_tree_domain(struct accounts_tree *t, const char *text,
                                                  struct moxd_err *err)
{
    struct accounts_tree_domain *td;
    struct moxd_domain d;

    if (accounts_tree_parse_domain(t, text, &d, err) < 0)
        return NULL;
    td = accounts_tree_find_domain(t, d.ascii);
    if (!td)
        moxd_err_set(err, MOXD_ERR_NOTFOUND, "there is no domain \"%s\"", text);
    return td;
}

struct moxd_node *accounts_tree_account(struct accounts_tree *t, const char *name,
                                        struct moxd_err *err)
{
    struct moxd_node *account = moxd_node_find(t->root, "account", name);

    if (!account)
        moxd_err_set(err, MOXD_ERR_NOTFOUND, "there is no account \"%s\"", name);
    return account;
}

bool accounts_tree_unset(struct moxd_node *block, const char *name)
{
    struct moxd_node *setting = moxd_node_find(block, name, NULL);

    if (setting)
        moxd_node_remove(block, setting);
    return setting != NULL;
}
