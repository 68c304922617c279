/* Which parts of a mailbox changed since: for each block of 64 UIDs the highest modification sequence that
 * was given to one of its messages (STORE_T_CHANGED). What asks for changes reads these instead of all
 * messages (RFC 7162). A block is written once in a transaction, however many of its messages change.
 *
 * Accounts from before have no blocks of what changed earlier: a record of the account says from which
 * modification sequence on they are complete. */
#ifndef STORE_CHANGED_H
#define STORE_CHANGED_H

#include "box.h"

enum { STORE_BLOCK_UIDS = 64 };

/* A message of the mailbox got the modification sequence of this transaction. store_box_save writes it. */
int store_changed_note(struct store_tx *tx, struct store_box *box, uint32_t uid,
                       struct moxd_err *err) MOXD_CHECKED;
int store_changed_end(struct store_tx *tx, struct store_box *box, struct moxd_err *err) MOXD_CHECKED;

/* From when on blocks are complete: 1, 0 when the account has none, -1. */
int store_changed_from(struct store_tx *tx, uint64_t *modseq, struct moxd_err *err) MOXD_CHECKED;
/* They are from now on. */
int store_changed_begin(struct store_tx *tx, struct moxd_err *err) MOXD_CHECKED;

/* Where in `uids` (NULL: everywhere) messages may have changed since: 1 and *out, in the arena; 0 when
 * anywhere; -1. */
int store_changed_where(struct store_tx *tx, uint32_t mailbox, const struct store_uids *uids,
                        uint64_t since, struct moxd_arena *a, struct store_uids *out,
                        struct moxd_err *err) MOXD_CHECKED;

#endif
