/* Accounts that are open: a handle on the btree, a lock, watches. They stay open for a while when
 * nobody uses them, since opening costs more than keeping. */
#include "store.h"

#include "changed.h"
#include "parsed.h"
#include "quarantine.h"
#include "roster.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <utlist.h>

/* --- fibers of the store ----------------------------------------------------------------------- */

void store_spawn(struct store *s, const char *name, void (*fn)(void *arg), void *arg)
{
    s->fibers++;
    (void)moxd_fiber_spawn(name, fn, arg);
}

void store_spawn_ended(struct store *s)
{
    moxd_assert(s->fibers > 0);
    if (--s->fibers == 0)
        moxd_waitq_wake_all(&s->idle_wait);
}

/* --- references -------------------------------------------------------------------------------- */

static void free_account(struct store_account *acc)
{
    moxd_assert(acc->refs == 0 && acc->watches == NULL && acc->rosters == NULL && !acc->erasing);
    store_btree_close(acc->bt);
    free(acc->erase);
    free(acc->name);
    free(acc);
}

static int close_job(void *arg, struct moxd_err *err)
{
    (void)err;
    free_account(arg);
    return 0;
}

/* Closing writes nothing, but takes the file's handle lock: not while a file is being removed. */
static void close_main(void *arg)
{
    struct store_account *acc = arg;
    struct store *s = acc->s;

    moxd_fiber_shield();
    store_rosters_drop(acc);
    (void)moxd_fifolock_exclusive(&s->handles, MOXD_NEVER);
    (void)!store_offload(MOXD_LANE_STORE, close_job, acc, NULL);
    moxd_fifolock_release(&s->handles);
    moxd_fiber_unshield();
    store_spawn_ended(s);
}

/* The oldest idle one is closed. */
static void evict(struct store *s)
{
    struct store_account *acc = s->idle;

    DL_DELETE2(s->idle, acc, idle_prev, idle_next);
    s->nidle--;
    HASH_DEL(s->accounts, acc);
    store_spawn(s, "store-close", close_main, acc);
}

struct store_account *store_account_ref(struct store_account *acc)
{
    moxd_assert(acc->refs > 0);
    acc->refs++;
    return acc;
}

struct store_account *store_account_as(struct store_account *acc, uint64_t viewer)
{
    struct store_account *base = store_account_ref(store_account_base(acc)), *as;

    if (viewer == 0 || viewer == base->id)
        return base;
    as = moxd_xcalloc(1, sizeof(*as));
    *as = (struct store_account){
        .s = base->s, .refs = 1, .base = base, .viewer = viewer, .name = base->name, .id = base->id
    };
    return as;
}

static void close_viewer(struct store_account *as)
{
    if (--as->refs > 0)
        return;
    store_account_close(as->base);
    free(as);
}

void store_account_close(struct store_account *acc)
{
    struct store *s = acc->s;

    moxd_assert(acc->refs > 0);
    if (acc->base != NULL) {
        close_viewer(acc);
        return;
    }
    if (acc->refs == 1 && acc != s->server && store_check_start(acc))
        return;
    if (--acc->refs > 0 || acc == s->server)
        return;
    if (acc->removed) { /* not in the hash any more */
        store_spawn(s, "store-close", close_main, acc);
        return;
    }
    DL_APPEND2(s->idle, acc, idle_prev, idle_next);
    if (++s->nidle > s->opt.open_accounts)
        evict(s);
}

static void use(struct store_account *acc)
{
    if (acc->refs++ > 0)
        return;
    DL_DELETE2(acc->s->idle, acc, idle_prev, idle_next);
    acc->s->nidle--;
}

/* --- opening ----------------------------------------------------------------------------------- */

struct opening {
    struct store_account *acc;
    uint32_t uidvalidity;
    bool wrote;
    struct moxd_arena *arena;
    struct store_op_erasables erasable;
    bool parsed; /* everything is */
    bool changed; /* blocks of changes are there */
};

static int create_mailboxes(struct opening *o, struct moxd_err *err)
{
    struct store_account *acc = o->acc;
    const struct store_options *opt = &acc->s->opt;
    struct store_op_init init = { opt->initial, opt->ninitial, o->uidvalidity };
    struct store_batch *batch;

    if (acc->bt->meta.next_mailbox != 0)
        return 0;
    o->wrote = true;
    if (store_env_flush(acc->s->env, err) < 0 || store_file_init(acc->s->env, acc->id, err) < 0 ||
        store_tx_write(&acc->bt, 1, store_op_init, &init, &batch, err) < 0)
        return -1;
    store_batch_free(batch); /* nobody can be watching */
    return 0;
}

static int set_aside(struct store_account *acc, const char *why, struct moxd_err *err)
{
    moxd_error(&acc->s->m.log, "account is set aside", moxd_kvs("account", acc->name),
               moxd_kvs("reason", why));
    if (store_quarantine_put(acc->s->env->dir_fd, acc->id, why, err) < 0)
        return -1;
    return store_quarantine_error(acc->name, err);
}

/* A file whose first page is damaged cannot be opened, which leaves the environment alive. */
static int not_opened(struct store_account *acc, struct moxd_err *err)
{
    char bad[STORE_BAD_FILE];

    store_env_bad_file(acc->s->env, bad);
    if (store_env_file_account(bad) != acc->id)
        return -1;
    return set_aside(acc, "the first page is damaged", err);
}

