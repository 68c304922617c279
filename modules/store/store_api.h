/* store/1: mailboxes and messages of accounts, durable.
 *
 * Everything that changes something returns only after it is on disk; everything that reads returns
 * only what is on disk (a crash never takes back a UID or MODSEQ that was shown). Functions marked
 * MOXD_SUSPENDS do their work on the store's workers; none may be called while a moxd_nosuspend
 * section is open. `self` is the instance given by moxd_interface_get. Results live in the arena
 * that is passed in.
 *
 * Ids: an account id is given out once and never reused; names are labels. Message ids are per account
 * and never reused. UIDs are per mailbox, ascending; UIDVALIDITY per mailbox never repeats for a name.
 * Modseq is per account and grows with each change; every message and mailbox has createseq <= modseq. */
#ifndef MOXD_STORE_H
#define MOXD_STORE_H

#include <moxd/arena.h>
#include <moxd/buf.h>
#include <moxd/err.h>
#include <moxd/fiber.h>
#include <moxd/hook.h>

struct moxd_instance;
struct store_account; /* an open account, reference-counted */
struct store_draft;   /* a message body being collected */
struct store_body;    /* an open message body */
struct store_watch;   /* a subscriber to changes */
struct store_tx;      /* a running transaction, on a worker */

enum store_flag {
    STORE_SEEN = 1 << 0, STORE_ANSWERED = 1 << 1, STORE_FLAGGED = 1 << 2, STORE_DELETED = 1 << 3,
    STORE_DRAFT = 1 << 4, STORE_FORWARDED = 1 << 5, STORE_JUNK = 1 << 6, STORE_NOTJUNK = 1 << 7,
    STORE_PHISHING = 1 << 8, STORE_MDNSENT = 1 << 9,
    STORE_FLAGS_ALL = (1 << 10) - 1,
    STORE_FLAG_KEYWORDS = 1 << 10, /* in a mask only: the keywords */
};
enum store_special_use {
    STORE_USE_ARCHIVE = 1, STORE_USE_DRAFTS = 2, STORE_USE_JUNK = 4, STORE_USE_SENT = 8,
    STORE_USE_TRASH = 16, STORE_USE_FLAGGED = 32, STORE_USE_ALL = 64, STORE_USE_IMPORTANT = 128,
};
/* Keywords: lower case, sorted, without duplicates; not those that have a flag above. Each is an IMAP atom. */
struct store_keywords {
    const char *const *v;
    size_t n;
};
enum { STORE_KEYWORDS_MAX = 100, STORE_KEYWORD_LEN_MAX = 100 };

struct store_mailbox {
    uint32_t id;
    const char *name;          /* UTF-8 NFC, "/" between levels, "INBOX" (upper case) for the inbox */
    uint32_t uidvalidity, uidnext;
    uint64_t highestmodseq, createseq;
    unsigned special_use;
    bool subscribed;
    uint32_t total, unseen, deleted;
    uint64_t size;
    uint32_t recent;           /* UIDs from here on no session was told of (\Recent, RFC 3501 2.3.2) */
    struct store_keywords keywords; /* ever used here, never removed (STORE-09) */
};
struct store_time {
    int64_t ns;                /* since 1970 UTC */
    int16_t zone;              /* minutes east, as given */
};
/* What lists show; small and fast. */
struct store_entry {
    uint32_t uid;
    unsigned flags;
    uint64_t id, modseq;
    struct store_keywords keywords;
};
struct store_msg {
    uint64_t id;
    uint32_t mailbox, uid;
    uint64_t modseq, createseq;
    unsigned flags;
    struct store_keywords keywords;
    struct store_time received; /* INTERNALDATE */
    int64_t saved;              /* ns: when it came into this mailbox (SAVEDATE) */
    uint64_t size;              /* prefix + body (STORE-01) */
    uint64_t emailid;           /* of its content: copies have that of their original (RFC 8474 5.1) */
    /* 1.5 */
    bool reject;                /* it was refused, and is kept for the user to see (STORE-20, REP-04); a
                                   message or copy that goes to another mailbox is no reject any more */
    uint32_t delivered;         /* mailbox that it came into first, which may be gone; of a reject, and of one that
                                   was: the one that it would have come into (REP-03) */
};
struct store_location {
    uint32_t mailbox, uid;
};
/* How often the account wrote to somebody (P-STORE-10). */
struct store_sent_to {
    uint32_t messages;
    int64_t first, last;        /* ns, INTERNALDATE of messages */
};
/* The place of a message in its thread (THR-*). Muted: new messages below it are marked as read. */
enum store_thread_state {
    STORE_THREAD_MISSING = 1, /* not its parent, only an ancestor of it was found, or nobody */
    STORE_THREAD_MUTED = 2,
    STORE_THREAD_COLLAPSED = 4,
    STORE_THREAD_STATES = 7,
};
struct store_thread {
    uint64_t id;              /* of the message; 0: it is gone */
    uint64_t thread;          /* shared by the thread; of an account that is still being brought up, and of
                                 an import that goes on, possibly 0 */
    unsigned state;           /* enum store_thread_state */
    const uint64_t *ancestors; /* ids, the nearest first, the root last; some may be gone */
    size_t nancestors;        /* at most 100: of more, the nearest and the root */
    const char *message_id;   /* normalised; "" */
};
/* The messages of a mailbox as pages list them (THR-05, THR-07). Threads come by their newest message in the mailbox, in a
 * thread parents before children and older before newer. OFF: messages alone, by time. UNREAD: threads in which something is
 * unseen are open, others are one row; ON: all are open, but below a collapsed message nothing is shown. */
