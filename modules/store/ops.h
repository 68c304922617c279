/* The operations of the interface as functions in a transaction (store_fn): each takes a struct with
 * what is asked and what comes out. Results go into the caller's arena; after a deadlock they are made
 * again. */
#ifndef STORE_OPS_H
#define STORE_OPS_H

#include "bodyfile.h"
#include "expunged.h"
#include "head.h"
#include "message.h"

struct store_parsed;

/* A set of UIDs in the making. */
struct store_uidset {
    struct store_uid_range *v;
    size_t n, cap;
};
/* uid is higher than those before. */
void store_uidset_add(struct store_uidset *s, struct moxd_arena *a, uint32_t uid);
static inline struct store_uids store_uidset_uids(const struct store_uidset *s)
{
    return (struct store_uids){ s->v, s->n };
}

/* --- reading ----------------------------------------------------------------------------------- */
struct store_op_entries {
    uint32_t mailbox;
    const struct store_uids *uids;
    bool since;              /* only those whose modseq is above: */
    uint64_t modseq;
    bool no_entries, no_gone; /* with since: not looked for */
    struct moxd_arena *arena;
    struct store_entry *v;   /* out */
    size_t n, cap;
    uint64_t at;             /* modseq of the account */
    struct store_uids gone;  /* with since: expunged after it */
};
int store_op_entries(struct store_tx *tx, void *arg, struct moxd_err *err);
struct store_op_messages {
    uint32_t mailbox;
    const struct store_uids *uids;
    struct moxd_arena *arena;
    struct store_msg *v;     /* out */
    size_t n, cap;
};
int store_op_messages(struct store_tx *tx, void *arg, struct moxd_err *err);

struct store_op_mailboxes {
    struct moxd_arena *arena;
    struct store_mailbox *v; /* out, sorted by name */
    size_t n, cap;
};
int store_op_mailboxes(struct store_tx *tx, void *arg, struct moxd_err *err);
struct store_op_mailbox {
    uint32_t id;             /* or 0 and: */
    struct moxd_str name;    /* in stored form */
    struct moxd_arena *arena;
    struct store_mailbox *out;
};
int store_op_mailbox(struct store_tx *tx, void *arg, struct moxd_err *err);
struct store_op_select {
    struct store_op_mailbox box;
    struct store_op_entries entries;
};
int store_op_select(struct store_tx *tx, void *arg, struct moxd_err *err);
struct store_op_subscriptions {
    struct moxd_arena *arena;
    const char **v;          /* out, sorted */
    size_t n, cap;
};
int store_op_subscriptions(struct store_tx *tx, void *arg, struct moxd_err *err);

/* Where the body of a message is: also of one that was expunged and not yet erased. */
struct store_op_body {
    uint64_t id;
    bool kept;                /* a body of the server */
    struct store_erase place; /* out */
    struct moxd_buf *data;    /* out: prefix, and body when it is in the database */
};
int store_op_body(struct store_tx *tx, void *arg, struct moxd_err *err);

/* --- mailboxes --------------------------------------------------------------------------------- */
struct store_op_create {
    struct moxd_str name;    /* in stored form, here and below */
    unsigned special_use;
    bool subscribe;
    uint32_t id;             /* out */
};
int store_op_create(struct store_tx *tx, void *arg, struct moxd_err *err);
int store_op_delete(struct store_tx *tx, void *arg, struct moxd_err *err); /* struct moxd_str * */
/* The same; STATE when it has messages. */
int store_op_delete_empty(struct store_tx *tx, void *arg, struct moxd_err *err);
struct store_op_rename {
    struct moxd_str from, to;
};
int store_op_rename(struct store_tx *tx, void *arg, struct moxd_err *err);
struct store_op_subscribe {
    struct moxd_str name;
    bool on;
};
int store_op_subscribe(struct store_tx *tx, void *arg, struct moxd_err *err);
struct store_op_special_use {
    uint32_t mailbox;
    unsigned use;
};
int store_op_special_use(struct store_tx *tx, void *arg, struct moxd_err *err);
struct store_op_recent {
    uint32_t mailbox, uid;
};
int store_op_recent(struct store_tx *tx, void *arg, struct moxd_err *err);
/* Mailboxes of a new account, and its counters; nothing when it has them. */
struct store_op_init {
    const struct store_initial {
        const char *name;    /* in stored form */
        unsigned special_use;
    } *v;
    size_t n;
    uint32_t uidvalidity;    /* the first to give out */
};
int store_op_init(struct store_tx *tx, void *arg, struct moxd_err *err);

/* --- messages ---------------------------------------------------------------------------------- */
/* One message to add. */
struct store_op_one {
    size_t tx;               /* index of its account's transaction */
    struct store_add *add;
    uint64_t id;
    enum store_where where;
    struct moxd_str body;    /* when STORE_IN_DB */
    uint64_t body_size;
    const struct store_head *head;
    const struct store_parsed *parsed; /* NULL: to be parsed later */
    struct store_quota quota; /* of its account; 0: unlimited */
    uint64_t viewer;         /* who adds it to the account of another; 0: the owner */
};
struct store_op_replaced {
    uint32_t mailbox, uid;
};
struct store_op_add {
    struct store_op_one *v;
    size_t n;
    const struct store_op_replaced *replaced; /* expunged first, in the account of v[0]; or NULL */
    size_t failed;           /* out: index of the one that was refused */
};
int store_op_add(struct store_tx *txs, void *arg, struct moxd_err *err);
/* 0 when the account may take another message of that size. Else -1: LIMIT, with the enhanced code by which
 * callers know it (RFC 3463 3.3): 4.2.2; 5.2.2 when it would be too large for an empty account. */