/* Its directory was made after its database: an account that has lost that is not a new one, and must
 * not become one, which would take the bodies for rubbish. */
static bool lost(const struct store_account *acc)
{
    char file[STORE_FILE_NAME];
    struct stat st;

    store_env_account_file(acc->id, file);
    return fstatat(acc->s->env->db_fd, file, &st, 0) < 0 && errno == ENOENT &&
           store_file_has_home(acc->s->env, acc->id);
}

/* What is left to do for the account. */
static int op_look(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct opening *o = arg;
    uint64_t from;
    int rc = store_parsed_complete(tx, err), changed = store_changed_from(tx, &from, err);

    o->parsed = rc > 0;
    o->changed = changed > 0;
    return rc < 0 || changed < 0 ? -1 : store_op_erasables(tx, &o->erasable, err);
}

static int op_begin_changes(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    (void)arg;
    return store_changed_begin(tx, err);
}

/* An account of before there was that. */
static int begin_changes(struct opening *o, struct moxd_err *err)
{
    struct store_batch *batch;

    if (o->changed)
        return 0;
    o->wrote = true;
    if (store_tx_write(&o->acc->bt, 1, op_begin_changes, NULL, &batch, err) < 0)
        return -1;
    store_batch_free(batch);
    return 0;
}

static int open_job(void *arg, struct moxd_err *err)
{
    struct opening *o = arg;
    struct store_account *acc = o->acc;
    struct store *s = acc->s;

    if (store_quarantined(s->env->dir_fd, acc->id))
        return store_quarantine_error(acc->name, err);
    if (lost(acc))
        return set_aside(acc, "the file of its database is missing", err);
    if (store_btree_open(s->env, acc->id, acc->name, true, &acc->bt, err) < 0)
        return not_opened(acc, err);
    acc->bt->hooks = s->hooks;
    acc->bt->api = s->api;
    if (store_btree_load(acc->bt, err) < 0 || create_mailboxes(o, err) < 0 ||
        store_sweep(acc->bt, err) < 0)
        return -1;
    return store_tx_read(acc->bt, op_look, o, err) < 0 ? -1 : begin_changes(o, err);
}

static int open_account(struct store_account *acc, struct moxd_err *err)
{
    struct opening o = { .acc = acc, .arena = moxd_arena_new(0) };
    struct store *s = acc->s;

    o.erasable.arena = o.arena;
    int rc = store_server_id(s, acc->name, true, &acc->id, &o.uidvalidity, err);
    if (rc == 0)
        rc = store_offload(MOXD_LANE_STORE, open_job, &o, err);
    if (rc == 0 && o.wrote)
        acc->ticket = store_flusher_commit(&s->flusher, acc, NULL);
    if (rc == 0)
        rc = store_flusher_wait(&s->flusher, acc->ticket, err);
    if (rc == 0) {
        acc->modseq = acc->bt->meta.modseq;
        store_erase_later(acc, o.erasable.v, o.erasable.n);
        store_threads_start(acc);
        if (!o.parsed)
            store_fill_later(acc);
    }
    moxd_arena_free(o.arena);
    return rc;
}

/* Somebody else is opening it: -1 when that failed and it is gone. */
static int wait_opened(struct store_account *acc)
{
    while (acc->opening)
        if (moxd_waitq_wait(&acc->opened, MOXD_NEVER) != MOXD_OK)
            break;
    return acc->opening || acc->removed ? -1 : 0;
}

static struct store_account *new_account(struct store *s, const char *name)
{
    struct store_account *acc = moxd_xcalloc(1, sizeof(*acc));

    acc->s = s;
    acc->refs = 1;
    acc->name = moxd_xstrdup(name);
    acc->opening = true;
    store_quota_load(acc);
    HASH_ADD_KEYPTR(hh, s->accounts, acc->name, strlen(acc->name), acc);
    return acc;
}

static int open_new(struct store *s, const char *name, struct store_account **out,
                    struct moxd_err *err)
{
    struct store_account *acc = new_account(s, name);

    moxd_fiber_shield();
    int rc = open_account(acc, err);
    moxd_fiber_unshield();
    acc->opening = false;
    if (rc < 0) {
        HASH_DEL(s->accounts, acc);
        acc->removed = true;
    }
    moxd_waitq_wake_all(&acc->opened);
    if (rc < 0)
        store_account_close(acc);
    else
        *out = acc;
    return rc;
}

int store_account_open(struct store *s, const char *name, struct store_account **out,
                       struct moxd_err *err)
{
    struct store_account *acc;
    size_t n = strlen(name);

    if (n == 0 || n > STORE_ACCOUNT_NAME_MAX)
        return moxd_err_set(err, MOXD_ERR_INVALID, "bad account name");
    for (;;) {
        HASH_FIND(hh, s->accounts, name, n, acc);
        if (s->stopping)
            return moxd_err_set(err, MOXD_ERR_TEMP, "shutting down");
        if (acc == NULL)
            return open_new(s, name, out, err);
        use(acc);
        if (wait_opened(acc) == 0) {
            *out = acc;
            return 0;
        }
        store_account_close(acc);
        if (moxd_fiber_cancelled())
            return moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    }
}

int store_account_open_known(struct store *s, const char *name, struct store_account **out,
                             struct moxd_err *err)
{
    uint32_t uidvalidity;
    uint64_t id;

    return store_server_id(s, name, false, &id, &uidvalidity, err) < 0
               ? -1
               : store_account_open(s, name, out, err);
}
