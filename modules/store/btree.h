/* One btree: of an account, or server.db. Blocks; for workers. */
#ifndef STORE_BTREE_H
#define STORE_BTREE_H

#include "env.h"
#include "ids.h"

struct moxd_hook_ref;

struct store_btree {
    struct store_env *env;
    DB *db;
    uint64_t id;              /* of the account; 0: the server */
    struct store_meta meta;   /* as last committed; written under the account's lock */
    struct store_ids ids;
    char file[STORE_FILE_NAME];
    char *name;               /* of the account, "" for the server */
    const struct moxd_hook_ref *hooks; /* on_store_change, NULL-ended; NULL: none */
    const struct store_v1 *api;        /* for hooks */
};
/* Opens the file; creates it when `create` is set. NOTFOUND otherwise. The counters are not yet read. */
int store_btree_open(struct store_env *env, uint64_t id, const char *name, bool create,
                     struct store_btree **out, struct moxd_err *err) MOXD_CHECKED;
/* Closes the file; the struct stays. */
void store_btree_shut(struct store_btree *bt);
/* Closes and frees; NULL is fine. Nobody may be using it. */
void store_btree_close(struct store_btree *bt);

#endif
