/* The accounts module's own header: configuration structs, lookup tables, what files share. */
#ifndef ACCOUNTS_H
#define ACCOUNTS_H

#include "accounts_api.h"
#include <moxd/module.h>
#include <moxmail/address.h>

enum accounts_limits {
    ACCOUNTS_NAME_MAX = 63,     /* of an account: a label for people and logs */
    ACCOUNTS_ADDRESS_MAX = 400, /* an address as a lookup key */
    ACCOUNTS_MESSAGE_MAX = 256, /* of login-disabled (P-CORE-17) */
};

/* moxd.conf: accounts { } */
struct accounts_static_conf {
    struct moxd_conf_head head;
    const char *fallback;
    const char *postmaster;
};
/* domains.conf */
struct accounts_dynamic_conf {
    struct moxd_conf_head head;
    struct moxd_blocks domains, accounts;
};
struct accounts_domain_conf {
    struct moxd_conf_head head;
    const char *description;
    bool disabled, case_sensitive;
    struct moxd_strings separators;
    struct moxd_blocks aliases;
};
struct accounts_alias_conf {
    struct moxd_conf_head head; /* label: localpart */
    struct moxd_strings members;
    bool post_public, list_members, allow_msg_from;
};
struct accounts_account_conf {
    struct moxd_conf_head head; /* label: name */
    const char *domain, *full_name, *description, *login_disabled;
    struct moxd_blocks addresses;
};
struct accounts_address_conf {
    struct moxd_conf_head head; /* label: address, "@domain", or a localpart (deprecated) */
    const char *full_name, *mailbox, *smtp_error;
};
extern const struct moxd_block accounts_static_block, accounts_dynamic_block;

/* Lookup tables of one generation, sorted by key. */
struct accounts_domain {
    const char *key;  /* A-label form, lower case */
    const char *name; /* as configured */
    const struct accounts_domain_conf *conf;
    struct moxd_localpart_rules rules;
};
struct accounts_entry {
    const char *key;     /* canonical localpart, "@", domain key; catchalls: domain key, which
                                     has no "@", so that "" @example.org is another one */
    const char *address; /* canonical, as people read it */
    const struct accounts_account_conf *account; /* NULL: an alias */
    const struct accounts_address_conf *conf;
    const struct accounts_alias_conf *alias;
    const char *const *members; /* of the alias, canonical, NULL-ended */
    struct moxd_pos pos;
    size_t next; /* index of the account's next address + 1, 0: none */
};
struct accounts_owner {
    const char *name;
    const struct accounts_account_conf *conf;
    size_t first; /* index of its first address + 1, 0: none */
    size_t naddresses;
};
struct accounts_table {
    struct moxd_arena *a;
    struct moxd_conf *conf; /* the generation that the pointers are into; NULL during a check */
    const char *hostname;   /* key of the host name, or NULL */
    const struct accounts_static_conf *own;
    const struct accounts_dynamic_conf *dynamic;
    struct accounts_domain *domains;
    size_t ndomains, domains_cap;
    struct accounts_entry *entries;
    size_t nentries, entries_cap;
    struct accounts_owner *owners; /* sorted by name */
    size_t nowners, owners_cap;
};
struct accounts {
    struct moxd_instance m;
    struct accounts_table *table;
    struct moxd_point *on_remove, *on_domain_add;
};

/* table.c. With `out` NULL problems are passed over: they were reported by the check. */
struct accounts_table *accounts_table_new(struct moxd_instance *m, const struct moxd_conf *conf,
                                          struct moxd_problems *out);
void accounts_table_free(struct accounts_table *t);
const struct accounts_domain *accounts_find_domain(const struct accounts_table *t, const char *key);
const struct accounts_entry *accounts_find_entry(const struct accounts_table *t,
                                                 const char *localpart, const char *domain);
const struct accounts_entry *accounts_find_catchall(const struct accounts_table *t,
                                                    const char *domain);
const struct accounts_owner *accounts_find_owner(const struct accounts_table *t, const char *name);
/* For the chain of an account's addresses, from owner->first over entry->next. NULL at its end. */
static inline const struct accounts_entry *accounts_entry_at(const struct accounts_table *t,
                                                             size_t index)
{
    return index > 0 ? &t->entries[index - 1] : NULL;
}
/* An address of the configuration: "local@domain", "@domain" (*catchall), or "local" with the account's
 * domain. The key of its domain rules must be known to t. -1 with *err. */
int accounts_parse_address(const struct accounts_table *t, struct moxd_arena *a, const char *text,
                           const char *default_domain, struct moxd_address *out, bool *catchall,
                           struct moxd_err *err) MOXD_CHECKED;
/* Canonical localpart under the rules of the domain. */
const char *accounts_canonical(const struct accounts_domain *d, struct moxd_str localpart,
                               struct moxd_arena *a);

/* lookup.c: the functions of accounts/1. */
extern const struct accounts_v1 accounts_v1;

/* commands.c, cmd_*.c */
extern const struct moxd_command accounts_commands[];
typedef int accounts_cmd_fn(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                            struct moxd_err *err) MOXD_SUSPENDS;
accounts_cmd_fn accounts_cmd_account_add, accounts_cmd_account_rm, accounts_cmd_account_list,
    accounts_cmd_account_addresses, accounts_cmd_account_disable, accounts_cmd_account_enable,
    accounts_cmd_address_add, accounts_cmd_address_rm, accounts_cmd_address_account,
    accounts_cmd_domain_add, accounts_cmd_domain_rm, accounts_cmd_domain_list,
    accounts_cmd_domain_disable, accounts_cmd_domain_enable, accounts_cmd_alias_list,
    accounts_cmd_alias_print, accounts_cmd_alias_members, accounts_cmd_alias_add,
    accounts_cmd_alias_update, accounts_cmd_alias_rm, accounts_cmd_alias_addaddr,
    accounts_cmd_alias_rmaddr;
/* edit_*.c: changes of domains.conf, on its tree, for moxd_conf_edit. Each also writes localpart-only
 * labels as full addresses (CORE-16). The check of the result finds what they do not. */
struct accounts_edit {
    const char *account, *address, *domain;
    const char *message;      /* of login-disabled */
    const char *const *words; /* members or options of the alias `address` */
    size_t nwords;
    const struct accounts_new_domain *new_domain;
};
typedef int accounts_edit_fn(struct moxd_node *root, void *edit, struct moxd_err *err);
accounts_edit_fn accounts_edit_account_add, accounts_edit_account_rm, accounts_edit_address_add,
    accounts_edit_address_rm, accounts_edit_domain_add, accounts_edit_domain_rm,
    accounts_edit_account_disable, accounts_edit_account_enable, accounts_edit_domain_disable,
    accounts_edit_domain_enable, accounts_edit_alias_add, accounts_edit_alias_rm,
    accounts_edit_alias_addaddr, accounts_edit_alias_rmaddr, accounts_edit_alias_update;
/* Whether a name may be that of an account. */
int accounts_check_name(struct moxd_str name, struct moxd_err *err) MOXD_CHECKED;

#endif
