/* The search index on the loop: accounts, the one fiber that brings their indexes up to date, questions.
 *
 * A pass over an account: open its file -> note what is gone -> find what came since the modseq in the file -> cut
 * it into trigrams and write it, in batches -> merge. Everything that reads or writes the file, or a message,
 * happens on workers. */
#ifndef SEARCH_SEARCH_INTERNAL_H
#define SEARCH_SEARCH_INTERNAL_H

#include <moxd/accounts.h>
#include <moxd/module.h>
#include <moxd/offload.h>

/* The hash function of uthash falls through without saying so in a way that clang reads. */
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"
#include <uthash.h>

#include "query.h"
#include "segment.h"

struct search_conf {
    struct moxd_conf_head head;
    int64_t delay;        /* ns from a delivery to the pass that takes it up */
    int64_t max_size;     /* larger messages are not read */
    int64_t disk_reserve; /* free bytes below which nothing is written */
};
extern const struct moxd_block search_conf_block;

enum {
    SEARCH_GONE_MAX = 10000, /* expunged messages that are remembered; past it all are looked up */
};

/* An account that was used since the start. */
struct search_account {
    char *name;
    bool queued;
    struct moxd_fifolock file; /* exclusive: who removes it, or may; shared: who asks it */
    int64_t due;               /* monotonic: when its next pass is */
    bool ready;                /* its file was checked in this process, and is asked */
    bool rebuild;              /* the next pass begins with an empty file */
    bool audit;                /* the next pass asks the store for every message in the index */
    bool removed;              /* it leaves the configuration: no pass */
    uint64_t *gone;            /* expunged since the last pass */
    size_t ngone, gone_cap;
    /* what the running, or last, pass found */
    size_t waiting;    /* messages that are not in the index yet */
    size_t done;       /* of this pass */
    char trouble[200]; /* why the last pass ended early; "" */
    UT_hash_handle hh;
};
struct search {
    struct moxd_instance m;
    const struct search_conf *conf;
    const struct store_v1 *store;
    struct moxd_instance *store_self;
    const struct accounts_v1 *accounts_api;
    struct moxd_instance *accounts_self;
    char *dir;
    struct search_account *accounts; /* hash by name */
    struct moxd_waitq wake;          /* of the fiber */
    struct moxd_fifolock busy;       /* held by a pass, and by who removes a file */
    struct search_cutter *cutter;    /* of the pass */
    struct search_batch batch;
    struct moxd_metric_handle *indexed, *questions;
};

/* --- accounts (search_account.c) --------------------------------------------------------------- */
struct search_account *search_account_get(struct search *s, const char *name);
/* A pass is due so much time from now, or earlier if it is already. */
void search_account_queue(struct search *s, struct search_account *sa, int64_t delay);
/* The file of the account with that id; heap. */
char *search_path(const struct search *s, uint64_t id);
/* The fiber that makes passes; ends when it is cancelled. */
void search_main(void *arg) MOXD_SUSPENDS;
/* From the account's own sessions. */
void search_on_store_commit(struct moxd_instance *m, const struct store_commit_event *ev);
enum moxd_verdict search_on_account_remove(struct moxd_instance *m,
                                           const struct accounts_remove_event *ev,
                                           struct accounts_removal *removal) MOXD_SUSPENDS;
void search_accounts_free(struct search *s);

/* --- a pass (search_pass.c, search_pending.c) -------------------------------------------------- */
struct search_pending {
    uint64_t createseq, id, size;
};
struct search_pass {
    struct search *s;
    struct search_account *sa;
    struct store_account *acc;
    struct search_db *db;
    char *path;
    struct moxd_arena *arena;
    uint64_t modseq; /* up to which the file has everything */
    uint64_t target; /* of the account when the pass began */
    uint64_t *known; /* ids in the file, ascending */
    size_t nknown;
    struct search_pending *v; /* what it does not have, in the order of createseq */
    size_t n, cap;
};
int search_pass(struct search *s, struct search_account *sa,
                struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Fills v. */
int search_find_pending(struct search_pass *p, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* The first UID of a mailbox that a message has which came after that modseq. */
int search_tail(struct search *s, struct store_account *acc, const struct store_mailbox *mb,
                uint64_t modseq, uint32_t *out, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Expunged messages are noted in the file. */
int search_note_gone(struct search_pass *p, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Writes the pending messages into the file. */
int search_take_up(struct search_pass *p, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

/* Runs fn(arg, err) on a worker. CANCELLED when the fiber was. */
typedef int search_job(void *arg, struct moxd_err *err);
int search_offload(search_job *fn, void *arg, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

/* --- interface and commands -------------------------------------------------------------------- */
extern const struct search_v2 search_api;
int search_cmd_status(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                      struct moxd_err *err) MOXD_SUSPENDS;
int search_cmd_rebuild(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                       struct moxd_err *err) MOXD_SUSPENDS;

#endif
