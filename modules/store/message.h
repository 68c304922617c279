/* Messages inside a transaction: the four elementary changes, each of which keeps record, indexes,
 * counts and modseq together, runs the hooks, and tells watchers. */
#ifndef STORE_MESSAGE_H
#define STORE_MESSAGE_H

#include "box.h"

/* Who causes a change, for hooks. */
struct store_origin {
    const char *name;
    const void *data;
};

/* Puts rec (id set, modseq and createseq are set here) into the box under a new UID, with its encoded thread
 * record. */
int store_msg_insert(struct store_tx *tx, struct store_box *box, struct store_rec *rec,
                     struct moxd_str thread, struct store_origin origin, uint32_t *uid,
                     struct moxd_err *err) MOXD_CHECKED;
/* Replaces flags and keywords; `now` is a copy of `old` with others. Sets now->modseq. */
int store_msg_update(struct store_tx *tx, struct store_box *box, uint32_t uid,
                     const struct store_rec *old, struct store_rec *now,
                     struct moxd_err *err) MOXD_CHECKED;
/* Takes it out of src and puts it into dst under a new UID, keeping its id; keyword numbers are
 * translated. rec becomes what is stored now. */
int store_msg_move(struct store_tx *tx, struct store_box *src, struct store_box *dst, uint32_t uid,
                   struct store_rec *rec, uint32_t *new_uid, struct moxd_err *err) MOXD_CHECKED;
/* Before a message, or its copy, goes from one box to another: what that says of it (P-STORE-13, REP-03). Into one for
 * junk it goes as junk; out of where refused messages are kept, as one that nobody has seen. */
void store_msg_leave(struct store_rec *rec, const struct store_box *src, const struct store_box *dst);
/* Takes it out for good: a tombstone stays, and what is beside it until it is erased. */
int store_msg_expunge(struct store_tx *tx, struct store_box *box, uint32_t uid,
                      const struct store_rec *rec, struct moxd_err *err) MOXD_CHECKED;
/* Translates the keyword numbers of rec from the list of src to that of dst. */
int store_msg_translate(struct store_tx *tx, struct store_box *src, struct store_box *dst,
                        struct store_rec *rec, struct moxd_err *err) MOXD_CHECKED;

/* 1, 0, -1. */
int store_msg_get(struct store_tx *tx, uint32_t mailbox, uint32_t uid, struct store_rec *rec,
                  struct moxd_err *err) MOXD_CHECKED;
/* Where a message is: 1, 0, -1. */
int store_msg_find(struct store_tx *tx, uint64_t id, uint32_t *mailbox, uint32_t *uid,
                   struct moxd_err *err) MOXD_CHECKED;
/* The same with its record. */
int store_msg_by_id(struct store_tx *tx, uint64_t id, uint32_t *mailbox, uint32_t *uid,
                    struct store_rec *rec, struct moxd_err *err) MOXD_CHECKED;
/* Where it is, or was when it is not yet erased. */
int store_msg_place(struct store_tx *tx, uint64_t id, uint32_t *mailbox, uint32_t *uid,
                    struct moxd_err *err) MOXD_CHECKED;

/* Writes where a message is, with its encoded thread record. */
int store_msg_put_place(struct store_tx *tx, uint64_t id, uint32_t mailbox, uint32_t uid,
                        struct moxd_str thread, struct moxd_err *err) MOXD_CHECKED;
/* As the interface shows it, keywords in a. */
int store_msg_show(struct store_tx *tx, struct store_box *box, uint32_t uid,
                   const struct store_rec *r, struct moxd_arena *a, struct store_msg *out,
                   struct moxd_err *err) MOXD_CHECKED;

/* Calls fn for every message of the mailbox with a UID in the set (NULL: all), ascending. The record
 * lasts for the call. fn must not write messages of this mailbox. */
typedef int store_msg_each(void *arg, uint32_t uid, const struct store_rec *rec);
int store_msg_scan(struct store_tx *tx, uint32_t mailbox, const struct store_uids *uids,
                   store_msg_each *fn, void *arg, struct moxd_err *err) MOXD_CHECKED;

/* The same in portions, between which messages may be written:
 *     struct store_portion *it = store_portion_new(tx, mailbox, uids);
 *     while ((rc = store_portion_next(tx, it, err)) > 0) for (i < it->n) ... it->uid[i], it->rec[i]
 * UIDs given out after the start are not visited. */
enum { STORE_PORTION = 200 };
struct store_portion {
    uint32_t mailbox, last; /* last: highest UID to visit */
    const struct store_uids *uids;
    size_t n, range;        /* range: the one being visited */
    uint32_t from;          /* next UID to look at */
    uint32_t uid[STORE_PORTION];
    struct store_rec rec[STORE_PORTION];
};
struct store_portion *store_portion_new(struct store_tx *tx, const struct store_box *box,
                                        const struct store_uids *uids); /* in tx->arena */
int store_portion_next(struct store_tx *tx, struct store_portion *it,
                       struct moxd_err *err) MOXD_CHECKED;

#endif
