/* Threads (THR-*): where in which thread a message is stands behind its place in STORE_T_ID, so that it
 * is written with that; by its message id and its base subject others find it. All of it changes in
 * the transaction of the message.
 *
 * Two indexes in STORE_T_THREAD, each behind a byte of its own:
 *     'I' hash64                      -> (id64 hash64)...: messages with a message id, and their subjects
 *     'S' hash64 ~received64 ~id64    -> thread64: messages with a base subject, the latest first
 * Those of a thread have one base subject (THR-02), so that the second index finds them too.
 *
 * Accounts that were made before there were threads are brought up in two passes, which the counters of
 * the account remember: FILL makes a pending record for each message, with the hashes of its references;
 * LINK puts those into threads. What is added meanwhile gets a pending record too. */
#ifndef STORE_THREAD_H
#define STORE_THREAD_H

#include "head.h"
#include "tx.h"

enum {
    STORE_ANCESTORS_MAX = 100, /* kept with a message; of more, the nearest and the root */
    STORE_SAME_MSGID_MAX = 64, /* messages with one message id that are found by it: the first */
    STORE_THREAD_RECORD_MAX = 2048,
};

/* Besides enum store_thread_state, which others see. */
enum { STORE_THREAD_PENDING = 1 << 7 };

struct store_thread_rec {
    unsigned flags;          /* enum store_thread_state, STORE_THREAD_PENDING */
    uint64_t thread;         /* 0 while pending */
    uint64_t subject;        /* hash of the base subject, 0: empty */
    unsigned n;
    uint64_t v[STORE_ANCESTORS_MAX]; /* ids of ancestors, the nearest first, the root last; of a pending
                                        record hashes of references, the nearest first */
    size_t msgid_n;
    char msgid[MOXD_MSGID_MAX];
};
struct store_key store_thread_key_msgid(uint64_t hash);
struct store_key store_thread_key_subject(uint64_t hash, int64_t received, uint64_t id);
struct store_key store_thread_key_all(unsigned char index); /* prefix of all of 'I' or 'S' */
struct moxd_str store_thread_encode(const struct store_thread_rec *r,
                                    unsigned char buf[STORE_THREAD_RECORD_MAX]);
int store_thread_decode(struct moxd_str s, struct store_thread_rec *r) MOXD_CHECKED;
/* Hash of its message id. */
uint64_t store_thread_msgid_hash(const struct store_thread_rec *r);

/* Those with a message id. */
struct store_same_msgid {
    size_t n;
    struct {
        uint64_t id, subject;
    } v[STORE_SAME_MSGID_MAX];
};
int store_thread_same_msgid(struct store_tx *tx, uint64_t hash, struct store_same_msgid *out,
                            struct moxd_err *err) MOXD_CHECKED;

/* Those with its own one; none when it has none. */
int store_thread_own_msgid(struct store_tx *tx, const struct store_thread_rec *r,
                           struct store_same_msgid *out, struct moxd_err *err) MOXD_CHECKED;

/* 1, 0 when there is no record, -1. */
int store_thread_get(struct store_tx *tx, uint64_t id, struct store_thread_rec *r,
                     struct moxd_err *err) MOXD_CHECKED;
/* The same of a message that is there: 0 also when it was expunged and not yet erased. */
int store_thread_live(struct store_tx *tx, uint64_t id, struct store_thread_rec *r,
                      struct moxd_err *err) MOXD_CHECKED;
/* Replaces the record of a message that is there, not its indexes. */
int store_thread_put(struct store_tx *tx, uint64_t id, const struct store_thread_rec *r,
                     struct moxd_err *err) MOXD_CHECKED;
int store_thread_put_subject(struct store_tx *tx, uint64_t id, int64_t received,
                             const struct store_thread_rec *r, struct moxd_err *err) MOXD_CHECKED;

/* Makes record and index entries of a message, and puts it into its thread unless `later` or the account
 * is not brought up yet. The record is stored by the caller, with the message. */
int store_thread_add(struct store_tx *tx, uint64_t id, int64_t received,
                     const struct store_head *head, bool later, struct store_thread_rec *out,
                     struct moxd_err *err) MOXD_CHECKED;
/* The same for a copy of a message; *out is the encoded record, in tx->arena. */
int store_thread_copy(struct store_tx *tx, uint64_t from, uint64_t to, int64_t received,
                      struct moxd_str *out, struct moxd_err *err) MOXD_CHECKED;
/* Takes away the index entries of a message. */
int store_thread_remove(struct store_tx *tx, uint64_t id, int64_t received,
                        struct moxd_err *err) MOXD_CHECKED;

/* Makes a pending record one in a thread: with those that are there and not pending (THR-11). */
int store_thread_assign(struct store_tx *tx, uint64_t id, int64_t received,
                        struct store_thread_rec *r, const struct store_same_msgid *same,
                        struct moxd_err *err) MOXD_CHECKED;
/* Puts a message whose record is pending, and those that it needs for that, into their threads. */
int store_thread_link(struct store_tx *tx, uint64_t id, struct moxd_err *err) MOXD_CHECKED;

/* The ids of all messages of the thread that r is in, ascending, in tx->arena. */
int store_thread_members(struct store_tx *tx, const struct store_thread_rec *r, uint64_t **ids,
                         size_t *n, struct moxd_err *err) MOXD_CHECKED;

/* --- bringing an account up -------------------------------------------------------------------- */

/* What is left to do: bring it up, or link what an import added. */
static inline bool store_threads_unfinished(const struct store_meta *m)
{
    return m->thread_pass != STORE_THREADS_DONE || m->thread_from != 0;
}

/* FILL: the next messages without a record; their headers are read outside of the transaction. */
enum { STORE_FILL_PORTION = 100, STORE_LINK_PORTION = 200, STORE_LINK_LOOK = 5000 };
struct store_op_fill {
    uint64_t from;           /* where it looked */
    uint64_t ids[STORE_FILL_PORTION];
    size_t n;
    uint64_t next;           /* where to look next; 0: that was all */
    struct store_head *heads; /* of ids[i]; empty when it could not be read */
    bool wrote;              /* out of fill: it was as found */
};
int store_op_fill_find(struct store_tx *tx, void *arg, struct moxd_err *err);
int store_op_fill(struct store_tx *tx, void *arg, struct moxd_err *err);
/* LINK: one portion. */
struct store_op_link {
    size_t n;                /* out: linked */
};
int store_op_link(struct store_tx *tx, void *arg, struct moxd_err *err);
/* Begins anew with FILL; muted and collapsed stay. */
int store_op_threads_reset(struct store_tx *tx, void *arg, struct moxd_err *err);

/* --- making a database anew -------------------------------------------------------------------- */

/* What was muted or collapsed: ids ascending. */
struct store_thread_states {
    struct store_thread_state_of {
        uint64_t id;
        unsigned state;
    } *v;
    size_t n, cap;
};
/* Notes that (in tx->arena), clears the indexes and begins with FILL; the places are still to be cleared. */
int store_thread_states_take(struct store_tx *tx, struct store_thread_states *out,
                             struct moxd_err *err) MOXD_CHECKED;
/* *out: the encoded record with which a message is put again, in tx->arena; it has nothing but what was
 * noted, mostly it is none. Puts its index entry. */
int store_thread_state_add(struct store_tx *tx, const struct store_thread_states *states,
                           const struct store_rec *msg, struct moxd_str *out,
                           struct moxd_err *err) MOXD_CHECKED;

#endif
