/* Changes of accounts and their addresses. */
#include "tree.h"

int accounts_edit_account_add(struct moxd_node *root, void *edit, struct moxd_err *err)
{
    struct accounts_tree t MOXD_CLEANUP(accounts_tree_fini);
    const struct accounts_edit *e = edit;
    struct moxd_node *account;

    accounts_tree_init(&t, root);
    if (moxd_node_find(root, "account", e->account))
        return moxd_err_set(err, MOXD_ERR_EXISTS, "account \"%s\" exists already", e->account);
    if (accounts_tree_check_free(&t, e->address, err) < 0)
        return -1;
    account = moxd_node_add_block(root, "account", e->account);
    moxd_node_set(account, "domain", e->domain);
    moxd_node_add_block(account, "address", e->address);
    return 0;
}

int accounts_edit_account_rm(struct moxd_node *root, void *edit, struct moxd_err *err)
{
    struct accounts_tree t MOXD_CLEANUP(accounts_tree_fini);
    const struct accounts_edit *e = edit;
    struct moxd_node *account;

    accounts_tree_init(&t, root);
    account = accounts_tree_account(&t, e->account, err);
    if (!account)
        return -1;
    for (struct moxd_node *ad = NULL; (ad = moxd_node_next(account, ad, "address"));)
        if (accounts_tree_leave_aliases(&t, moxd_node_label(ad), err) < 0)
            return -1;
    moxd_node_remove(root, account);
    return 0;
}

int accounts_edit_address_add(struct moxd_node *root, void *edit, struct moxd_err *err)
{
    struct accounts_tree t MOXD_CLEANUP(accounts_tree_fini);
    const struct accounts_edit *e = edit;
    struct moxd_node *account;

    accounts_tree_init(&t, root);
    account = accounts_tree_account(&t, e->account, err);
    if (!account)
        return -1;
    if (accounts_tree_check_free(&t, e->address, err) < 0)
        return -1;
    moxd_node_add_block(account, "address", e->address);
    return 0;
}

int accounts_edit_address_rm(struct moxd_node *root, void *edit, struct moxd_err *err)
{
    struct accounts_tree t MOXD_CLEANUP(accounts_tree_fini);
    const struct accounts_edit *e = edit;
    struct moxd_node *account, *ad;

    accounts_tree_init(&t, root);
    ad = accounts_tree_find(&t, e->address, &account);
    if (!ad)
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "there is no address \"%s\"", e->address);
    if (accounts_tree_leave_aliases(&t, moxd_node_label(ad), err) < 0)
        return -1;
    moxd_node_remove(account, ad);
    return 0;
}

int accounts_edit_account_disable(struct moxd_node *root, void *edit, struct moxd_err *err)
{
    struct accounts_tree t MOXD_CLEANUP(accounts_tree_fini);
    const struct accounts_edit *e = edit;
    struct moxd_node *account;

    accounts_tree_init(&t, root);
    account = accounts_tree_account(&t, e->account, err);
    if (!account)
        return -1;
    moxd_node_set(account, "login-disabled", e->message);
    return 0;
}

int accounts_edit_account_enable(struct moxd_node *root, void *edit, struct moxd_err *err)
{
    struct accounts_tree t MOXD_CLEANUP(accounts_tree_fini);
    const struct accounts_edit *e = edit;
    struct moxd_node *account;

    accounts_tree_init(&t, root);
    account = accounts_tree_account(&t, e->account, err);
    if (!account)
        return -1;
    if (!accounts_tree_unset(account, "login-disabled"))
        return moxd_err_set(err, MOXD_ERR_STATE, "logins of account %s are not disabled",
                            e->account);
    return 0;
}