enum store_row_mode { STORE_ROWS_OFF, STORE_ROWS_UNREAD, STORE_ROWS_ON };
struct store_row {
    uint64_t id, thread;        /* thread: 0 with OFF; of a message that is in none yet its own id */
    uint32_t uid;
    unsigned flags;             /* enum store_flag */
    unsigned state;             /* enum store_thread_state; 0 with OFF */
    unsigned depth;             /* 0: stands for its thread; else below the nearest row of less depth before it */
    int64_t received;           /* ns, INTERNALDATE */
    uint32_t hidden, hidden_unseen; /* messages below it that are no rows, and those of them that are unseen */
};
struct store_rows {
    uint32_t mailbox;
    enum store_row_mode mode;
    bool oldest_first;          /* threads */
    size_t max;                 /* rows; the last thread comes whole */
    int64_t after_time;         /* where the page before ended, both as they came back: */
    uint64_t after;             /* 0: from the start; comes back as 0 when there is no more */
    struct moxd_arena *arena;   /* of what comes back: */
    struct store_row *v;
    size_t n;
    uint32_t threads;           /* of the mailbox; with OFF messages */
};
/* Of messages in all mailboxes of an account (ACCT-08). */
struct store_quota {
    uint64_t size;              /* bytes: prefixes and bodies */
    uint64_t messages;
};
struct store_usage {
    struct store_quota used;
    struct store_quota quota;   /* the most that may be used; 0: unlimited */
};
/* An annotation (RFC 5464). Names: lower case, as "/private/comment"; the store does not look into them. */
enum { STORE_ANNOTATION_NAME_MAX = 200, STORE_ANNOTATION_MAX = 32 * 1024, STORE_ANNOTATIONS_MAX = 100 };
struct store_annotation {
    uint32_t mailbox;           /* 0: of the account */
    const char *name;
    struct moxd_str value;      /* any bytes; p NULL: to be removed */
    uint64_t modseq, createseq; /* P-STORE-04 */
};
/* A set of UIDs: ascending, disjoint ranges, ends included. */
struct store_uids {
    const struct store_uid_range { uint32_t first, last; } *v;
    size_t n;
};

/* UIDs of a mailbox that sessions share: v[0] to v[n - 1], ascending. Those of messages that come are appended
 * while there is room, so that n grows; what is there never changes. The loop's. */
struct store_uid_list {
    unsigned refs;
    size_t n, cap;
    uint32_t v[];
};
/* A mailbox and its messages as of one moment. */
struct store_selection {
    struct store_mailbox mailbox;
    struct store_uid_list *uids; /* a reference */
    size_t n;                  /* messages: the first so many in it */
    uint32_t first_unseen;     /* number of the first message without \Seen, from 1; 0: none */
    uint64_t modseq;           /* of the account: watch changes above it follow */
};

/* --- changes ----------------------------------------------------------------------------------- */
enum store_change_kind {
    STORE_CHANGE_ADD, STORE_CHANGE_FLAGS, STORE_CHANGE_EXPUNGE, /* messages of a mailbox */
    STORE_CHANGE_MAILBOX_ADD, STORE_CHANGE_MAILBOX_REMOVE, STORE_CHANGE_MAILBOX_RENAME,
    STORE_CHANGE_SUBSCRIPTION, STORE_CHANGE_SPECIAL_USE, STORE_CHANGE_KEYWORDS,
    STORE_CHANGE_ACCOUNT_REMOVED,
    STORE_CHANGE_UIDVALIDITY, /* of a mailbox: all that was known of its messages is void */
    STORE_CHANGE_ANNOTATIONS, /* of a mailbox, or of the account: mailbox 0 */
    STORE_CHANGE_THREAD, /* a message: muted, collapsed or not any more */
};
struct store_change {
    enum store_change_kind kind;
    uint32_t mailbox;
    uint32_t uid;              /* ADD, FLAGS, EXPUNGE */
    uint64_t id, modseq;
    unsigned flags;            /* ADD, FLAGS: all of them after the change; THREAD: enum store_thread_state */
    struct store_keywords keywords; /* ADD, FLAGS: of the message; KEYWORDS: of the mailbox;
                                       ANNOTATIONS: names of those that were set or removed */
    const char *name, *old_name; /* mailboxes */
    bool subscribed;
    unsigned special_use;
    /* 1.6 */
    bool seen_only;            /* FLAGS: nothing but the owner's \Seen, of which viewers have their own */
};