int store_quota_check(const struct store_meta *meta, struct store_quota quota, uint64_t size,
                      struct moxd_err *err) MOXD_CHECKED;

struct store_op_flags {
    uint32_t mailbox;
    const struct store_uids *uids;
    struct store_flag_change *fc;
    unsigned mask;           /* flags that may be changed, STORE_FLAG_KEYWORDS: keywords too */
    struct moxd_arena *arena;
    struct store_entry *v;   /* out */
    size_t n, cap;
    struct store_uids modified;
};
int store_op_flags(struct store_tx *tx, void *arg, struct moxd_err *err);

/* A message to copy: found before, its file linked to the new id already. */
struct store_op_source {
    uint32_t uid;
    uint64_t id, new_id;
    enum store_where where;
};
struct store_op_copy {
    uint32_t mailbox, dst;
    const struct store_uids *uids; /* to find the sources */
    struct moxd_arena *arena;
    struct store_op_source *src;   /* out of find, into copy */
    size_t nsrc, src_cap;
    struct store_quota quota;
    struct store_copied *v;        /* out */
    size_t n, cap;
    uint64_t modseq;
};
int store_op_copy_find(struct store_tx *tx, void *arg, struct moxd_err *err);
int store_op_copy(struct store_tx *tx, void *arg, struct moxd_err *err);
int store_op_move(struct store_tx *tx, void *arg, struct moxd_err *err);

struct store_op_expunge {
    uint32_t mailbox;
    const struct store_uids *uids;
    bool any; /* whatever the flags; else those with \Deleted */
    struct moxd_arena *arena;
    struct store_uids out;
    uint64_t modseq;
};
int store_op_expunge(struct store_tx *tx, void *arg, struct moxd_err *err);

/* Removes what is left of expunged messages in the database; their files are gone already. */
enum { STORE_ERASE_RECORDS = 4 };
struct store_op_erase {
    struct store_erasable v[STORE_ERASE_RECORDS];
    size_t n;
    uint64_t ids[STORE_ERASE_RECORDS * STORE_EXPUNGED_MAX]; /* out of erase_files */
    size_t nids;
};
int store_op_erase(struct store_tx *tx, void *arg, struct moxd_err *err);
/* Finds those that are files. */
int store_op_erase_files(struct store_tx *tx, void *arg, struct moxd_err *err);
/* All that wait for it. */
struct store_op_erasables {
    struct moxd_arena *arena;
    struct store_erasable *v; /* out */
    size_t n, cap;
};
int store_op_erasables(struct store_tx *tx, void *arg, struct moxd_err *err);

struct store_op_note {
    uint64_t id;
    struct moxd_str name;
    struct moxd_str value;   /* set */
    struct moxd_buf *out;    /* get */
};
int store_op_note_get(struct store_tx *tx, void *arg, struct moxd_err *err);
int store_op_note_set(struct store_tx *tx, void *arg, struct moxd_err *err);

/* --- threads ----------------------------------------------------------------------------------- */
struct store_op_threads {
    const uint64_t *ids;
    size_t n;
    struct moxd_arena *arena;
    struct store_thread *v;  /* out: of ids[i] */
};
int store_op_threads(struct store_tx *tx, void *arg, struct moxd_err *err);
struct store_op_places {
    const uint64_t *ids;
    size_t n;
    struct moxd_arena *arena;
    struct store_location *v;   /* out: of ids[i] */
};
int store_op_places(struct store_tx *tx, void *arg, struct moxd_err *err);
struct store_op_ids {
    uint64_t message;        /* of the thread of that message, or: */
    struct moxd_str message_id; /* with that message id */
    struct moxd_arena *arena;
    uint64_t *v;             /* out, ascending */
    size_t n;
};
int store_op_thread_messages(struct store_tx *tx, void *arg, struct moxd_err *err);
int store_op_by_message_id(struct store_tx *tx, void *arg, struct moxd_err *err);
struct store_op_thread_set {
    const uint64_t *ids;     /* these and all below them */
    size_t n;
    unsigned mask, state;    /* enum store_thread_state: those in mask become as in state */
};
int store_op_thread_set(struct store_tx *tx, void *arg, struct moxd_err *err);

/* --- by id, and as pages list them --------------------------------------------------------------- */
struct store_op_bulk {
    const uint64_t *ids;
    size_t n;
    struct store_flag_change *fc; /* bulk_flags */
    uint32_t dst;                 /* bulk_move */
    bool reads;                   /* bulk_move: what goes to Archive or Junk was seen */
};
int store_op_bulk_flags(struct store_tx *tx, void *arg, struct moxd_err *err);
int store_op_bulk_move(struct store_tx *tx, void *arg, struct moxd_err *err);
int store_op_bulk_discard(struct store_tx *tx, void *arg, struct moxd_err *err);
struct store_op_mark_read {
    uint32_t mailbox;
    bool below;
};
int store_op_mark_read(struct store_tx *tx, void *arg, struct moxd_err *err);
/* Of struct store_rows. */
int store_op_rows(struct store_tx *tx, void *arg, struct moxd_err *err);

#endif
