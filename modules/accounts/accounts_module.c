/* The accounts module's tables. */
#include "accounts.h"

MOXD_POINT_THUNK(on_account_remove, struct accounts_removal)
MOXD_POINT_THUNK(on_domain_add, struct accounts_new_domain)
static const struct moxd_point_def points[] = {
    MOXD_POINT(on_account_remove, MOXD_TRANSFORM, "struct accounts_remove_event",
               "An account has left the configuration: modules remove what they keep of it."),
    MOXD_POINT(on_domain_add, MOXD_TRANSFORM, "struct accounts_domain_event",
               "A domain is about to be added: modules make what a new one gets, such as keys."),
    { 0 },
};
static const struct moxd_interface provides[] = { { "accounts", 1, 3, &accounts_v1 }, { 0 } };

static void check(struct moxd_instance *m, const struct moxd_conf *conf, struct moxd_problems *out)
{
    accounts_table_free(accounts_table_new(m, conf, out));
}

static int init(struct moxd_instance *m, const struct moxd_conf *conf, struct moxd_err *err)
{
    struct accounts *ac = MOXD_CONTAINER(m, struct accounts, m);

    (void)conf, (void)err;
    ac->on_remove = moxd_point_get(m, "on_account_remove");
    ac->on_domain_add = moxd_point_get(m, "on_domain_add");
    return 0;
}

/* The new table replaces the old one at once: callers copied what they keep. */
static void reload(struct moxd_instance *m, const struct moxd_conf *conf)
{
    struct accounts *ac = MOXD_CONTAINER(m, struct accounts, m);
    struct accounts_table *old = ac->table;

    ac->table = accounts_table_new(m, conf, NULL);
    ac->table->conf = moxd_conf_ref(conf);
    accounts_table_free(old);
}

static void stop(struct moxd_instance *m)
{
    struct accounts *ac = MOXD_CONTAINER(m, struct accounts, m);

    accounts_table_free(ac->table);
    ac->table = NULL;
}

const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("accounts", PACKAGE_VERSION, "domains, accounts, addresses and aliases"),
    .provides = provides,
    .conf = &accounts_static_block,
    .dynamic = &accounts_dynamic_block,
    .points = points,
    .commands = accounts_commands,
    .instance_size = sizeof(struct accounts),
    .check = check,
    .init = init,
    .reload = reload,
    .stop = stop,
};
