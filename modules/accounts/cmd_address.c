/* address add, rm, account. */
#include "accounts.h"

int accounts_cmd_address_add(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                             struct moxd_err *err)
{
    struct accounts_edit e = { .address = argv[0], .account = argv[1] };

    (void)m, (void)argc;
    if (!strchr(argv[0], '@'))
        return moxd_err_set(err, MOXD_ERR_INVALID,
                            "\"%s\" is not an address: name@domain, or @domain for a catchall",
                            argv[0]);
    if (moxd_conf_edit(accounts_edit_address_add, &e, err) < 0)
        return -1;
    return moxd_ctl_printf(c, "address %s added to account %s\n", argv[0], argv[1]) < 0 ? -1 : 0;
}

int accounts_cmd_address_rm(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                            struct moxd_err *err)
{
    struct accounts_edit e = { .address = argv[0] };

    (void)m, (void)argc;
    if (moxd_conf_edit(accounts_edit_address_rm, &e, err) < 0)
        return -1;
    return moxd_ctl_printf(c, "address %s removed\n", argv[0]) < 0 ? -1 : 0;
}

/* Only addresses as they are configured: what a message to others would do is for resolve(). */
int accounts_cmd_address_account(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                                 struct moxd_err *err)
{
    const struct accounts_table *t = MOXD_CONTAINER(m, struct accounts, m)->table;
    struct moxd_arena *a = moxd_ctl_arena(c);
    const struct accounts_entry *e;
    struct moxd_address ad;
    bool catchall;

    (void)argc;
    if (accounts_parse_address(t, a, argv[0], NULL, &ad, &catchall, err) < 0)
        return -1;
    const struct accounts_domain *d = accounts_find_domain(t, ad.domain.ascii.p);
    if (catchall)
        e = accounts_find_catchall(t, d->key);
    else
        e = accounts_find_entry(t, accounts_canonical(d, ad.localpart, a), d->key);
    if (!e)
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "there is no address \"%s\"", argv[0]);
    if (e->alias)
        return moxd_err_set(err, MOXD_ERR_STATE, "%s is an alias: see moxctl alias print %s",
                            e->address, e->address);
    return moxd_ctl_printf(c, "%s\n", e->account->head.label) < 0 ? -1 : 0;
}
