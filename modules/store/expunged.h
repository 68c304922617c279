/* Messages that were expunged and not yet erased (STORE_T_EXPUNGED). Expunging takes only the message's own
 * record out; its place by id, threads, parsed forms, notes and body stay until nobody can ask for them any
 * more (P-STORE-02), and go in the background. Until then what is found by id or thread is compared with the
 * message's own record.
 *
 * Tombstones (STORE_T_GONE) stay for good. Both are written for many messages at once: per mailbox what
 * leaves it is gathered in the transaction, and written with its record. */
#ifndef STORE_EXPUNGED_H
#define STORE_EXPUNGED_H

#include "box.h"

enum { STORE_EXPUNGED_MAX = 20 }; /* in one record: it stays below 1,000 bytes */

struct store_expunged {
    uint32_t uid;
    uint64_t id;
    struct store_erase body;
    int64_t received;
};
struct store_leaving {
    struct store_uid_range gone;  /* the last ones, without a gap; 0: none */
    struct store_expunged v[STORE_EXPUNGED_MAX];
    size_t n;
};

/* Notes that the UID left the mailbox; e: the message was expunged, NULL: it was moved away. UIDs ascend.
 * store_box_save writes it. */
int store_leave(struct store_tx *tx, struct store_box *box, uint32_t uid,
                const struct store_expunged *e, struct moxd_err *err) MOXD_CHECKED;
int store_leave_end(struct store_tx *tx, struct store_box *box, struct moxd_err *err) MOXD_CHECKED;

/* A tombstone: the UIDs that it is for. -1 for what no encoder made. */
int store_gone_decode(struct moxd_str key, struct moxd_str val,
                      struct store_uid_range *out) MOXD_CHECKED;
/* n from 1 to STORE_EXPUNGED_MAX; buf has STORE_RECORD_MAX bytes. */
struct moxd_str store_expunged_encode(const struct store_expunged *v, size_t n, unsigned char *buf);
/* How many messages the record is for, v has room for STORE_EXPUNGED_MAX; -1 for what no encoder made. */
int store_expunged_decode(struct moxd_str val, struct store_expunged *v) MOXD_CHECKED;
/* One that has this place: 1, 0, -1. Reads all records of the mailbox. */
int store_expunged_find(struct store_tx *tx, uint32_t mailbox, uint32_t uid,
                        struct store_expunged *out, struct moxd_err *err) MOXD_CHECKED;

#endif
