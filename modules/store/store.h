/* The store on the loop: accounts that are open, their locks, what is committed and not yet flushed.
 * Everything here is for fibers on the loop; workers see tx.h and below.
 *
 * A write:  admission to the account's lock (FIFO) -> transaction on a worker, committed without flush
 *           -> ticket, lock released -> the flusher makes all tickets up to now durable
 *           -> changes are published in the order of the commits -> the caller goes on.
 * A read:   shared lock -> worker -> lock released -> wait until the account's last commit at the time
 *           of the read is durable. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <moxd/module.h>
#include <moxd/loop.h>
#include <moxd/offload.h>

/* The hash function of uthash falls through without saying so in a way that clang reads. */
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"
#include <uthash.h>

#include "bodyfile.h"
#include "ops.h"
#include "restore.h"

struct store;

/* What the configuration says. */
struct store_options {
    struct store_env_conf env;
    uint64_t rosters;        /* bytes of lists of mailboxes in memory (roster.h) */
    uint64_t body_in_db;     /* bodies up to so many bytes are kept in the database */
    struct store_quota quota; /* of an account that has none of its own; 0: unlimited */
    unsigned open_accounts;  /* files of accounts that are kept open when nobody uses them */
    const struct store_initial *initial; /* mailboxes of a new account, besides INBOX */
    size_t ninitial;
    bool check;              /* for tests: verify each account that changed when its last user goes */
};

/* --- durability -------------------------------------------------------------------------------- */

/* Published when its ticket is durable. */
struct store_publish {
    struct store_publish *next;
    uint64_t ticket;
    struct store_account *acc; /* a reference */
    struct store_batch *batch;
};
/* One thread flushes the log for all who wait. Fields are the loop's, but for those after mu. */
struct store_flusher {
    struct store_env *env;
    uint64_t committed;      /* tickets given out */
    uint64_t flushed;        /* up to here everything is durable */
    uint64_t covering;       /* what the running flush will make durable; 0: none runs */
    struct moxd_waitq wait[2]; /* [turn]: for the running flush; the other: for the one after it */
    unsigned turn;
    struct store_publish *first, **end;
    struct moxd_post post;
    bool failed;             /* the environment is dead: nobody is told that anything is durable */
    bool started;
    pthread_t thread;

    pthread_mutex_t mu;
    pthread_cond_t work;
    bool requested, stop, result_failed;
};
void store_flusher_start(struct store_flusher *f, struct store_env *env);
/* Waits until everything is durable, then ends the thread. */
void store_flusher_stop(struct store_flusher *f) MOXD_SUSPENDS;
/* A commit was made: its ticket. batch (may be NULL) is published when it is durable. */
uint64_t store_flusher_commit(struct store_flusher *f, struct store_account *acc,
                              struct store_batch *batch);