/* --- adding ------------------------------------------------------------------------------------ */
struct store_add {
    struct store_account *acc;
    uint32_t mailbox;          /* by id, or 0 and: */
    const char *mailbox_name;  /* by name; created (subscribed) when `create` is set */
    bool create;
    bool link_later;           /* of an import, which calls link_threads at its end */
    unsigned flags;
    struct store_keywords keywords;
    struct store_time received;
    struct moxd_str prefix;    /* headers kept in the database before the body (SMTPIN-11) */
    const char *origin;        /* "smtp", "imap", ...: for hooks */
    const void *origin_data;   /* typed by origin; for hooks in the same process */
    /* results: */
    uint64_t id, modseq;
    uint32_t mailbox_id, uid, uidvalidity;
    /* 1.5 */
    bool reject;               /* it was refused; and the name of the mailbox that it would have gone */
    const char *destined;      /* to, which need not exist, or NULL */
};

/* --- flags ------------------------------------------------------------------------------------- */
enum store_flag_mode { STORE_FLAGS_SET, STORE_FLAGS_ADD, STORE_FLAGS_REMOVE };
struct store_flag_change {
    enum store_flag_mode mode;
    unsigned flags;
    struct store_keywords keywords;
    uint64_t unchangedsince;   /* 0: unconditional; else only messages with modseq <= it. Pass
                                  UINT64_MAX for "conditional on anything"; see has_ */
    bool has_unchangedsince;
    /* result: */
    uint64_t modseq;           /* of the messages that this changed; 0: there was nothing to change */
};
struct store_copied {
    uint32_t src_uid, dst_uid;
};

/* A message as it is read in a transaction, with what is stored beside it: valid while the function that
 * got it runs. */
enum { STORE_WITH_HEADER = 1, STORE_WITH_STRUCTURE = 2 };
struct store_item {
    const struct store_msg *msg;
    struct moxd_str header;    /* with HEADER: the summary (<moxmail/summary.h>); empty when missing */
    struct moxd_str structure; /* with STRUCTURE: for moxd_msg_decode; empty when missing */
    bool in_database;          /* tx_body gives it */
    uint64_t body;             /* where: for tx_body */
};
typedef int store_item_fn(void *arg, struct store_tx *tx, const struct store_item *item,
                          struct moxd_err *err);

/* Makes the records that belong to a body of the server, in the transaction that keeps it. */
typedef int store_kept_fn(struct store_tx *tx, uint64_t id, void *arg, struct moxd_err *err);

struct store_v1 {
    /* Opens an account by name, creating its data at first use (with the initial mailboxes of the
     * configuration, CORE-27, subscribed). The caller knows that the account is configured.
     * TEMP while the account is quarantined or the disk is full; CORRUPT. */
    int (*open)(struct moxd_instance *self, const char *name, struct store_account **out,
                struct moxd_err *err) MOXD_SUSPENDS;
    struct store_account *(*ref)(struct store_account *acc);
    void (*close)(struct store_account *acc);
    uint64_t (*account_id)(const struct store_account *acc);
    const char *(*account_name)(const struct store_account *acc);
    uint64_t (*modseq)(const struct store_account *acc); /* last durable one */
    /* Removes the account with all data; open references see ACCOUNT_REMOVED and errors. The files
     * are gone when it returns (ACCT-01). NOTFOUND when it never had data. */
    int (*remove)(struct moxd_instance *self, const char *name, struct moxd_err *err)
        MOXD_SUSPENDS;

