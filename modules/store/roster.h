/* The list of a mailbox in memory: UID, flags, keywords, modification sequence and id of each message, so that
 * who selects the mailbox, or asks for flags, reads nothing of the database (doc/decisions/020).
 *
 * A roster is made on a worker from the records, and is the loop's from then on. Every transaction that was
 * committed is brought into it while the account's lock is still held exclusively (store_rosters_commit): who
 * holds the lock, shared, finds in it what is in the database. As every read, that is shown only when the
 * account's last commit is on disk.
 *
 * UIDs are in a list that sessions share (struct store_uid_list): messages are appended to it in place, and
 * expunged ones are marked here until the list is made anew, for which those who share the old one keep it. */
#ifndef STORE_ROSTER_H
#define STORE_ROSTER_H

#include "store.h"

enum {
    STORE_ROSTER_KEYWORDS_MAX = 1000, /* different sets of keywords; a mailbox with more has no roster */
};

struct store_roster {
    struct store_account *acc;    /* whose it is, once it is kept */
    uint32_t mailbox;
    struct store_uid_list *uids;  /* a reference; ascending */
    size_t n, cap;                /* messages, those that are gone too; room in what follows */
    size_t ngone;
    uint16_t *flags;              /* enum store_flag, and: STORE_ROSTER_GONE */
    uint16_t *keywords;           /* of each: index into sets */
    uint64_t *modseqs, *ids;
    struct store_roster_set {
        const char **v;           /* each allocated, as v is */
        size_t n;
        uint32_t hash;
    } *sets;                      /* the first is empty */
    size_t nsets;
    size_t sets_bytes;
    bool partial;                 /* too many sets: keywords are not right, it cannot be kept */
    size_t counted;               /* bytes as counted in the store */
    int64_t used;                 /* moxd_mono */
    struct store_roster *prev, *next; /* of the store, the one not used for longest first */
    UT_hash_handle hh;            /* by mailbox, in the account */
};

/* --- one roster (roster.c): pure ------------------------------------------------------------------ */

/* Room for n messages at first. */
struct store_roster *store_roster_new(uint32_t mailbox, size_t n);
void store_roster_free(struct store_roster *r); /* NULL is fine */
/* Takes up a message whose UID is higher than those before. */
void store_roster_add(struct store_roster *r, const struct store_entry *e);
/* ADD, FLAGS or EXPUNGE of its mailbox. -1: the roster does not have what changed, and is of no use. */
int store_roster_change(struct store_roster *r, const struct store_change *c) MOXD_CHECKED;
/* Takes out what is gone: all of r->uids is there then. */
void store_roster_compact(struct store_roster *r);
/* Number of the first message without \Seen, from 1; 0: none. Of one that is compact. */
uint32_t store_roster_first_unseen(const struct store_roster *r);
/* The entries of a set of UIDs (NULL: all), with copies of their keywords, in the arena. */
void store_roster_entries(const struct store_roster *r, const struct store_uids *uids,
                          struct moxd_arena *a, struct store_entry **out, size_t *n);
/* The UIDs of those messages (ids ascending) that are there: room for n in *out, how many. */
size_t store_roster_uids(const struct store_roster *r, const uint64_t *ids, size_t n, uint32_t *out);
size_t store_roster_bytes(const struct store_roster *r);

/* --- those that are kept (roster_keep.c): on the loop ---------------------------------------------- */

void store_rosters_start(struct store *s);
void store_rosters_stop(struct store *s);
/* The roster of a mailbox, from now on the one used last; NULL: there is none. */
struct store_roster *store_roster_find(struct store_account *acc, uint32_t mailbox);
/* Keeps it, unless it is partial, too large, or there is one; false: it is still the caller's. */
bool store_roster_keep(struct store_account *acc, struct store_roster *r);
void store_roster_drop(struct store_roster *r);
/* Before the account is freed. */
void store_rosters_drop(struct store_account *acc);
/* Brings in what a transaction did; batch may be NULL. The account's lock is held exclusively. */
void store_rosters_commit(struct store_account *acc, const struct store_batch *batch);

/* --- reading (roster_read.c) ----------------------------------------------------------------------- */

/* As store_v1.entries, with the roster when there is one. */
int store_roster_read(struct store_account *acc, struct store_op_entries *op,
                      struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* As store_v1.select_uids; box->out is out->mailbox. */
int store_roster_select(struct store_account *acc, struct store_op_mailbox *box,
                        struct store_selection *out, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* As store_v1.uids_of. */
int store_roster_uids_of(struct store_account *acc, uint32_t mailbox, const uint64_t *ids, size_t n,
                         struct moxd_arena *a, uint32_t **out, size_t *nout,
                         struct moxd_err *err) MOXD_SUSPENDS;
/* In tests: 1 when what is kept of the account is what its records say, 0 with *mailbox; -1. */
int store_rosters_check(struct store_account *acc, uint32_t *mailbox,
                        struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
void store_uid_list_release(struct store_uid_list *l);

#endif
