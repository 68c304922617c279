/* Removing an account with everything that it has (ACCT-01).
 *
 * server.db says first that it goes, and last that it went: a crash in between is made good at the next
 * start. Its name is free as soon as the first is on disk; its id is never given out again. */
#include "roster.h"

#include "quarantine.h"

#include <errno.h>
#include <unistd.h>

/* A delivery may be making a file in a directory that is being emptied. */
enum { ATTEMPTS = 5 };

struct removal {
    struct store *s;
    uint64_t id;
};

static int remove_db(struct store_env *env, const char *file, struct moxd_err *err)
{
    int rc = env->db->dbremove(env->db, NULL, file, NULL, DB_AUTO_COMMIT);

    if (rc != 0 && rc != ENOENT && rc != DB_NOTFOUND)
        return store_env_err(env, rc, "remove database", err);
    return fsync(env->db_fd) < 0 ? moxd_err_sys(err, "fsync %s/db", env->dir) : 0;
}

static int remove_job(void *arg, struct moxd_err *err)
{
    const struct removal *r = arg;
    char file[STORE_FILE_NAME];
    int rc = -1;

    store_env_account_file(r->id, file);
    if (remove_db(r->s->env, file, err) < 0)
        return -1;
    for (int i = 0; rc < 0 && i < ATTEMPTS; i++)
        rc = store_file_remove_all(r->s->env, r->id, err);
    return rc;
}

/* Nothing uses the account's files any more. */
static int remove_data(struct store *s, uint64_t id, struct moxd_err *err)
{
    struct removal r = { s, id };

    (void)moxd_fifolock_exclusive(&s->handles, MOXD_NEVER);
    int rc = store_offload(MOXD_LANE_STORE, remove_job, &r, err);
    moxd_fifolock_release(&s->handles);
    return rc < 0 ? -1 : store_server_removed(s, id, err);
}

static int close_handle(void *arg, struct moxd_err *err)
{
    (void)err;
    store_btree_shut(arg);
    return 0;
}

static void tell(struct store_account *acc)
{
    struct store_batch *batch = store_batch_new();
    struct store_change *c =
        moxd_arena_push(batch->arena, &batch->v, &batch->n, &batch->cap, sizeof(*c));

    c->kind = STORE_CHANGE_ACCOUNT_REMOVED;
    store_publish(acc, batch);
}

/* With the lock held, so that no operation runs; those that come later are refused. */
static int detach(struct store_account *acc, struct moxd_err *err)
{
    if (store_server_removing(acc->s, acc->id, acc->bt->meta.next_uidvalidity, err) < 0)
        return -1;
    acc->removed = true;
    HASH_DEL(acc->s->accounts, acc);
    store_rosters_drop(acc);
    tell(acc);
    return store_offload(MOXD_LANE_STORE, close_handle, acc->bt, err);
}

static int remove_open(struct store_account *acc, struct moxd_err *err)
{
    (void)moxd_fifolock_exclusive(&acc->lock, MOXD_NEVER);
    int rc = store_account_check(acc, err);
    if (rc == 0)
        rc = detach(acc, err);
    moxd_fifolock_release(&acc->lock);
    return rc < 0 ? -1 : remove_data(acc->s, acc->id, err);
}

/* One in quarantine cannot be opened, and need not be. */
static int remove_quarantined(struct store *s, uint64_t id, uint32_t uidvalidity,
                              struct moxd_err *err)
{
    char done[STORE_PATH_MAX];

    if (store_server_removing(s, id, uidvalidity, err) < 0 || remove_data(s, id, err) < 0)
        return -1;
    return store_quarantine_end(s->env->dir_fd, id, done, sizeof(done), err);
}

int store_account_remove(struct store *s, const char *name, struct moxd_err *err)
{
    struct store_account *acc;
    uint64_t id;
    uint32_t uidvalidity;

    if (store_server_id(s, name, false, &id, &uidvalidity, err) < 0)
        return -1;
    if (store_quarantined(s->env->dir_fd, id))
        return remove_quarantined(s, id, uidvalidity, err);
    if (store_account_open(s, name, &acc, err) < 0)
        return -1;
    moxd_fiber_shield();
    int rc = remove_open(acc, err);
    moxd_fiber_unshield();
    store_account_close(acc);
    return rc;
}

int store_resume_removals(struct store *s, struct moxd_err *err)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_accounts list = { .arena = a };
    int rc = store_server_list(s, true, &list, err);

    for (size_t i = 0; i < list.n && rc == 0; i++)
        rc = remove_data(s, list.v[i].id, err);
    moxd_arena_free(a);
    return rc;
}

/* --- restoring --------------------------------------------------------------------------------- */

struct restoring {
    struct store *s;
    uint64_t id;
    uint32_t uidvalidity;
    const char *name;
    struct store_restored *out;
};

static int restore_job(void *arg, struct moxd_err *err)
{
    struct restoring *r = arg;
    return store_restore(r->s->env, r->id, r->name, r->uidvalidity, r->out, err);
}

int store_account_restore(struct store *s, const char *name, struct store_restored *out, char *done,
                          size_t cap, struct moxd_err *err)
{
    struct restoring r = { .s = s, .name = name, .out = out };

    if (store_server_id(s, name, false, &r.id, &r.uidvalidity, err) < 0)
        return -1;
    moxd_fiber_shield();
    (void)moxd_fifolock_exclusive(&s->handles, MOXD_NEVER);
    int rc = store_quarantined(s->env->dir_fd, r.id)
                 ? store_offload(MOXD_LANE_STORE, restore_job, &r, err)
                 : moxd_err_set(err, MOXD_ERR_STATE, "account %s is not in quarantine", name);
    if (rc == 0)
        rc = store_quarantine_end(s->env->dir_fd, r.id, done, cap, err);
    moxd_fifolock_release(&s->handles);
    moxd_fiber_unshield();
    return rc;
}