    /* Mailboxes. Names are checked and normalized (P-IMAP-06, P-STORE-05): INVALID otherwise. */
    int (*mailboxes)(struct store_account *acc, struct moxd_arena *a, struct store_mailbox **out,
                     size_t *n, struct moxd_err *err) MOXD_SUSPENDS; /* sorted by name */
    int (*mailbox)(struct store_account *acc, struct moxd_str name, uint32_t id,
                   struct moxd_arena *a, struct store_mailbox *out, struct moxd_err *err)
        MOXD_SUSPENDS; /* by name, or by id when id != 0; NOTFOUND */
    int (*subscriptions)(struct store_account *acc, struct moxd_arena *a, const char ***out,
                         size_t *n, struct moxd_err *err) MOXD_SUSPENDS;
    /* Creates it and missing parents. EXISTS. */
    int (*mailbox_create)(struct store_account *acc, struct moxd_str name, unsigned special_use,
                          bool subscribe, uint32_t *id, struct moxd_err *err) MOXD_SUSPENDS;
    /* Removes it with its messages. NOTFOUND; STATE when it has children; INVALID for INBOX. */
    int (*mailbox_delete)(struct store_account *acc, struct moxd_str name, struct moxd_err *err)
        MOXD_SUSPENDS;
    /* Renames it and its children, creating missing parents; INBOX: moves its messages (IMAP-09). */
    int (*mailbox_rename)(struct store_account *acc, struct moxd_str from, struct moxd_str to,
                          struct moxd_err *err) MOXD_SUSPENDS;
    int (*subscribe)(struct store_account *acc, struct moxd_str name, bool on,
                     struct moxd_err *err) MOXD_SUSPENDS; /* idempotent (STORE-18); any valid name */
    /* UIDs below this one are no longer recent. Not a change: no modseq; durable with the next flush. */
    int (*set_recent)(struct store_account *acc, uint32_t mailbox, uint32_t uid,
                      struct moxd_err *err) MOXD_SUSPENDS;
    int (*set_special_use)(struct store_account *acc, uint32_t mailbox, unsigned use,
                           struct moxd_err *err) MOXD_SUSPENDS;

    /* Messages. `uids` NULL: all. Entries are sorted by UID; unknown UIDs are left out. *modseq (may
     * be NULL) is the account's at the time of the read: watch changes above it follow. */
    int (*entries)(struct store_account *acc, uint32_t mailbox, const struct store_uids *uids,
                   struct moxd_arena *a, struct store_entry **out, size_t *n, uint64_t *modseq,
                   struct moxd_err *err) MOXD_SUSPENDS;
    int (*messages)(struct store_account *acc, uint32_t mailbox, const struct store_uids *uids,
                    struct moxd_arena *a, struct store_msg **out, size_t *n,
                    struct moxd_err *err) MOXD_SUSPENDS;
    /* A mailbox by name, or by id when id != 0, with all of its entries: one read, so that they belong
     * together. NOTFOUND. */
    int (*select)(struct store_account *acc, struct moxd_str name, uint32_t id,
                  struct moxd_arena *a, struct store_mailbox *mb, struct store_entry **out,
                  size_t *n, uint64_t *modseq, struct moxd_err *err) MOXD_SUSPENDS;
    /* What happened since modseq (exclusive), for CONDSTORE and QRESYNC: entries that were changed, of
     * `uids` (NULL: all), and all UIDs that were expunged. out or vanished may be NULL: not looked for. */
    int (*changed_since)(struct store_account *acc, uint32_t mailbox, const struct store_uids *uids,
                         uint64_t modseq, struct moxd_arena *a, struct store_entry **out, size_t *n,
                         struct store_uids *vanished, struct moxd_err *err) MOXD_SUSPENDS;
    /* Body (prefix + file). Reading goes on after an expunge while it is open. NOTFOUND; CORRUPT when
     * the file is missing or shorter than recorded. */
    int (*body_open)(struct store_account *acc, uint64_t id, struct store_body **out,
                     struct moxd_err *err) MOXD_SUSPENDS;
    uint64_t (*body_size)(const struct store_body *b);
    /* Up to n bytes from offset: count, 0 at the end, -1 with *err. Any thread, does not suspend (page
     * cache reads; use moxd_offload around large scans). */
    long (*body_read)(struct store_body *b, uint64_t off, void *p, size_t n, struct moxd_err *err);
    void (*body_close)(struct store_body *b);
    /* A cached value beside a message that modules may keep (parsed MIME tree, preview): notes are
     * typed by name, at most 64 KiB, gone with the message. Not a change: no modseq. */
    int (*note_get)(struct store_account *acc, uint64_t id, const char *name, struct moxd_buf *out,
                    struct moxd_err *err) MOXD_SUSPENDS; /* NOTFOUND */
    int (*note_set)(struct store_account *acc, uint64_t id, const char *name, struct moxd_str value,
                    struct moxd_err *err) MOXD_SUSPENDS; /* durable with the next flush */

    /* A body in the making: in memory while small, spooled to a file beyond. Bytes as they will be
     * stored (CRLF line ends are the caller's business). */
    struct store_draft *(*draft_new)(struct moxd_instance *self);
    int (*draft_write)(struct store_draft *d, const char *p, size_t n, struct moxd_err *err)
        MOXD_SUSPENDS; /* FULL, IO */
    uint64_t (*draft_size)(const struct store_draft *d);
    long (*draft_read)(struct store_draft *d, uint64_t off, void *p, size_t n,
                       struct moxd_err *err); /* as body_read */
    void (*draft_free)(struct store_draft *d);
    /* Adds the draft to every target in one transaction: all or nothing, durable on return (a hard link
     * or copy per account). Targets may name the same account several times. The draft can be used
     * again. NOTFOUND (mailbox), LIMIT (quota), FULL, TEMP. `failed` (may be NULL) is the index of
     * the target that refused. */
    int (*add)(struct moxd_instance *self, struct store_draft *d, struct store_add *adds, size_t n,
               size_t *failed, struct moxd_err *err) MOXD_SUSPENDS;
    /* Several drafts into one mailbox, one transaction (MULTIAPPEND): drafts[i] goes with adds[i]. */
    int (*add_many)(struct moxd_instance *self, struct store_draft **drafts, struct store_add *adds,
                    size_t n, struct moxd_err *err) MOXD_SUSPENDS;

