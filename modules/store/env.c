#include "env.h"

#include "pages.h"

#include <moxd/buf.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
    LOG_FILE = 4 << 20, /* a start reads the last one through, and fills it up with zeros */
    LOG_BUFFER = 512 << 10,
    DISK_FULL = 1 << 20,
    LOCKS_MAX = 4 << 20,   /* one per page of a transaction; memory is taken when needed */
    LOCK_BUCKETS = 4096,
    LOCKS_INIT = 1000,
    LOCKERS_MAX = 20000,
    TX_MAX = 1000,
};

void store_env_account_file(uint64_t id, char out[STORE_FILE_NAME])
{
    snprintf(out, STORE_FILE_NAME, "a-%016llx.db", (unsigned long long)id);
}

uint64_t store_env_file_account(const char *file)
{
    struct moxd_str s = moxd_cstr(file);
    struct moxd_buf b = MOXD_BUF_INIT(8);
    uint64_t id = 0;

    if (s.n == strlen("a-0123456789abcdef.db") && moxd_str_starts(s, MOXD_STR("a-")) &&
        moxd_str_ends(s, MOXD_STR(".db")) && moxd_hex_decode(&b, moxd_str_sub(s, 2, 16)) == 0)
        id = moxd_get_be64(b.p);
    moxd_buf_fini(&b);
    return id;
}

/* --- messages and death ------------------------------------------------------------------------ */

void store_env_bad_file(struct store_env *env, char out[STORE_BAD_FILE])
{
    pthread_mutex_lock(&env->mu);
    memcpy(out, env->damage.file, STORE_BAD_FILE);
    env->damage = (struct store_damage){ 0 };
    pthread_mutex_unlock(&env->mu);
}

/* Free bytes on the disk for us. */
static uint64_t free_bytes(const struct store_env *env)
{
    struct statvfs st;
    return fstatvfs(env->dir_fd, &st) < 0 ? UINT64_MAX : (uint64_t)st.f_bavail * st.f_frsize;
}

void store_env_die(struct store_env *env, const char *why)
{
    char file[STORE_BAD_FILE], text[512];

    if (free_bytes(env) < DISK_FULL)
        atomic_store(&env->full, true);
    if (atomic_exchange(&env->dead, true))
        return;
    store_env_bad_file(env, file);
    pthread_mutex_lock(&env->mu);
    snprintf(text, sizeof(text), "%s: %s", why, env->message);
    pthread_mutex_unlock(&env->mu);
    if (env->conf.died != NULL)
        env->conf.died(env->conf.died_arg, file, text);
}

int store_env_dead_err(const struct store_env *env, struct moxd_err *err)
{
    if (atomic_load(&env->full))
        return moxd_err_set(err, MOXD_ERR_FULL, "disk full, the message store is restarting");
    return moxd_err_set(err, MOXD_ERR_TEMP, "the message store is restarting");
}

static void on_message(const DB_ENV *db, const char *prefix, const char *msg)
{
    struct store_env *env = db->app_private;

    (void)prefix;
    pthread_mutex_lock(&env->mu);
    snprintf(env->message, sizeof(env->message), "%s", msg);
    store_damage_note(&env->damage, msg);
    pthread_mutex_unlock(&env->mu);
    if (env->conf.log != NULL)
        moxd_error(env->conf.log, "database", moxd_kvs("message", msg));
}

/* The cache is full of pages that cannot be written: nothing frees them but a restart, before which
 * the parent makes room. */
static bool stuck(const struct store_env *env, int rc)
{
    return rc == ENOMEM && free_bytes(env) < DISK_FULL;
}

