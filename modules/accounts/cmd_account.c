/* account add, rm, disable, enable, list, addresses. */
#include "accounts.h"

/* "local@domain" on the command line, for an account whose domain it becomes. */
static int split(const char *address, struct moxd_arena *a, const char **domain,
                 struct moxd_err *err)
{
    const char *at = strrchr(address, '@');

    if (!at || !at[1])
        return moxd_err_set(err, MOXD_ERR_INVALID, "\"%s\" is not an address: name@domain",
                            address);
    *domain = moxd_arena_strdup(a, at + 1);
    return 0;
}

int accounts_cmd_account_add(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                             struct moxd_err *err)
{
    struct accounts_edit e = { .account = argv[0], .address = argv[1] };

    (void)m, (void)argc;
    if (accounts_check_name(moxd_cstr(argv[0]), err) < 0 ||
        split(argv[1], moxd_ctl_arena(c), &e.domain, err) < 0 ||
        moxd_conf_edit(accounts_edit_account_add, &e, err) < 0)
        return -1;
    return moxd_ctl_printf(c,
                           "account %s added; set its password with: moxctl "
                           "setaccountpassword %s\n",
                           argv[0], argv[0]) < 0
               ? -1
               : 0;
}

/* First out of the configuration, so that nothing new comes in; then modules remove its data. Where that
 * failed the command is given again: the account is not configured any more then, its data is there. */
int accounts_cmd_account_rm(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                            struct moxd_err *err)
{
    struct accounts *ac = MOXD_CONTAINER(m, struct accounts, m);
    struct accounts_remove_event ev = { .account = argv[0] };
    struct accounts_edit e = { .account = argv[0] };
    struct accounts_removal removal = { .removed = false };
    bool configured = moxd_conf_edit(accounts_edit_account_rm, &e, err) == 0;

    (void)argc;
    if (!configured && err->kind != MOXD_ERR_NOTFOUND)
        return -1;
    if (moxd_fire(ac->on_remove, &ev, &removal) != MOXD_NEXT)
        return moxd_err_set(
            err, MOXD_ERR_TEMP,
            "account %s is out of the configuration, but its data could not be "
            "removed: %s; repeat the command before you add an account of that name",
            argv[0], removal.reply.text);
    if (!configured && !removal.removed)
        return -1;
    return moxd_ctl_printf(c, "account %s and all its data removed\n", argv[0]) < 0 ? -1 : 0;
}

int accounts_cmd_account_disable(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                                 struct moxd_err *err)
{
    struct accounts_edit e = { .account = argv[0], .message = argv[1] };

    (void)m, (void)argc;
    if (!*argv[1])
        return moxd_err_set(err, MOXD_ERR_INVALID, "the message for the user is empty");
    if (moxd_conf_edit(accounts_edit_account_disable, &e, err) < 0)
        return -1;
    return moxd_ctl_printf(c, "logins of account %s disabled\n", argv[0]) < 0 ? -1 : 0;
}

int accounts_cmd_account_enable(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                                struct moxd_err *err)
{
    struct accounts_edit e = { .account = argv[0] };

    (void)m, (void)argc;
    if (moxd_conf_edit(accounts_edit_account_enable, &e, err) < 0)
        return -1;
    return moxd_ctl_printf(c, "logins of account %s enabled\n", argv[0]) < 0 ? -1 : 0;
}

int accounts_cmd_account_addresses(struct moxd_instance *m, struct moxd_ctl *c, int argc,
                                   char **argv, struct moxd_err *err)
{
    struct accounts_account account;

    (void)argc;
    if (accounts_v1.get(m, argv[0], moxd_ctl_arena(c), &account, NULL) < 0)
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "there is no account \"%s\"", argv[0]);
    for (size_t i = 0; i < account.naddresses; i++)
        if (moxd_ctl_printf(c, "%s\n", account.addresses[i]) < 0)
            return moxd_err_set(err, MOXD_ERR_CLOSED, "output closed");
    return 0;
}

static int print_account(struct moxd_ctl *c, const struct accounts_account *account)
{
    int r = moxd_ctl_printf(c, "%s", account->name);

    for (size_t i = 0; r >= 0 && i < account->naddresses; i++)
        r = moxd_ctl_printf(c, "%s%s", i ? ", " : "\t", account->addresses[i]);
    if (r >= 0 && account->login_disabled)
        r = moxd_ctl_printf(c, "\t(login disabled: %s)", account->login_disabled);
    return r < 0 ? r : moxd_ctl_printf(c, "\n");
}

int accounts_cmd_account_list(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                              struct moxd_err *err)
{
    const char *const *names = accounts_v1.list(m, moxd_ctl_arena(c));

    (void)argc, (void)argv;
    for (; *names; names++) {
        struct accounts_account account;

        /* It may be gone since the list was made. */
        if (accounts_v1.get(m, *names, moxd_ctl_arena(c), &account, err) == 0 &&
            print_account(c, &account) < 0)
            return moxd_err_set(err, MOXD_ERR_CLOSED, "output closed");
    }
    return 0;
}
