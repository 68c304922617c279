/* Changes of domains. */
#include "tree.h"

int accounts_edit_domain_add(struct moxd_node *root, void *edit, struct moxd_err *err)
{
    struct accounts_tree t MOXD_CLEANUP(accounts_tree_fini);
    const struct accounts_edit *e = edit;
    struct moxd_domain d;

    accounts_tree_init(&t, root);
    if (accounts_tree_parse_domain(&t, e->domain, &d, err) < 0)
        return -1;
    if (d.ip_len > 0)
        return moxd_err_set(err, MOXD_ERR_INVALID, "\"%s\" is not a domain name", e->domain);
    if (accounts_tree_find_domain(&t, d.ascii))
        return moxd_err_set(err, MOXD_ERR_EXISTS, "domain \"%s\" exists already", e->domain);
    struct moxd_node *domain = moxd_node_add_block(root, "domain", d.utf8.p);
    for (size_t i = 0; e->new_domain && i < e->new_domain->nbuilders; i++)
        e->new_domain->builders[i].build(domain, e->new_domain->builders[i].arg);
    return 0;
}

/* Accounts and addresses in it are found by the check of the result, which names them. */
int accounts_edit_domain_rm(struct moxd_node *root, void *edit, struct moxd_err *err)
{
    struct accounts_tree t MOXD_CLEANUP(accounts_tree_fini);
    const struct accounts_edit *e = edit;
    struct accounts_tree_domain *td;

    accounts_tree_init(&t, root);
    td = accounts_tree_domain(&t, e->domain, err);
    if (!td)
        return -1;
    moxd_node_remove(root, td->node);
    return 0;
}

int accounts_edit_domain_disable(struct moxd_node *root, void *edit, struct moxd_err *err)
{
    struct accounts_tree t MOXD_CLEANUP(accounts_tree_fini);
    const struct accounts_edit *e = edit;
    struct accounts_tree_domain *td;

    accounts_tree_init(&t, root);
    td = accounts_tree_domain(&t, e->domain, err);
    if (!td)
        return -1;
    moxd_node_set(td->node, "disabled", "true");
    return 0;
}

int accounts_edit_domain_enable(struct moxd_node *root, void *edit, struct moxd_err *err)
{
    struct accounts_tree t MOXD_CLEANUP(accounts_tree_fini);
    const struct accounts_edit *e = edit;
    struct accounts_tree_domain *td;

    accounts_tree_init(&t, root);
    td = accounts_tree_domain(&t, e->domain, err);
    if (!td)
        return -1;
    if (!accounts_tree_unset(td->node, "disabled"))
        return moxd_err_set(err, MOXD_ERR_STATE, "domain %s is not disabled", e->domain);
    return 0;
}
