/* alias list, print, members, add, update, rm, addaddr, rmaddr. */
#include "accounts.h"

enum { OUTPUT_MAX = 64 << 20 };

static int print(struct moxd_ctl *c, struct moxd_buf *b, struct moxd_err *err)
{
    int r = moxd_ctl_write(c, moxd_buf_cstr(b), b->n);

    moxd_buf_fini(b);
    return r < 0 ? moxd_err_set(err, MOXD_ERR_CLOSED, "output closed") : 0;
}

/* ---- list, print: the text is made first, since the tables may be others after output */

static int find_domain(const struct accounts_table *t, struct moxd_arena *a, const char *text,
                       const struct accounts_domain **out, struct moxd_err *err)
{
    struct moxd_domain d;

    if (moxd_domain_parse(moxd_cstr(text), MOXD_ADDRESS_UTF8, a, &d, err) < 0)
        return -1;
    *out = accounts_find_domain(t, d.ascii.p);
    return *out ? 0 : moxd_err_set(err, MOXD_ERR_NOTFOUND, "there is no domain \"%s\"", text);
}

static bool in_domain(const struct accounts_entry *e, const struct accounts_domain *d)
{
    return !d || strcmp(strrchr(e->key, '@') + 1, d->key) == 0;
}

static void add_alias(struct moxd_buf *b, const struct accounts_entry *e)
{
    moxd_buf_adds(b, e->address);
    for (size_t i = 0; e->members[i]; i++)
        moxd_buf_addf(b, "%s%s", i ? ", " : "\t", e->members[i]);
    moxd_buf_addc(b, '\n');
}

int accounts_cmd_alias_list(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                            struct moxd_err *err)
{
    const struct accounts_table *t = MOXD_CONTAINER(m, struct accounts, m)->table;
    const struct accounts_domain *d = NULL;
    struct moxd_buf b = MOXD_BUF_INIT(OUTPUT_MAX);

    if (argc > 0 && find_domain(t, moxd_ctl_arena(c), argv[0], &d, err) < 0)
        return -1;
    for (size_t i = 0; i < t->nentries; i++)
        if (t->entries[i].alias && in_domain(&t->entries[i], d))
            add_alias(&b, &t->entries[i]);
    return print(c, &b, err);
}

static const char *yes_no(bool b)
{
    return b ? "true" : "false";
}

int accounts_cmd_alias_print(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                             struct moxd_err *err)
{
    const struct accounts_table *t = MOXD_CONTAINER(m, struct accounts, m)->table;
    struct moxd_buf b = MOXD_BUF_INIT(OUTPUT_MAX);
    struct moxd_arena *a = moxd_ctl_arena(c);
    struct moxd_address ad;
    bool catchall;

    (void)argc;
    if (accounts_parse_address(t, a, argv[0], NULL, &ad, &catchall, err) < 0)
        return -1;
    const struct accounts_domain *d = accounts_find_domain(t, ad.domain.ascii.p);
    const struct accounts_entry *e =
        catchall ? NULL : accounts_find_entry(t, accounts_canonical(d, ad.localpart, a), d->key);
    if (!e || !e->alias)
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "there is no alias \"%s\"", argv[0]);
    moxd_buf_addf(&b, "post-public=%s\nlist-members=%s\nallow-msg-from=%s\n",
                  yes_no(e->alias->post_public), yes_no(e->alias->list_members),
                  yes_no(e->alias->allow_msg_from));
    for (size_t i = 0; e->members[i]; i++)
        moxd_buf_addf(&b, "%s\n", e->members[i]);
    return print(c, &b, err);
}

/* As the web pages and programs of the account will show them. */
int accounts_cmd_alias_members(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                               struct moxd_err *err)
{
    struct moxd_buf b = MOXD_BUF_INIT(OUTPUT_MAX);
    struct moxd_arena *a = moxd_ctl_arena(c);
    const char *const *members;
    struct moxd_address ad;
    bool catchall;

    (void)argc;
    if (accounts_parse_address(MOXD_CONTAINER(m, struct accounts, m)->table, a, argv[0], NULL, &ad,
                               &catchall, err) < 0 ||
        accounts_v1.alias_members(m, argv[1], ad.localpart, ad.domain.ascii, a, &members, err) < 0)
        return -1;
    for (; *members; members++)
        moxd_buf_addf(&b, "%s\n", *members);
    return print(c, &b, err);
}

/* ---- changes */

static int change(struct moxd_ctl *c, accounts_edit_fn *fn, int argc, char **argv, const char *done,
                  struct moxd_err *err) MOXD_SUSPENDS;
static int change(struct moxd_ctl *c, accounts_edit_fn *fn, int argc, char **argv, const char *done,
                  struct moxd_err *err)
{
    struct accounts_edit e = { .address = argv[0],
                               .words = (const char *const *)argv + 1,
                               .nwords = (size_t)argc - 1 };

    if (moxd_conf_edit(fn, &e, err) < 0)
        return -1;
    return moxd_ctl_printf(c, "alias %s %s\n", argv[0], done) < 0 ? -1 : 0;
}

int accounts_cmd_alias_add(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                           struct moxd_err *err)
{
    (void)m;
    return change(c, accounts_edit_alias_add, argc, argv, "added", err);
}

int accounts_cmd_alias_update(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                              struct moxd_err *err)
{
    (void)m;
    return change(c, accounts_edit_alias_update, argc, argv, "changed", err);
}

int accounts_cmd_alias_rm(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                          struct moxd_err *err)
{
    (void)m;
    return change(c, accounts_edit_alias_rm, argc, argv, "removed", err);
}

int accounts_cmd_alias_addaddr(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                               struct moxd_err *err)
{
    (void)m;
    return change(c, accounts_edit_alias_addaddr, argc, argv, "changed", err);
}

int accounts_cmd_alias_rmaddr(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                              struct moxd_err *err)
{
    (void)m;
    return change(c, accounts_edit_alias_rmaddr, argc, argv, "changed", err);
}
