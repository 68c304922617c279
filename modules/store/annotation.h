/* Annotations of mailboxes and of the account (RFC 5464), inside a transaction. They are kept by the id of
 * their mailbox, so that they go with it under another name. What was removed leaves a tombstone with its
 * modseq (P-STORE-04), as many as STORE_ANNOTATION_TOMBS for a mailbox. */
#ifndef STORE_ANNOTATION_H
#define STORE_ANNOTATION_H

#include "ops.h"

enum {
    STORE_ANNOTATION_TOMBS = 100,
    STORE_ANNOTATIONS_SIZE_MAX = 2 << 20, /* names and values of an account */
};

struct store_op_annotations {
    uint32_t mailbox;        /* 0: of the account */
    bool all;                /* of all mailboxes, and of the account */
    struct moxd_arena *arena;
    struct store_annotation *v; /* out, by mailbox and name */
    size_t n, cap;
};
int store_op_annotations(struct store_tx *tx, void *arg, struct moxd_err *err);
struct store_op_annotate {
    uint32_t mailbox;
    const struct store_annotation *v;
    size_t n;
    uint64_t modseq;         /* out; 0: nothing changed */
};
int store_op_annotate(struct store_tx *tx, void *arg, struct moxd_err *err);

/* For a mailbox that is removed; for the one that takes the messages of INBOX (RFC 5464 4.1). */
int store_annotations_clear(struct store_tx *tx, uint32_t mailbox,
                            struct moxd_err *err) MOXD_CHECKED;
int store_annotations_copy(struct store_tx *tx, uint32_t from, uint32_t to,
                           struct moxd_err *err) MOXD_CHECKED;

#endif