int store_env_err(struct store_env *env, int rc, const char *what, struct moxd_err *err)
{
    moxd_assert(rc != 0);
    if (rc == DB_LOCK_DEADLOCK || rc == DB_LOCK_NOTGRANTED)
        return moxd_err_set(err, MOXD_ERR_TEMP, "%s: deadlock", what);
    if (rc == DB_RUNRECOVERY || rc == DB_PAGE_NOTFOUND || rc == DB_CHKSUM_FAIL) {
        store_env_die(env, what);
        return store_env_dead_err(env, err);
    }
    if (stuck(env, rc))
        store_env_die(env, "disk full");
    if (rc == ENOSPC || rc == EDQUOT || stuck(env, rc))
        return moxd_err_set(err, MOXD_ERR_FULL, "disk full");
    moxd_err_set(err, MOXD_ERR_IO, "message store: system error");
    return moxd_err_wrap(err, "%s: %s", what, db_strerror(rc));
}

void store_env_blame(struct store_env *env, const char *file, int rc)
{
    pthread_mutex_lock(&env->mu);
    snprintf(env->damage.file, sizeof(env->damage.file), "%s", file);
    snprintf(env->message, sizeof(env->message), "%s: %s", file, db_strerror(rc));
    pthread_mutex_unlock(&env->mu);
}

int store_env_file_err(struct store_env *env, const char *file, int rc, const char *what,
                       struct moxd_err *err)
{
    if (rc == DB_PAGE_NOTFOUND || rc == DB_CHKSUM_FAIL)
        store_env_blame(env, file, rc);
    return store_env_err(env, rc, what, err);
}

int store_env_room(struct store_env *env, struct moxd_err *err)
{
    if (env->conf.reserve == 0 || free_bytes(env) >= env->conf.reserve)
        return 0;
    return moxd_err_set(err, MOXD_ERR_FULL, "disk space is low, nothing is added");
}

/* --- checkpoints ------------------------------------------------------------------------------- */

int store_env_checkpoint(struct store_env *env, struct moxd_err *err)
{
    int rc = env->db->txn_checkpoint(env->db, 0, 0, 0);
    if (rc != 0)
        return store_env_err(env, rc, "checkpoint", err);
    atomic_fetch_add(&env->stats.checkpoints, 1);
    return 0;
}

/* Once a second, so that a burst of writes does not outgrow the log by much. Berkeley DB makes a
 * checkpoint when one of the two limits is passed, and none when nothing was written. */
static void *checkpoint_main(void *arg)
{
    struct store_env *env = arg;
    uint32_t kb = (uint32_t)(env->conf.checkpoint_log >> 10);
    uint32_t minutes = env->conf.checkpoint_seconds / 60;

    pthread_mutex_lock(&env->mu);
    while (!env->stopping) {
        struct timespec at;
        clock_gettime(CLOCK_MONOTONIC, &at);
        at.tv_sec++;
        pthread_cond_timedwait(&env->wake, &env->mu, &at);
        if (env->stopping || atomic_load(&env->dead))
            continue;
        pthread_mutex_unlock(&env->mu);
        int rc = env->db->txn_checkpoint(env->db, kb, minutes > 0 ? minutes : 1, 0);
        if (rc != 0)
            (void)store_env_err(env, rc, "checkpoint", NULL);
        pthread_mutex_lock(&env->mu);
    }
    pthread_mutex_unlock(&env->mu);
    return NULL;
}

/* --- flush ------------------------------------------------------------------------------------- */

/* Berkeley DB syncs files, never directories: a log file that is new must be findable after a crash. */
static int sync_log_dir(struct store_env *env)
{
    DB_LOG_STAT *st = NULL;
    if (env->db->log_stat(env->db, &st, 0) != 0) {
        errno = EIO;
        return -1;
    }
    uint32_t file = st->st_cur_file;
    free(st);
    if (file == env->log_file)
        return 0;
    env->log_file = file;
    return fsync(env->log_fd);
}

int store_env_flush(struct store_env *env, struct moxd_err *err)
{
    int rc = atomic_load(&env->dead) ? DB_RUNRECOVERY : env->db->log_flush(env->db, NULL);
    if (rc == 0 && sync_log_dir(env) < 0)
        rc = errno;
    if (rc != 0) {
        /* What was committed may be lost, and the kernel may have dropped the pages that it could
         * not write: only a restart tells what is on disk. */
        (void)store_env_err(env, rc, "log flush", err);
        store_env_die(env, "log flush");
        return -1;
    }
    atomic_fetch_add(&env->stats.flushes, 1);
    return 0;
}

