/* The Berkeley DB environment of the server: one per data directory, guarded by a lock file.
 *
 *   data/store.lock        flock: one server, or one command that opens the store itself
 *   data/db/server.db      names of accounts, format number, records of modules
 *   data/db/a-<16 hex>.db  one btree per account id
 *   data/log/              write-ahead log
 *   data/accounts/<16 hex>/msg/<dir>/<id>  bodies
 *   data/tmp/              drafts (nameless files)
 *   data/quarantine/       what was set aside, see quarantine.h
 *
 * Everything here blocks and is for workers and start-up; thread-safe after open. */
#ifndef STORE_ENV_H
#define STORE_ENV_H

#include <db.h>
#include <pthread.h>
#include <stdatomic.h>

#include <moxd/log.h>

#include "damage.h"
#include "record.h"

/* What the environment is opened with. */
struct store_env_conf {
    const char *dir;             /* data directory, exists */
    uint64_t cache;              /* bytes of database pages in memory */
    uint64_t checkpoint_log;     /* bytes of log after which a checkpoint is made */
    unsigned checkpoint_seconds; /* and at the latest after so long, when anything was written */
    uint64_t reserve;            /* free bytes on the disk below which nothing is added */
    /* Called once when the environment is dead, on the thread that noticed. file is the .db that was
     * named as damaged, or "". May be NULL. */
    void (*died)(void *arg, const char *file, const char *why);
    void *died_arg;
    const struct moxd_log *log;  /* for messages of Berkeley DB; NULL: none */
};

enum { STORE_FILE_NAME = 32 };

struct store_env_stats {
    _Atomic uint64_t commits, aborts, retries, views, flushes, checkpoints;
    _Atomic uint64_t records_read, records_written; /* deleted ones too */
    _Atomic uint64_t file_syncs, dir_syncs, files_made, files_removed;
};

struct store_env {
    DB_ENV *db;
    char *dir;
    struct store_env_conf conf;  /* .dir is the copy */
    int dir_fd, db_fd, log_fd, tmp_fd, lock_fd;
    uint32_t log_file;           /* the last one whose directory entry is known to be on disk */
    struct store_env_stats stats;

    /* After a panic of Berkeley DB, or a failed flush: nothing works any more, and nothing may be
     * acknowledged. */
    _Atomic bool dead;
    _Atomic bool full;           /* the disk was full then */

    pthread_mutex_t mu;          /* of what follows */
    struct store_damage damage;
    char message[256];           /* the last message of Berkeley DB */
    pthread_cond_t wake;
    bool stopping, checkpointing;
    pthread_t checkpointer;
};

/* Opens, recovering what a crash left. Runs the checkpoint thread. CORRUPT: bad names the file when
 * recovery failed on one; STATE: another process has the directory. */
int store_env_open(const struct store_env_conf *conf, struct store_env **out,
                   char bad[STORE_BAD_FILE], struct moxd_err *err) MOXD_CHECKED;
/* The file that was named as damaged since the last call, or "". */
void store_env_bad_file(struct store_env *env, char out[STORE_BAD_FILE]);
/* Names it as damaged, for a reason of Berkeley DB. */
void store_env_blame(struct store_env *env, const char *file, int rc);
/* As store_env_err, for an operation on that file: damage that Berkeley DB tells without a name is named. */
int store_env_file_err(struct store_env *env, const char *file, int rc, const char *what,
                       struct moxd_err *err);
/* Checkpoints (unless dead) and closes. Every btree must have been closed. */
void store_env_close(struct store_env *env);
/* Makes everything committed durable. -1: the environment is dead. Any thread. */
int store_env_flush(struct store_env *env, struct moxd_err *err) MOXD_CHECKED;
int store_env_checkpoint(struct store_env *env, struct moxd_err *err) MOXD_CHECKED;
/* Translates a result of Berkeley DB, marks the environment dead when it is. Returns -1. */
int store_env_err(struct store_env *env, int rc, const char *what, struct moxd_err *err);
/* Marks it dead for a reason of ours. */
void store_env_die(struct store_env *env, const char *why);
/* What those get to hear who still want something of a dead one: FULL or TEMP. -1. */
int store_env_dead_err(const struct store_env *env, struct moxd_err *err);
/* FULL when the disk has less free space than the reserve. */
int store_env_room(struct store_env *env, struct moxd_err *err) MOXD_CHECKED;
/* "a-<16 hex>.db", and back: 0 for other names. */
void store_env_account_file(uint64_t id, char out[STORE_FILE_NAME]);
uint64_t store_env_file_account(const char *file);

#endif
