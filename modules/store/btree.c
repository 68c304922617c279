#include "btree.h"

#include "pages.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int open_file(struct store_btree *bt, bool create, struct moxd_err *err)
{
    struct store_env *env = bt->env;
    uint32_t flags = DB_AUTO_COMMIT | DB_THREAD | (create ? (uint32_t)DB_CREATE : 0);
    int rc = db_create(&bt->db, env->db, 0);
    if (rc != 0)
        return store_env_err(env, rc, "create handle", err);
    /* nosuspend: of the database, which has a member of that name */
    rc = bt->db->set_flags(bt->db, DB_CHKSUM);
    if (rc == 0)
        rc = bt->db->set_pagesize(bt->db, STORE_PAGE_SIZE);
    if (rc == 0)
        /* nosuspend: of the database */
        rc = bt->db->open(bt->db, NULL, bt->file, NULL, DB_BTREE, flags, 0600);
    if (rc == ENOENT)
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "%s is not there", bt->file);
    if (rc == EINVAL || rc == DB_OLD_VERSION) /* it is no database, or cut off */
        store_env_blame(env, bt->file, rc);
    if (rc != 0)
        return store_env_file_err(env, bt->file, rc, bt->file, err);
    if (create && fsync(env->db_fd) < 0)
        return moxd_err_sys(err, "fsync %s/db", env->dir);
    return 0;
}

int store_btree_open(struct store_env *env, uint64_t id, const char *name, bool create,
                     struct store_btree **out, struct moxd_err *err)
{
    struct store_btree *bt = moxd_xcalloc(1, sizeof(*bt));

    bt->env = env;
    bt->id = id;
    bt->name = moxd_xstrdup(name);
    bt->meta.next_id = bt->meta.low_id = 1;
    store_ids_init(&bt->ids, 1);
    if (id == 0)
        snprintf(bt->file, sizeof(bt->file), "server.db");
    else
        store_env_account_file(id, bt->file);
    if (open_file(bt, create, err) < 0) {
        store_btree_close(bt);
        return -1;
    }
    *out = bt;
    return 0;
}

void store_btree_shut(struct store_btree *bt)
{
    if (bt->db != NULL)
        (void)bt->db->close(bt->db, DB_NOSYNC);
    bt->db = NULL;
}

void store_btree_close(struct store_btree *bt)
{
    if (bt == NULL)
        return;
    store_btree_shut(bt);
    store_ids_fini(&bt->ids);
    free(bt->name);
    free(bt);
}