    /* Changes flags; *out: entries after the change, for those that were changed or already as asked;
     * *modified: UIDs refused by unchangedsince. */
    int (*set_flags)(struct store_account *acc, uint32_t mailbox, const struct store_uids *uids,
                     struct store_flag_change *fc, struct moxd_arena *a,
                     struct store_entry **out, size_t *n, struct store_uids *modified,
                     struct moxd_err *err) MOXD_SUSPENDS;
    int (*copy)(struct store_account *acc, uint32_t mailbox, const struct store_uids *uids,
                uint32_t dst, struct moxd_arena *a, struct store_copied **out, size_t *n,
                struct moxd_err *err) MOXD_SUSPENDS;
    int (*move)(struct store_account *acc, uint32_t mailbox, const struct store_uids *uids,
                uint32_t dst, struct moxd_arena *a, struct store_copied **out, size_t *n,
                uint64_t *modseq, struct moxd_err *err) MOXD_SUSPENDS;
    /* Removes those of `uids` (NULL: all) that have \Deleted. *out: what went, ascending. */
    int (*expunge)(struct store_account *acc, uint32_t mailbox, const struct store_uids *uids,
                   struct moxd_arena *a, struct store_uids *out, uint64_t *modseq,
                   struct moxd_err *err) MOXD_SUSPENDS;

    /* Changes: `wake(arg)` is called on the loop when something is pending and nothing was before;
     * nothing is ever lost or delayed (STORE-16). A watch sees every durable change of the account
     * after it was made, in commit order, its own included (compare what you did by modseq). Past
     * 100,000 pending changes the watch is marked lost: changes() gives STATE, resynchronize. */
    struct store_watch *(*watch)(struct store_account *acc, void (*wake)(void *arg), void *arg);
    int (*changes)(struct store_watch *w, struct moxd_arena *a, struct store_change **out, size_t *n,
                   struct moxd_err *err); /* takes all pending; n 0 when none */
    bool (*pending)(const struct store_watch *w);
    void (*unwatch)(struct store_watch *w);

    /* Records of modules. fn runs on a worker inside one transaction of the account (acc NULL: of the
     * server), durable when transact returns. It must not suspend, and may run again after a deadlock. */
    int (*transact)(struct moxd_instance *self, struct store_account *acc,
                    int (*fn)(struct store_tx *tx, void *arg, struct moxd_err *err), void *arg,
                    struct moxd_err *err) MOXD_SUSPENDS;
    /* As transact, but reads only, under the shared lock; nothing to flush. */
    int (*view)(struct moxd_instance *self, struct store_account *acc,
                int (*fn)(struct store_tx *tx, void *arg, struct moxd_err *err), void *arg,
                struct moxd_err *err) MOXD_SUSPENDS;
    /* In a transaction. `table` is the module's name, or "name.part"; keys <= 512 bytes, values <= 64 KiB.
     * get: NOTFOUND. del: no error when absent. */
    int (*tx_get)(struct store_tx *tx, const char *table, struct moxd_str key, struct moxd_buf *out,
                  struct moxd_err *err);
    int (*tx_put)(struct store_tx *tx, const char *table, struct moxd_str key, struct moxd_str value,
                  struct moxd_err *err);
    int (*tx_del)(struct store_tx *tx, const char *table, struct moxd_str key,
                  struct moxd_err *err);
    /* Keys with the prefix in order, until fn returns non-zero (which is returned). */
    int (*tx_each)(struct store_tx *tx, const char *table, struct moxd_str prefix,
                   int (*fn)(void *arg, struct moxd_str key, struct moxd_str value), void *arg,
                   struct moxd_err *err);

    /* --- since 1.1 --- */
    /* Previews of messages by id (P-STORE-08, RFC 8970), out[i] for ids[i]: UTF-8 on one line, at most 200
     * characters, empty when there is no text to show. Those not asked for before are made, which
     * reads the message (ask for few at a time), and kept; `lazy`: they are left out. p is NULL for
     * those, and for a message that is gone or damaged. Not a change: no modseq. TEMP, IO. */
    int (*previews)(struct store_account *acc, const uint64_t *ids, size_t n, bool lazy,
                    struct moxd_arena *a, struct moxd_str *out, struct moxd_err *err)
        MOXD_SUSPENDS;

