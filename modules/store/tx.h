/* Transactions, as workers see them. A function that works in one has the shape store_fn: it reads and
 * writes through the calls below, must not suspend or wait, and may run again after a deadlock, so
 * it has no effect but in the database, the batch, and results that it overwrites.
 *
 * The caller holds the account's lock: exclusively for store_tx_write, shared for store_tx_read. */
#ifndef STORE_TX_H
#define STORE_TX_H

#include "btree.h"

/* A viewer has \Seen set or taken away, for itself (viewer.h). */
struct store_seen_change {
    uint64_t viewer;
    struct store_change c;
};

/* What one transaction did to one account: handed to watchers once it is durable. Reference-counted
 * on the loop. What is in `erase` goes when the last reference goes (P-STORE-02). */
struct store_erasable {
    enum store_table table;  /* STORE_T_EXPUNGED, STORE_T_ERASE */
    uint64_t at;             /* of the record: all behind the table */
    bool files;              /* bodies in files are among them */
};
struct store_batch {
    unsigned refs;
    struct moxd_arena *arena;
    struct store_change *v;
    size_t n, cap;
    struct store_erasable *erase;
    size_t nerase, erase_cap;
    struct store_seen_change *seen; /* told to the watches of one viewer each */
    size_t nseen, seen_cap;
};
struct store_batch *store_batch_new(void);
void store_batch_free(struct store_batch *batch); /* NULL is fine */

struct store_tx {
    struct store_btree *bt;
    DB_TXN *txn;             /* NULL when reading */
    struct store_meta meta;  /* written at the commit when changed */
    uint64_t modseq;         /* of this transaction; 0: none taken yet */
    uint64_t viewer;         /* id of the account that looks into this one; 0: its owner */
    struct store_batch *batch; /* NULL: nothing to tell */
    struct moxd_arena *arena; /* scratch, gone with the transaction */
    DBT val;                 /* last value read */
    uint64_t nread, nwritten; /* records, for statistics */
    bool deadlock;           /* met one: is undone and runs again */
    bool quiet;              /* messages go with their mailbox: watchers are told of that only */
};
typedef int store_fn(struct store_tx *tx, void *arg, struct moxd_err *err);

/* Runs fn in one transaction over n btrees and commits without flushing. fn gets the first of n
 * transactions in a row, in the order of bts. batches[i] is what happened to bts[i], NULL for
 * nothing; the caller frees. On -1 nothing happened. */
int store_tx_write(struct store_btree *const *bts, size_t n, store_fn *fn, void *arg,
                   struct store_batch **batches, struct moxd_err *err) MOXD_CHECKED;
int store_tx_read(struct store_btree *bt, store_fn *fn, void *arg,
                  struct moxd_err *err) MOXD_CHECKED;

/* Reads the counters of a btree that was opened; those of a new one stay as they are. */
int store_btree_load(struct store_btree *bt, struct moxd_err *err) MOXD_CHECKED;

/* The modseq of this transaction: one for all of its changes. */
uint64_t store_tx_modseq(struct store_tx *tx);
/* A new zeroed change of this transaction; texts and keywords go into tx->batch->arena. */
struct store_change *store_tx_change(struct store_tx *tx, enum store_change_kind kind);
/* Notes that the viewer of tx has the message with these flags now. */
void store_tx_seen(struct store_tx *tx, uint32_t mailbox, uint32_t uid, uint64_t id,
                   unsigned flags);
/* Notes what can be erased later. */
void store_tx_erase(struct store_tx *tx, struct store_erasable what);

/* 1 and the value (valid until the next read in tx), 0 when absent, -1. */
int store_get(struct store_tx *tx, const struct store_key *key, struct moxd_str *out,
              struct moxd_err *err) MOXD_CHECKED;
int store_put(struct store_tx *tx, const struct store_key *key, struct moxd_str val,
              struct moxd_err *err) MOXD_CHECKED;
/* 1 when it was there, 0, -1. */
int store_del(struct store_tx *tx, const struct store_key *key, struct moxd_err *err) MOXD_CHECKED;
/* Calls fn for each record from `from` on whose key starts with `prefix`, in order: 0 goes on, other
 * values end it and are returned. What is visited must not be written meanwhile. */
typedef int store_each(void *arg, struct moxd_str key, struct moxd_str val);
int store_scan(struct store_tx *tx, const struct store_key *from, struct moxd_str prefix,
               store_each *fn, void *arg, struct moxd_err *err) MOXD_CHECKED;
/* The same, cheaper where it ends after some dozen records. */
int store_scan_few(struct store_tx *tx, const struct store_key *from, struct moxd_str prefix,
                   store_each *fn, void *arg, struct moxd_err *err) MOXD_CHECKED;
/* The first record from `from` on whose key starts with `prefix`: 1, its key in *at and its value in *out
 * (valid until the next read in tx); 0, -1. For few records; many are scanned. */
int store_first(struct store_tx *tx, const struct store_key *from, struct moxd_str prefix,
                struct store_key *at, struct moxd_str *out, struct moxd_err *err) MOXD_CHECKED;
/* Deletes every record whose key starts with the prefix. */
int store_clear(struct store_tx *tx, const struct store_key *prefix,
                struct moxd_err *err) MOXD_CHECKED;
/* CORRUPT, naming account and record. -1. */
int store_corrupt(struct store_tx *tx, const char *what, struct moxd_err *err);

#endif
