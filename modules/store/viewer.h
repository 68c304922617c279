/* \Seen of accounts that look into a mailbox of another one (doc/decisions/014): each of these viewers has its own,
 * with a modification sequence; all other flags are shared. A message without a record is unseen.
 *
 * Inside transactions. tx->viewer says who asks: 0 is the owner, for whom nothing of this is read. */
#ifndef STORE_VIEWER_H
#define STORE_VIEWER_H

#include "box.h"

/* --- reading ----------------------------------------------------------------------------------- */

/* What the viewer of the transaction has seen among some messages of a mailbox; in tx->arena. */
struct store_seen {
    struct store_seen_at {
        uint32_t uid;
        struct store_seen_rec r;
    } * v; /* ascending */
    size_t n, cap;
    bool owner; /* the records of the messages say it */
};
/* Of the messages in the set (NULL: all), and possibly some between them. */
int store_seen_load(struct store_tx *tx, uint32_t mailbox, const struct store_uids *uids,
                    struct store_seen *out, struct moxd_err *err) MOXD_CHECKED;
/* Makes flags and modseq of a message those that the viewer sees. */
void store_seen_show(const struct store_seen *seen, uint32_t uid, unsigned *flags,
                     uint64_t *modseq);
/* Counts and modseq of the mailbox for the viewer; zeros when there is no record. */
int store_viewer_get(struct store_tx *tx, uint32_t mailbox, struct store_viewer_rec *out,
                     struct moxd_err *err) MOXD_CHECKED;

/* --- writing: the caller saves the box --------------------------------------------------------- */

/* Sets or takes away \Seen of the transaction's viewer, which is told to its watches only. */
int store_seen_set(struct store_tx *tx, struct store_box *box, uint32_t uid, uint64_t id,
                   unsigned flags, struct moxd_err *err) MOXD_CHECKED;
/* The viewer has seen a message that it adds, of which watches are told anyway. */
int store_seen_add(struct store_tx *tx, struct store_box *box, uint32_t uid,
                   struct moxd_err *err) MOXD_CHECKED;
/* A message gets what all viewers have seen of another. */
int store_seen_copy(struct store_tx *tx, struct store_box *src, uint32_t uid, struct store_box *dst,
                    uint32_t new_uid, struct moxd_err *err) MOXD_CHECKED;
/* A message is gone from the mailbox. */
int store_seen_remove(struct store_tx *tx, struct store_box *box, uint32_t uid,
                      struct moxd_err *err) MOXD_CHECKED;
/* The mailbox is gone. */
int store_viewers_clear(struct store_tx *tx, uint32_t mailbox, struct moxd_err *err) MOXD_CHECKED;

/* Counts anew what viewers have seen of messages that are there, after a salvage. */
int store_viewers_rebuild(struct store_tx *tx, struct moxd_err *err) MOXD_CHECKED;

#endif