/* Waits for it. TEMP or FULL when that will not happen. */
int store_flusher_wait(struct store_flusher *f, uint64_t ticket,
                       struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

/* --- parsing ----------------------------------------------------------------------------------- */

/* Making what is kept of parsed messages where it is missing (parsed.h). */
struct store_fill {
    bool running;            /* somebody is at it */
    bool soon;               /* a fiber will be */
    bool again;              /* messages were added meanwhile that lack it */
    struct moxd_waitq done;
};
struct store_fill_progress {
    uint64_t looked, made, failed;
    void (*tell)(void *arg, const struct store_fill_progress *p) MOXD_SUSPENDS; /* now and then; or NULL */
    void *arg;
};
/* Goes through the account; `all`: also what is there already. Waits while somebody else does. */
int store_fill(struct store_account *acc, bool all, struct store_fill_progress *p,
               struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* The same in a fiber of its own. */
void store_fill_later(struct store_account *acc);

/* --- accounts ---------------------------------------------------------------------------------- */

/* What domains.conf says of an account. */
struct store_own_quota {
    bool has_size, has_messages;
    struct store_quota limit; /* 0: unlimited */
};

struct store_account {
    struct store *s;
    unsigned refs;
    struct store_account *base; /* NULL, or: this only says who looks into that account, whose name and id it has */
    uint64_t viewer;         /* id of the account that does; 0: the owner */
    char *name;              /* "" for the server's own records */
    uint64_t id;
    struct store_btree *bt;  /* NULL before it is open, and after removal */
    struct moxd_fifolock lock;
    uint64_t ticket;         /* of the last commit */
    uint64_t modseq;         /* last durable one */
    bool opening, removed;
    struct store_own_quota own_quota;
    struct moxd_waitq opened;
    struct store_watch *watches;
    struct store_roster *rosters; /* by mailbox (roster.h) */
    struct store_erasable *erase; /* what nobody needs any more */
    size_t nerase, erase_cap;
    bool erasing;            /* the fiber that does it runs */
    uint64_t checked;        /* modseq when it was last verified, in tests */
    bool checking;           /* the fiber that does it runs, and has a reference */
    struct store_fill fill;
    UT_hash_handle hh;       /* by name, in store.accounts */
    struct store_account *idle_prev, *idle_next; /* refs == 0, oldest first */
};

struct store {
    struct moxd_instance m;
    struct store_options opt;
    struct store_env *env;
    struct store_flusher flusher;
    struct store_account *server;   /* server.db */
    struct store_account *accounts; /* hash by name */
    struct store_account *idle;
    unsigned nidle;
    unsigned fibers;         /* erasers and closers */
    struct moxd_waitq idle_wait; /* for fibers to become 0 */
    bool stopping;
    /* What happens when the environment died, on any thread; NULL: the process ends at once. */
    void (*die)(struct store *s);
    struct moxd_post dying;
    struct store_roster *rosters; /* of all accounts, the one not used for longest first */
    uint64_t roster_bytes;   /* in all of them */
    struct moxd_timer *roster_timer; /* drops those that are not used */
    struct moxd_fifolock background; /* one account at a time is brought up */
    struct moxd_fifolock handles; /* closing and removing files of databases, one at a time */
    const struct moxd_hook_ref *hooks; /* on_store_change */
    /* What domains.conf says of the account; may be NULL. */
    void (*own_quota)(struct store *s, const char *account, struct store_own_quota *out);
    /* Fires on_store_commit; may be NULL. Must not suspend. */
    void (*committed)(struct store *s, const struct store_commit_event *ev);
    const struct store_v1 *api;
};
/* Opens the environment and server.db, resumes removals that a crash interrupted. */
int store_up(struct store *s, const struct store_options *opt, struct moxd_err *err) MOXD_CHECKED
    MOXD_SUSPENDS;
/* For store.die: the process ends a moment later, so that sessions can tell their clients that what
 * they wait for has failed. Its parent restarts it. */
void store_die_soon(struct store *s);
/* Flushes, checkpoints, closes. Every reference and watch must be gone. */
void store_down(struct store *s) MOXD_SUSPENDS;

/* --- running operations ------------------------------------------------------------------------ */

/* Runs fn in one transaction of the account and returns when it is durable and published. Once admitted
 * it is carried through, also when the fiber is cancelled meanwhile. */
int store_write(struct store_account *acc, store_fn *fn, void *arg,
                struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* One transaction over several accounts, sorted by id, without duplicates. */
int store_write_many(struct store_account **accs, size_t n, store_fn *fn, void *arg,
                     struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Commits, does not wait for the flush. */
int store_write_soon(struct store_account *acc, store_fn *fn, void *arg,
                     struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
int store_read(struct store_account *acc, store_fn *fn, void *arg,
               struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Does not wait until what was read is on disk. */
int store_read_now(struct store_account *acc, store_fn *fn, void *arg,
                   struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* The steps of store_read: several reads of one moment. The account's lock is held, shared, from store_hold
 * to store_unhold, which waits until what was read is on disk; it returns rc, or -1 when that fails. */
struct store_held {
    int64_t ceiling;
};
int store_hold(struct store_account *acc, struct store_held *h,
               struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
int store_held_read(struct store_account *acc, store_fn *fn, void *arg,
                    struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
int store_unhold(struct store_account *acc, struct store_held *h, int rc,
                 struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Runs fn(arg, err) on a lane. */
typedef int store_job(void *arg, struct moxd_err *err);
int store_offload(enum moxd_lane lane, store_job *fn, void *arg,
                  struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

/* --- opening and closing ----------------------------------------------------------------------- */

int store_account_open(struct store *s, const char *name, struct store_account **out,
                       struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* As store_account_open, but an account without data is not made: NOTFOUND. For commands. */
int store_account_open_known(struct store *s, const char *name, struct store_account **out,
                             struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
struct store_account *store_account_ref(struct store_account *acc);
struct store_account *store_account_as(struct store_account *acc, uint64_t viewer);
/* The account itself. */
static inline struct store_account *store_account_base(struct store_account *acc)
{
    return acc->base != NULL ? acc->base : acc;
}
void store_account_close(struct store_account *acc);
int store_account_remove(struct store *s, const char *name, struct moxd_err *err) MOXD_CHECKED
    MOXD_SUSPENDS;
/* Brings an account in quarantine back. STATE when it is in none. *done (cap bytes) names what was kept
 * of the damaged database. */
int store_account_restore(struct store *s, const char *name, struct store_restored *out, char *done,
                          size_t cap, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* In tests: whether a fiber has taken over the only reference, to verify the account and close it.
 * It ends the process with a message when something is wrong. */
bool store_check_start(struct store_account *acc);
/* A fiber of the store, awaited by store_down. */
void store_spawn(struct store *s, const char *name, void (*fn)(void *arg), void *arg);
void store_spawn_ended(struct store *s);
/* Finishes what a crash interrupted. */
int store_resume_removals(struct store *s, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Removes bodies that no record knows, and finds the next message id. On a worker. */
int store_sweep(struct store_btree *bt, struct moxd_err *err) MOXD_CHECKED;
/* TEMP with what to do about it. */
int store_quarantine_error(const char *name, struct moxd_err *err);
/* STATE when the account is removed, TEMP or FULL when the environment is dead. */
int store_account_check(const struct store_account *acc, struct moxd_err *err) MOXD_CHECKED;

/* --- quotas (quota.c) -------------------------------------------------------------------------- */

/* What the account may hold; 0: unlimited. */
struct store_quota store_quota(const struct store_account *acc);
/* Looks its own quota up; of all open accounts, after a change of the configuration. */
void store_quota_load(struct store_account *acc);
void store_quota_reload(struct store *s);
/* As store_v1. */
int store_usage(struct store_account *acc, struct store_usage *out,
                struct moxd_err *err) MOXD_SUSPENDS;
int store_may_add(struct store_account *acc, uint64_t size, struct moxd_err *err) MOXD_SUSPENDS;
int store_set_quota(const char *account, const struct store_quota *quota,
                    struct moxd_err *err) MOXD_SUSPENDS;

/* --- server.db --------------------------------------------------------------------------------- */

int store_server_open(struct store *s, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* The id of an account: looked up, or given out. */
int store_server_id(struct store *s, const char *name, bool create, uint64_t *id,
                    uint32_t *uidvalidity, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

/* Marks the account as being removed: its name is free at once. */
int store_server_removing(struct store *s, uint64_t id, uint32_t next_uidvalidity,
                          struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
int store_server_removed(struct store *s, uint64_t id,
                         struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
struct store_accounts {
    struct moxd_arena *arena;
    struct store_account_name {
        uint64_t id;
        const char *name;
    } *v;
    size_t n, cap;
};
/* Accounts that have data, or those whose removal is not finished. */
int store_server_list(struct store *s, bool removing, struct store_accounts *out,
                      struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

/* --- changes ----------------------------------------------------------------------------------- */

/* Gives a durable batch to the watches of the account and drops the reference. */
void store_publish(struct store_account *acc, struct store_batch *batch);
void store_batch_unref(struct store_account *acc, struct store_batch *batch);
struct store_watch *store_watch(struct store_account *acc, void (*wake)(void *arg), void *arg);
int store_changes(struct store_watch *w, struct moxd_arena *a, struct store_change **out, size_t *n,
                  struct moxd_err *err);
bool store_pending(const struct store_watch *w);
void store_unwatch(struct store_watch *w);
/* Queues what is left of expunged messages for erasure. */
void store_erase_later(struct store_account *acc, const struct store_erasable *v, size_t n);

/* --- threads ----------------------------------------------------------------------------------- */

/* Right after opening, with nobody else using the account: brings it up in the background if it needs that
 * (THR-09). */
void store_threads_start(struct store_account *acc);
/* Brings it up now, and links what was added to be linked later. TEMP when the server stops meanwhile.
 * *done (may be NULL): how many messages were looked at and linked so far. */
struct store_threads_done {
    uint64_t read, linked;
    /* Called after each portion, unless NULL. */
    void (*tell)(void *arg, const struct store_threads_done *done) MOXD_SUSPENDS;
    void *arg;
};
int store_threads_finish(struct store_account *acc, struct store_threads_done *done,
                         struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Forgets all threads, and finds them anew from what the messages say; muted and collapsed stay. As
 * store_threads_finish; when it breaks off, it goes on when the account is next opened. */
int store_threads_reassign(struct store_account *acc, struct store_threads_done *done,
                           struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

/* --- bodies ------------------------------------------------------------------------------------ */

struct store_draft {
    struct store *s;
    struct moxd_buf mem;     /* what is not in the file */
    int fd;                  /* nameless file, or -1 */
    char name[32];           /* in tmp, where files cannot be nameless; else "" */
    uint64_t in_file;        /* bytes in it: those before mem */
    struct store_draft *of;  /* a part of another draft, which has the bytes; NULL: it has its own */
    uint64_t off, part_size; /* of the part */
};
struct store_draft *store_draft_new(struct moxd_instance *self);
int store_draft_write(struct store_draft *d, const char *p, size_t n,
                      struct moxd_err *err) MOXD_SUSPENDS;
uint64_t store_draft_size(const struct store_draft *d);
long store_draft_read(struct store_draft *d, uint64_t off, void *p, size_t n, struct moxd_err *err);
void store_draft_free(struct store_draft *d);
/* Removes what a process that ended early left in tmp; nobody else may use the environment. */
void store_draft_sweep(struct store_env *env);
struct store_draft *store_draft_part(struct store_draft *d, uint64_t off, uint64_t n);
/* Everything as a source for a file, or for the database; lasts until the next write to d. */
int store_draft_source(struct store_draft *d, struct store_source *out,
                       struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

int store_body_open(struct store_account *acc, uint64_t id, struct store_body **out,
                    struct moxd_err *err) MOXD_SUSPENDS;
uint64_t store_body_size(const struct store_body *b);
long store_body_read(struct store_body *b, uint64_t off, void *p, size_t n, struct moxd_err *err);
void store_body_close(struct store_body *b);

/* Bodies of the server, as store_v1.keep, kept_open, tx_kept_open, tx_unkeep. */
int store_keep(struct moxd_instance *self, struct store_draft *d, struct moxd_str prefix,
               store_kept_fn *fn, void *arg, struct moxd_err *err) MOXD_SUSPENDS;
int store_kept_open(struct moxd_instance *self, uint64_t id, struct store_body **out,
                    struct moxd_err *err) MOXD_SUSPENDS;
int store_tx_kept_open(struct store_tx *tx, uint64_t id, struct store_body **out,
                       struct moxd_err *err);
int store_tx_unkeep(struct store_tx *tx, uint64_t id, struct moxd_err *err);
/* Removes what a crash left of them, finds the next id; when server.db was opened. */
int store_keep_resume(struct store *s, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

/* As store_v1.previews. */
int store_previews(struct store_account *acc, const uint64_t *ids, size_t n, bool lazy,
                   struct moxd_arena *a, struct moxd_str *out, struct moxd_err *err) MOXD_SUSPENDS;

/* As that, each draft to the message of the same index; fn runs in the same transaction, after all. One account only. */
int store_add_messages_and(struct store *s, struct store_draft **drafts, struct store_add *adds,
                           size_t n, store_fn *fn, void *arg, struct moxd_err *err) MOXD_SUSPENDS;
int store_add_messages(struct store *s, struct store_draft **drafts, size_t ndrafts,
                       struct store_add *adds, size_t n, size_t *failed,
                       struct moxd_err *err) MOXD_SUSPENDS;
int store_replace_message(struct store *s, struct store_draft *d, struct store_add *add,
                          uint32_t mailbox, uint32_t uid, struct moxd_err *err) MOXD_SUSPENDS;
int store_copy_messages(struct store_account *acc, struct store_op_copy *op,
                        struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

extern const struct store_v1 store_api;

#endif