    /* n bytes of a draft from `off`, as a draft of its own for add and add_many; d must stay as it is, and
     * alive, as long as the part is used. */
    struct store_draft *(*draft_part)(struct store_draft *d, uint64_t off, uint64_t n);
    /* Adds the draft and expunges a message of the same account, in one transaction; the quota counts the
     * difference (RFC 8508 3.4). As add; STATE when that message is gone. */
    int (*replace)(struct moxd_instance *self, struct store_draft *d, struct store_add *add,
                   uint32_t mailbox, uint32_t uid, struct moxd_err *err) MOXD_SUSPENDS;
    /* Threads: the place of each message, out[i] for ids[i]. */
    int (*threads)(struct store_account *acc, const uint64_t *ids, size_t n, struct moxd_arena *a,
                   struct store_thread **out, struct moxd_err *err) MOXD_SUSPENDS;
    /* Ids of all messages of the thread that a message is in, ascending, from all mailboxes; none when the
     * message is gone or not in a thread yet. */
    int (*thread_messages)(struct store_account *acc, uint64_t id, struct moxd_arena *a,
                           uint64_t **ids, size_t *n, struct moxd_err *err) MOXD_SUSPENDS;
    /* Ids of the messages with a Message-ID (as in its header, with or without brackets), the oldest first, at
     * most 64. */
    int (*by_message_id)(struct store_account *acc, struct moxd_str message_id,
                         struct moxd_arena *a, uint64_t **ids, size_t *n,
                         struct moxd_err *err) MOXD_SUSPENDS;
    /* Mutes or collapses messages and all that are below them, or takes that back: of enum
     * store_thread_state those in `mask` (MUTED, COLLAPSED) become as in `state`. Each changed message
     * is a STORE_CHANGE_THREAD with one modseq; its own stays. Ids of messages that are gone are
     * passed over. INVALID for another mask. */
    int (*set_thread)(struct store_account *acc, const uint64_t *ids, size_t n, unsigned mask,
                      unsigned state, struct moxd_err *err) MOXD_SUSPENDS;
    /* Puts into threads what was added to be linked later: at the end of an import (THR-10), in which
     * children may come before their parents. TEMP when the server stops; it then goes on when the
     * account is next opened. */
    int (*link_threads)(struct store_account *acc, struct moxd_err *err) MOXD_SUSPENDS;
    /* A mailbox name as the store writes it, whether there is such a mailbox or not. INVALID. */
    int (*canonical_name)(struct moxd_str name, struct moxd_arena *a, struct moxd_str *out,
                          struct moxd_err *err);

    /* --- since 1.2 --- */
    /* The messages of a set (NULL: all), ascending by UID; `with` says what of what is beside them is
     * read too. Ends when fn returns other than 0, which is returned. The mailbox must not be changed
     * meanwhile. NOTFOUND: no such mailbox. */
    int (*tx_messages)(struct store_tx *tx, uint32_t mailbox, const struct store_uids *uids,
                       unsigned with, store_item_fn *fn, void *arg, struct moxd_err *err);
    /* The whole message, valid until the next call with tx. 1; 0 when it is in a file: then body_open is
     * the way; -1 with *err. */
    int (*tx_body)(struct store_tx *tx, const struct store_item *item, struct moxd_str *out,
                   struct moxd_err *err);
    int (*usage)(struct store_account *acc, struct store_usage *out,
                 struct moxd_err *err) MOXD_SUSPENDS;
    /* 0 when a message of that size may be added now, as far as the quota goes. LIMIT as add: 452 4.2.2, or 552
     * 5.2.2 when it would be too large for an empty account. */
    int (*may_add)(struct store_account *acc, uint64_t size, struct moxd_err *err) MOXD_SUSPENDS;
    /* Gives an account a quota of its own, in domains.conf; 0: unlimited. NOTFOUND; LIMIT; errors of
     * moxd_conf_edit. */
    int (*set_quota)(struct moxd_instance *self, const char *account,
                     const struct store_quota *quota, struct moxd_err *err) MOXD_SUSPENDS;

