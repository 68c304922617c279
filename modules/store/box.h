/* Mailbox records inside a transaction. */
#ifndef STORE_BOX_H
#define STORE_BOX_H

#include "keywords.h"
#include "name.h"

/* A mailbox being worked on. Changes to r are written by store_box_save. */
struct store_box {
    uint32_t id;
    struct store_mbox r;
    struct store_name name;     /* r.name points here */
    struct store_kwlist *kw;    /* loaded when first needed */
    bool changed;               /* in this transaction, and not yet noted: */
    uint32_t changed_block;     /* messages of this block of UIDs (changed.h) */
    struct store_leaving *leaving; /* what left it in this transaction (expunged.h), or NULL */
};
/* NOTFOUND when there is none. */
int store_box_load(struct store_tx *tx, uint32_t id, struct store_box *box,
                   struct moxd_err *err) MOXD_CHECKED;
int store_box_by_name(struct store_tx *tx, struct moxd_str name, struct store_box *box,
                      struct moxd_err *err) MOXD_CHECKED;
/* 1 and the id, 0, -1. */
int store_box_id(struct store_tx *tx, struct moxd_str name, uint32_t *id,
                 struct moxd_err *err) MOXD_CHECKED;
/* Writes the record, and the keyword list when it changed. */
int store_box_save(struct store_tx *tx, struct store_box *box, struct moxd_err *err) MOXD_CHECKED;
int store_box_keywords(struct store_tx *tx, struct store_box *box,
                       struct moxd_err *err) MOXD_CHECKED;
/* Makes the mailbox and those of its parents that are missing (RFC 9051 6.3.4), each told to watchers.
 * The name is in stored form. LIMIT. box may be NULL. */
int store_box_create(struct store_tx *tx, struct moxd_str name, unsigned special_use,
                     bool subscribe, struct store_box *box, struct moxd_err *err) MOXD_CHECKED;
/* The next UID of the mailbox, which it takes. LIMIT when there is none left (P-STORE-06). */
int store_box_uid(struct store_box *box, uint32_t *uid, struct moxd_err *err) MOXD_CHECKED;
/* Puts the subscription in or takes it out; *changed says whether it was otherwise (STORE-18). */
int store_subscription(struct store_tx *tx, struct moxd_str name, bool on, bool *changed,
                       struct moxd_err *err) MOXD_CHECKED;
int store_subscribed(struct store_tx *tx, struct moxd_str name, bool *on,
                     struct moxd_err *err) MOXD_CHECKED;
/* As the interface shows it, copied into a. */
int store_box_show(struct store_tx *tx, struct store_box *box, bool subscribed,
                   struct moxd_arena *a, struct store_mailbox *out,
                   struct moxd_err *err) MOXD_CHECKED;

#endif
