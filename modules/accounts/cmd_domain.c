/* domain add, rm, disable, enable, list. */
#include "accounts.h"

/* Lets modules make what a new domain gets; not for one that cannot be added, which the edit tells. */
static int prepare(struct accounts *ac, struct moxd_arena *a, struct accounts_new_domain *nd,
                   const char *domain, struct moxd_err *err)
{
    struct moxd_domain d;

    if (moxd_domain_parse(moxd_cstr(domain), MOXD_ADDRESS_UTF8, a, &d, NULL) < 0 || d.ip_len > 0 ||
        accounts_find_domain(ac->table, d.ascii.p))
        return 0;
    struct accounts_domain_event ev = { .domain = d.ascii.p, .arena = a };
    if (moxd_fire(ac->on_domain_add, &ev, nd) == MOXD_NEXT)
        return 0;
    return moxd_err_set(err, MOXD_ERR_TEMP, "domain %s was not added: %s%s%s", domain,
                        nd->reply.text, nd->reply.detail[0] ? ": " : "", nd->reply.detail);
}

int accounts_cmd_domain_add(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                            struct moxd_err *err)
{
    struct accounts *ac = MOXD_CONTAINER(m, struct accounts, m);
    struct moxd_buf say = MOXD_BUF_INIT(64 << 10);
    struct accounts_new_domain nd = { .say = &say };
    struct accounts_edit e = { .domain = argv[0], .new_domain = &nd };

    (void)argc;
    int rc = prepare(ac, moxd_ctl_arena(c), &nd, argv[0], err);
    if (rc == 0)
        rc = moxd_conf_edit(accounts_edit_domain_add, &e, err);
    if (rc == 0 && moxd_ctl_printf(c, "domain %s added\n%s", argv[0], moxd_buf_cstr(&say)) < 0)
        rc = moxd_err_set(err, MOXD_ERR_CLOSED, "output closed");
    moxd_buf_fini(&say);
    return rc;
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