    /* --- since 1.3 --- */
    /* Where messages are now, out[i] for ids[i]; all 0 for one that is gone, which never comes back. */
    int (*places)(struct store_account *acc, const uint64_t *ids, size_t n, struct moxd_arena *a,
                  struct store_location **out, struct moxd_err *err) MOXD_SUSPENDS;
    /* Whether the account has data: open would not make it. */
    int (*exists)(struct moxd_instance *self, const char *name, bool *out,
                  struct moxd_err *err) MOXD_SUSPENDS;
    /* Annotations of a mailbox, or of the account (mailbox 0); `all`: of both and of all mailboxes. By mailbox
     * and name. They go with the mailbox when it is renamed, and with it when it is removed; INBOX keeps
     * its own and the mailbox that takes its messages gets them too (RFC 5464 4.1). */
    int (*annotations)(struct store_account *acc, uint32_t mailbox, bool all, struct moxd_arena *a,
                       struct store_annotation **out, size_t *n, struct moxd_err *err)
        MOXD_SUSPENDS;
    /* Sets and removes annotations of a mailbox, or of the account: all or none. *modseq: of the change, 0 when
     * everything was so before. NOTFOUND; LIMIT: more than STORE_ANNOTATIONS_MAX in that mailbox, too
     * much in the account, a value above STORE_ANNOTATION_MAX; INVALID: a name. */
    int (*annotate)(struct store_account *acc, uint32_t mailbox, const struct store_annotation *v,
                    size_t n, uint64_t *modseq, struct moxd_err *err) MOXD_SUSPENDS;

    /* --- since 1.4 --- */
    /* The account as another one sees it, the viewer (by id), who has a \Seen of its own: its flags, modseqs, counts
     * of unseen messages, and watches are those of the viewer; messages that it adds are unseen by the owner.
     * No mailbox is subscribed. Goes wherever an account does; a reference, to be closed. Rights are the
     * caller's business. on_store_change and on_store_commit are about the owner only. */
    struct store_account *(*as)(struct store_account *acc, uint64_t viewer);
    /* As set_flags, for flags in the mask (STORE_FLAG_KEYWORDS: keywords) only: others stay as they are. */
    int (*set_flags_of)(struct store_account *acc, uint32_t mailbox, const struct store_uids *uids,
                        struct store_flag_change *fc, unsigned mask, struct moxd_arena *a,
                        struct store_entry **out, size_t *n, struct store_uids *modified,
                        struct moxd_err *err) MOXD_SUSPENDS;

    /* --- since 1.5 --- */
    /* Removes those of `uids` (NULL: all) for good, whatever their flags. NOTFOUND: no such mailbox. */
    int (*discard)(struct store_account *acc, uint32_t mailbox, const struct store_uids *uids,
                   struct moxd_err *err) MOXD_SUSPENDS;

    /* --- since 1.6 --- */
    /* In a transaction or view: messages to an address that came into a mailbox with the special use \Sent, ever.
     * Localpart unquoted, NFC, of any case; domain as A-labels, lower case (struct moxd_address). An empty
     * localpart: to all addresses of the domain. 1; 0: none; -1. */
    int (*tx_sent_to)(struct store_tx *tx, struct moxd_str localpart, struct moxd_str domain,
                      struct store_sent_to *out, struct moxd_err *err);

    /* --- since 1.7 --- */
    /* Bodies that belong to the server instead of an account: what waits to be sent. Makes prefix and draft durable, and
     * runs fn in the same transaction of the server with the id of the body, which is never reused; as
     * transact for fn. LIMIT: prefix too large; FULL, TEMP; what fn says. */
    int (*keep)(struct moxd_instance *self, struct store_draft *d, struct moxd_str prefix,
                store_kept_fn *fn, void *arg, struct moxd_err *err) MOXD_SUSPENDS;
    /* As body_open, for such a body: body_size, body_read, body_close. NOTFOUND; CORRUPT. */
    int (*kept_open)(struct moxd_instance *self, uint64_t id, struct store_body **out,
                     struct moxd_err *err) MOXD_SUSPENDS;
    /* Removes such a body in a transaction of the server; no error when it is not there. Who has it open reads
     * on. */
    int (*tx_unkeep)(struct store_tx *tx, uint64_t id, struct moxd_err *err);
    /* As tx_each, from the first key on that is not less than `from`, which begins with the prefix: listings in
     * pages. */
    int (*tx_from)(struct store_tx *tx, const char *table, struct moxd_str prefix,
                   struct moxd_str from,
                   int (*fn)(void *arg, struct moxd_str key, struct moxd_str value), void *arg,
                   struct moxd_err *err);

    /* --- since 1.8 --- */
    /* As select, with the UIDs only, which are shared and mostly in memory already: what it costs hardly grows
     * with the mailbox. out->uids is to be given back with uids_release. NOTFOUND. */
    int (*select_uids)(struct store_account *acc, struct moxd_str name, uint32_t id,
                       struct moxd_arena *a, struct store_selection *out,
                       struct moxd_err *err) MOXD_SUSPENDS;
    void (*uids_release)(struct store_uid_list *l); /* NULL is fine */

    /* --- since 1.9 --- */
    /* In a transaction or view: the id of a mailbox by its name, of any valid form. 1; 0: there is none; -1. */
    int (*tx_mailbox)(struct store_tx *tx, struct moxd_str name, uint32_t *id, struct moxd_err *err);

    /* --- since 1.10 --- */
    /* The UIDs that messages have in a mailbox now, ascending; ids ascending, those elsewhere are left out. */
    int (*uids_of)(struct store_account *acc, uint32_t mailbox, const uint64_t *ids, size_t n,
                   struct moxd_arena *a, uint32_t **out, size_t *nout,
                   struct moxd_err *err) MOXD_SUSPENDS;

