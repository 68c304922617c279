/* Changes of aliases. That members are addresses of accounts is found by the check of the result. */
#include "tree.h"

/* The alias of the edit. NULL with *err. */
static struct moxd_node *find(struct accounts_tree *t, const struct accounts_edit *e,
                              struct moxd_node **domain, struct moxd_err *err)
{
    struct moxd_node *alias = accounts_tree_find_alias(t, e->address, domain);

    if (!alias)
        moxd_err_set(err, MOXD_ERR_NOTFOUND, "there is no alias \"%s\"", e->address);
    return alias;
}

static bool has(struct accounts_tree *t, const char *const *v, size_t n, const char *address)
{
    const char *key = accounts_tree_key(t, address);

    for (size_t i = 0; i < n; i++)
        if (strcmp(accounts_tree_key(t, v[i]), key) == 0)
            return true;
    return false;
}

/* Behind those that it has. */
static int add_members(struct accounts_tree *t, struct moxd_node *alias,
                       const struct accounts_edit *e, struct moxd_err *err)
{
    const char **had, **v;
    size_t n = moxd_node_list(alias, "members", &had, t->a);

    v = moxd_arena_calloc(t->a, n + e->nwords, sizeof(*v));
    for (size_t i = 0; i < n; i++)
        v[i] = had[i];
    for (size_t i = 0; i < e->nwords; i++) {
        if (has(t, v, n, e->words[i]))
            return moxd_err_set(err, MOXD_ERR_EXISTS, "%s is a member of alias %s already",
                                e->words[i], e->address);
        v[n++] = e->words[i];
    }
    moxd_node_set_list(alias, "members", v, n);
    return 0;
}

int accounts_edit_alias_add(struct moxd_node *root, void *edit, struct moxd_err *err)
{
    struct accounts_tree t MOXD_CLEANUP(accounts_tree_fini);
    const struct accounts_edit *e = edit;
    const char *at = strrchr(e->address, '@');
    struct accounts_tree_domain *td;
    struct moxd_address ad;

    accounts_tree_init(&t, root);
    if (moxd_address_parse(moxd_cstr(e->address), MOXD_ADDRESS_UTF8, t.a, &ad, err) < 0)
        return moxd_err_wrap(err, "alias \"%s\"", e->address);
    td = accounts_tree_domain(&t, at + 1, err);
    if (!td || accounts_tree_check_free(&t, e->address, err) < 0)
        return -1;
    const char *label = moxd_arena_cstr(t.a, moxd_str(e->address, (size_t)(at - e->address)));
    return add_members(&t, moxd_node_add_block(td->node, "alias", label), e, err);
}

int accounts_edit_alias_rm(struct moxd_node *root, void *edit, struct moxd_err *err)
{
    struct accounts_tree t MOXD_CLEANUP(accounts_tree_fini);
    struct moxd_node *alias, *domain;

    accounts_tree_init(&t, root);
    alias = find(&t, edit, &domain, err);
    if (!alias)
        return -1;
    moxd_node_remove(domain, alias);
    return 0;
}

int accounts_edit_alias_addaddr(struct moxd_node *root, void *edit, struct moxd_err *err)
{
    struct accounts_tree t MOXD_CLEANUP(accounts_tree_fini);
    struct moxd_node *alias, *domain;

    accounts_tree_init(&t, root);
    alias = find(&t, edit, &domain, err);
    return alias ? add_members(&t, alias, edit, err) : -1;
}

int accounts_edit_alias_rmaddr(struct moxd_node *root, void *edit, struct moxd_err *err)
{
    struct accounts_tree t MOXD_CLEANUP(accounts_tree_fini);
    const struct accounts_edit *e = edit;
    struct moxd_node *alias, *domain;

    accounts_tree_init(&t, root);
    alias = find(&t, e, &domain, err);
    for (size_t i = 0; alias && i < e->nwords; i++) {
        const char **v;
        size_t n = moxd_node_list(alias, "members", &v, t.a);

        if (!has(&t, v, n, e->words[i]))
            return moxd_err_set(err, MOXD_ERR_NOTFOUND, "%s is not a member of alias %s",
                                e->words[i], e->address);
        if (accounts_tree_leave_alias(&t, alias, e->words[i], err) < 0)
            return -1;
    }
    return alias ? 0 : -1;
}

/* "post-public=true" */
static int set_option(struct moxd_node *alias, struct moxd_arena *a, const char *word,
                      struct moxd_err *err)
{
    static const char *const names[] = { "post-public", "list-members", "allow-msg-from" };
    struct moxd_str value = moxd_cstr(word), name = moxd_str_cut(&value, '=');

    for (size_t i = 0; i < MOXD_NELEMS(names); i++) {
        if (!moxd_str_eqs(name, names[i]))
            continue;
        if (!value.p || (!moxd_str_eqs(value, "true") && !moxd_str_eqs(value, "false")))
            return moxd_err_set(err, MOXD_ERR_INVALID, "%s: write %s=true or %s=false", word,
                                names[i], names[i]);
        moxd_node_set(alias, names[i], moxd_arena_cstr(a, value));
        return 0;
    }
    return moxd_err_set(err, MOXD_ERR_INVALID,
                        "\"%s\" is no option of aliases; there are post-public, list-members and "
                        "allow-msg-from",
                        word);
}

int accounts_edit_alias_update(struct moxd_node *root, void *edit, struct moxd_err *err)
{
    struct accounts_tree t MOXD_CLEANUP(accounts_tree_fini);
    const struct accounts_edit *e = edit;
    struct moxd_node *alias, *domain;

    accounts_tree_init(&t, root);
    alias = find(&t, e, &domain, err);
    for (size_t i = 0; alias && i < e->nwords; i++)
        if (set_option(alias, t.a, e->words[i], err) < 0)
            return -1;
    return alias ? 0 : -1;
}
