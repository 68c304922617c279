/* domains.conf as a tree that commands change. */
#ifndef ACCOUNTS_TREE_H
#define ACCOUNTS_TREE_H

#include "accounts.h"

/* The domains of the tree with their rules, so that an address written in another way (case, A-labels,
 * quoting) is known to be the same. */
struct accounts_tree_domain {
    struct moxd_str key;
    struct moxd_localpart_rules rules;
    struct moxd_node *node;
};
struct accounts_tree {
    struct moxd_node *root;
    struct moxd_arena *a;
    struct accounts_tree_domain *domains;
    size_t ndomains, cap;
};

/* Also writes labels that are localparts only in full (CORE-16). */
void accounts_tree_init(struct accounts_tree *t, struct moxd_node *root);
void accounts_tree_fini(struct accounts_tree *t);

int accounts_tree_parse_domain(struct accounts_tree *t, const char *text, struct moxd_domain *out,
                               struct moxd_err *err) MOXD_CHECKED;
/* By its A-labels; NULL when there is none. */
struct accounts_tree_domain *accounts_tree_find_domain(struct accounts_tree *t,
                                                       struct moxd_str key);
/* As people write it. NULL with *err. */
struct accounts_tree_domain *accounts_tree_domain(struct accounts_tree *t, const char *text,
                                                  struct moxd_err *err);
/* NULL with *err. */
struct moxd_node *accounts_tree_account(struct accounts_tree *t, const char *name,
                                        struct moxd_err *err);
/* What the lookup tables would know the address by; the text itself when it is malformed. */
const char *accounts_tree_key(struct accounts_tree *t, const char *text);
/* The block of an address, with the account that has it; NULL. */
struct moxd_node *accounts_tree_find(struct accounts_tree *t, const char *address,
                                     struct moxd_node **account);
/* The block of an alias, with the block of its domain; NULL. */
struct moxd_node *accounts_tree_find_alias(struct accounts_tree *t, const char *address,
                                           struct moxd_node **domain);
/* -1 when the address cannot be added: an account or an alias has it (CORE-24), or it contains a
 * separator (CORE-23). */
int accounts_tree_check_free(struct accounts_tree *t, const char *address,
                             struct moxd_err *err) MOXD_CHECKED;
/* Takes the address out of an alias, where it may not be; -1 when it is the last member (ACCT-04). */
int accounts_tree_leave_alias(struct accounts_tree *t, struct moxd_node *alias, const char *address,
                              struct moxd_err *err) MOXD_CHECKED;
/* Out of all of them (ACCT-03). */
int accounts_tree_leave_aliases(struct accounts_tree *t, const char *address,
                                struct moxd_err *err) MOXD_CHECKED;
/* Removes a setting, so that its default holds; false when it is not there. */
bool accounts_tree_unset(struct moxd_node *block, const char *name);

#endif