/* --- open and close ---------------------------------------------------------------------------- */

static int open_dir(struct store_env *env, const char *name, struct moxd_err *err)
{
    if (mkdirat(env->dir_fd, name, 0700) < 0 && errno != EEXIST)
        return moxd_err_sys(err, "mkdir %s/%s", env->dir, name);
    int fd = openat(env->dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return moxd_err_sys(err, "open %s/%s", env->dir, name);
    return fd;
}

static int open_dirs(struct store_env *env, struct moxd_err *err)
{
    env->dir_fd = open(env->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (env->dir_fd < 0)
        return moxd_err_sys(err, "open %s", env->dir);
    env->db_fd = open_dir(env, "db", err);
    env->log_fd = open_dir(env, "log", err);
    env->tmp_fd = open_dir(env, "tmp", err);
    if (env->db_fd < 0 || env->log_fd < 0 || env->tmp_fd < 0)
        return -1;
    int fd = open_dir(env, "accounts", err);
    if (fd < 0)
        return -1;
    close(fd);
    if (fsync(env->dir_fd) < 0)
        return moxd_err_sys(err, "fsync %s", env->dir);
    return 0;
}

static int lock_dir(struct store_env *env, struct moxd_err *err)
{
    env->lock_fd = openat(env->dir_fd, "store.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (env->lock_fd < 0)
        return moxd_err_sys(err, "open %s/store.lock", env->dir);
    if (flock(env->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    if (errno == EWOULDBLOCK)
        return moxd_err_set(err, MOXD_ERR_STATE, "%s is in use by another process", env->dir);
    return moxd_err_sys(err, "lock %s/store.lock", env->dir);
}

static int configure(struct store_env *env)
{
    DB_ENV *db = env->db;
    const uint64_t gb = UINT64_C(1) << 30;
    int rc = db->set_cachesize(db, (uint32_t)(env->conf.cache / gb),
                               (uint32_t)(env->conf.cache % gb), 1);
    rc |= db->add_data_dir(db, "db") | db->set_create_dir(db, "db");
    rc |= db->set_lg_dir(db, "log") | db->set_tmp_dir(db, "tmp");
    rc |= db->set_lg_max(db, LOG_FILE) | db->set_lg_bsize(db, LOG_BUFFER);
    rc |= db->log_set_config(db, DB_LOG_AUTO_REMOVE, 1);
    rc |= db->set_lk_detect(db, DB_LOCK_DEFAULT) | db->set_lk_tablesize(db, LOCK_BUCKETS);
    rc |= db->set_lk_max_locks(db, LOCKS_MAX) | db->set_lk_max_objects(db, LOCKS_MAX);
    rc |= db->set_lk_max_lockers(db, LOCKERS_MAX) | db->set_tx_max(db, TX_MAX);
    rc |= db->set_memory_init(db, DB_MEM_LOCK, LOCKS_INIT);
    rc |= db->set_memory_init(db, DB_MEM_LOCKOBJECT, LOCKS_INIT);
    /* nosuspend: of the database, which has a member of that name */
    rc |= db->set_flags(db, DB_TXN_NOSYNC, 1);
    return rc;
}

static int new_db_env(struct store_env *env, struct moxd_err *err)
{
    int rc = db_env_create(&env->db, 0);

    if (rc != 0)
        return store_env_err(env, rc, "create environment", err);
    env->db->app_private = env;
    env->db->set_errcall(env->db, on_message);
    if (configure(env) != 0)
        return moxd_err_set(err, MOXD_ERR_INTERNAL, "cannot configure Berkeley DB");
    return 0;
}

static int open_with(struct store_env *env, uint32_t flags)
{
    /* nosuspend: of the database */
    return env->db->open(env->db, env->dir,
                         DB_CREATE | DB_INIT_TXN | DB_INIT_LOG | DB_INIT_MPOOL | DB_INIT_LOCK |
                             DB_THREAD | DB_PRIVATE | flags,
                         0600);
}

/* *rc: what Berkeley DB says; -1 with *err when it did not come to that. Recovery has an environment of its
 * own: the pages that it reads stay in the cache, and were not checked. */
static int open_recovered(struct store_env *env, int *rc, struct moxd_err *err)
{
    if (new_db_env(env, err) < 0)
        return -1;
    store_pages_check(false);
    *rc = open_with(env, DB_RECOVER);
    store_pages_check(true);
    if (*rc != 0)
        return 0;
    *rc = env->db->close(env->db, 0);
    env->db = NULL;
    if (*rc != 0)
        return 0;
    if (new_db_env(env, err) < 0)
        return -1;
    *rc = open_with(env, 0);
    return 0;
}

static int open_db_env(struct store_env *env, char bad[STORE_BAD_FILE], struct moxd_err *err)
{
    int rc;

    if (open_recovered(env, &rc, err) < 0)
        return -1;
    if (rc == 0)
        return 0;
    if (rc == ENOSPC || free_bytes(env) < DISK_FULL)
        return moxd_err_set(err, MOXD_ERR_FULL, "disk full: recovery of %s needs space", env->dir);
    store_damage_find(&env->damage, env->db_fd);
    store_env_bad_file(env, bad);
    return moxd_err_set(err, MOXD_ERR_CORRUPT, "opening %s: %s: %s", env->dir, db_strerror(rc),
                        env->message);
}

static void free_env(struct store_env *env)
{
    if (env->db != NULL)
        (void)env->db->close(env->db, 0);
    moxd_closep(&env->db_fd);
    moxd_closep(&env->log_fd);
    moxd_closep(&env->tmp_fd);
    moxd_closep(&env->lock_fd);
    moxd_closep(&env->dir_fd);
    pthread_cond_destroy(&env->wake);
    pthread_mutex_destroy(&env->mu);
    free(env->dir);
    free(env);
}

static struct store_env *new_env(const struct store_env_conf *conf)
{
    struct store_env *env = moxd_xcalloc(1, sizeof(*env));
    pthread_condattr_t attr;

    env->conf = *conf;
    env->conf.dir = env->dir = moxd_xstrdup(conf->dir);
    env->dir_fd = env->db_fd = env->log_fd = env->tmp_fd = env->lock_fd = -1;
    pthread_mutex_init(&env->mu, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&env->wake, &attr);
    pthread_condattr_destroy(&attr);
    return env;
}

int store_env_open(const struct store_env_conf *conf, struct store_env **out,
                   char bad[STORE_BAD_FILE], struct moxd_err *err)
{
    struct store_env *env = new_env(conf);

    bad[0] = '\0';
    if (open_dirs(env, err) < 0 || lock_dir(env, err) < 0 || open_db_env(env, bad, err) < 0)
        goto fail;
    if (sync_log_dir(env) < 0 || fsync(env->db_fd) < 0) {
        moxd_err_sys(err, "fsync in %s", env->dir);
        goto fail;
    }
    int rc = pthread_create(&env->checkpointer, NULL, checkpoint_main, env);
    if (rc != 0)
        moxd_panic("cannot start the checkpoint thread: %s", strerror(rc));
    env->checkpointing = true;
    *out = env;
    return 0;
fail:
    free_env(env);
    return -1;
}

void store_env_close(struct store_env *env)
{
    pthread_mutex_lock(&env->mu);
    env->stopping = true;
    pthread_cond_signal(&env->wake);
    pthread_mutex_unlock(&env->mu);
    pthread_join(env->checkpointer, NULL);
    if (!atomic_load(&env->dead))
        (void)!store_env_checkpoint(env, NULL);
    free_env(env);
}
