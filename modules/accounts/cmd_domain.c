/* domain add, rm, disable, enable, list. */
#include "accounts.h"

int accounts_cmd_domain_add(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                            struct moxd_err *err)
{
    struct accounts_edit e = { .domain = argv[0] };

    (void)m, (void)argc;
    if (moxd_conf_edit(accounts_edit_domain_add, &e, err) < 0)
        return -1;
    return moxd_ctl_printf(c, "domain %s added\n", argv[0]) < 0 ? -1 : 0;
}

int accounts_cmd_domain_rm(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                           struct moxd_err *err)
{
    struct accounts_edit e = { .domain = argv[0] };

    (void)m, (void)argc;
    if (moxd_conf_edit(accounts_edit_domain_rm, &e, err) < 0)
        return -1;
    return moxd_ctl_printf(c, "domain %s removed\n", argv[0]) < 0 ? -1 : 0;
}

int accounts_cmd_domain_disable(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                                struct moxd_err *err)
{
    struct accounts_edit e = { .domain = argv[0] };

    (void)m, (void)argc;
    if (moxd_conf_edit(accounts_edit_domain_disable, &e, err) < 0)
        return -1;
    return moxd_ctl_printf(c, "domain %s disabled\n", argv[0]) < 0 ? -1 : 0;
}

int accounts_cmd_domain_enable(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                               struct moxd_err *err)
{
    struct accounts_edit e = { .domain = argv[0] };

    (void)m, (void)argc;
    if (moxd_conf_edit(accounts_edit_domain_enable, &e, err) < 0)
        return -1;
    return moxd_ctl_printf(c, "domain %s enabled\n", argv[0]) < 0 ? -1 : 0;
}

int accounts_cmd_domain_list(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                             struct moxd_err *err)
{
    const struct accounts_table *t = MOXD_CONTAINER(m, struct accounts, m)->table;
    struct moxd_buf b = MOXD_BUF_INIT(64 << 20);
    int r;

    (void)argc, (void)argv;
    for (size_t i = 0; i < t->ndomains; i++)
        moxd_buf_addf(&b, "%s%s\n", t->domains[i].name,
                      t->domains[i].conf->disabled ? "\t(disabled)" : "");
    r = moxd_ctl_write(c, moxd_buf_cstr(&b), b.n);
    moxd_buf_fini(&b);
    return r < 0 ? moxd_err_set(err, MOXD_ERR_CLOSED, "output closed") : 0;
}