    /* --- since 1.11 --- */
    /* As view, without waiting until what was read is on disk: a crash may take it back. For who shows it to
     * nobody, and does nothing because of it that was not wanted before the last change, too. */
    int (*peek)(struct moxd_instance *self, struct store_account *acc,
                int (*fn)(struct store_tx *tx, void *arg, struct moxd_err *err), void *arg,
                struct moxd_err *err) MOXD_SUSPENDS;
    /* As kept_open, in a transaction or view of the server: does not suspend. Closed by body_close. */
    int (*tx_kept_open)(struct store_tx *tx, uint64_t id, struct store_body **out,
                        struct moxd_err *err);

    /* --- since 1.12 --- */
    /* As add_many, all to one account; then fn runs in the same transaction, with the results in adds; as transact for
     * fn, which may refuse all of it. */
    int (*add_and)(struct moxd_instance *self, struct store_draft **drafts, struct store_add *adds,
                   size_t n, int (*fn)(struct store_tx *tx, void *arg, struct moxd_err *err),
                   void *arg, struct moxd_err *err) MOXD_SUSPENDS;
    /* As mailbox_delete, but STATE when there are messages in it. */
    int (*mailbox_delete_empty)(struct store_account *acc, struct moxd_str name,
                                struct moxd_err *err) MOXD_SUSPENDS;
    /* What pages and JMAP do (STORE-22): messages by id, in whatever mailboxes they are, all in one transaction, by the
     * operations that set_flags, move and discard are. Ids of messages that are gone are passed over. fc.modseq is
     * set as by set_flags; messages refused by unchangedsince are not told. */
    int (*flag_ids)(struct store_account *acc, const uint64_t *ids, size_t n,
                    struct store_flag_change *fc, struct moxd_err *err) MOXD_SUSPENDS;
    /* NOTFOUND: no such mailbox. Those that are there already stay as they are. `reads`: what goes to the mailbox with the
     * special use Archive or Junk was seen (P-WMAIL-06). */
    int (*move_ids)(struct store_account *acc, const uint64_t *ids, size_t n, uint32_t dst,
                    bool reads, struct moxd_err *err) MOXD_SUSPENDS;
    int (*discard_ids)(struct store_account *acc, const uint64_t *ids, size_t n,
                       struct moxd_err *err) MOXD_SUSPENDS;
    /* All of a mailbox are \Seen; `below`: and of those below it (P-WMAIL-05). NOTFOUND. To empty one: discard. */
    int (*mark_read)(struct store_account *acc, uint32_t mailbox, bool below,
                     struct moxd_err *err) MOXD_SUSPENDS;
    /* A page of a mailbox. The work is linear in the mailbox. NOTFOUND. */
    int (*rows)(struct store_account *acc, struct store_rows *rows,
                struct moxd_err *err) MOXD_SUSPENDS;
};

/* tx_get for a record that need not be there: 1, 0, -1. */
static inline int store_tx_find(const struct store_v1 *store, struct store_tx *tx, const char *table,
                                struct moxd_str key, struct moxd_buf *out, struct moxd_err *err)
{
    struct moxd_err why = { 0 };

    if (store->tx_get(tx, table, key, out, &why) == 0)
        return 1;
    if (why.kind == MOXD_ERR_NOTFOUND)
        return 0;
    if (err)
        *err = why;
    return -1;
}

/* on_store_change (TRANSACT): inside the transaction that changes messages. `old` is NULL for an add,
 * `now` for an expunge. The function may use store_v1.tx_* on tx. -1 with *err refuses the change. Since 1.9
 * tx_messages finds what is kept beside a message that is being added, too, and of a copy (origin "copy")
 * origin_data is a struct store_copy_origin. */
struct store_copy_origin {
    uint64_t id; /* of the message that was copied */
    bool reject; /* it was refused; the copy is no reject any more if it went to another mailbox */
};
struct store_change_event {
    const char *account;
    const struct store_msg *old, *now;
    const struct store_mailbox *old_mailbox, *now_mailbox;
    const char *origin;
    const void *origin_data;
    const struct store_v1 *store;
};
#define MOXD_POINT_on_store_change_MAJOR 1
typedef int moxd_on_store_change_fn(struct store_tx *tx, const struct store_change_event *ev,
                                    struct moxd_err *err);

/* on_store_commit (OBSERVE): after the change is durable, on the loop. */
struct store_commit_event {
    const char *account;
    const struct store_change *changes;
    size_t n;
};
#define MOXD_POINT_on_store_commit_MAJOR 1
typedef void moxd_on_store_commit_fn(struct moxd_instance *m, const struct store_commit_event *ev);

#endif
