/* What is stored in an account's btree: tables, keys, records.
 *
 * One byte of table, then big-endian parts, so that keys sort as numbers do. Every record begins with its
 * version; a reader checks it, every field and the length, and calls anything else
 * corrupt. docs: README.md, "What is stored". */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include "codec.h"
#include "store_api.h"

enum {
    STORE_FORMAT = 1,             /* of the whole directory, in server.db */
    STORE_NAME_MAX = 500,         /* bytes of a mailbox name: it must fit a key */
    STORE_LEVELS_MAX = 32,        /* components of a mailbox name */
    STORE_ACCOUNT_NAME_MAX = 200, /* bytes */
    STORE_TABLE_NAME_MAX = 64,    /* bytes of a module's table name and of a note's */
    STORE_TABLE_KEY_MAX = 512,
    STORE_VALUE_MAX = 64 * 1024,  /* of a module's record and of a note */
    STORE_PREFIX_MAX = 64 * 1024, /* headers kept before the body */
    STORE_MAILBOX_KEYWORDS_MAX = 500, /* different ones ever used in one mailbox */
    STORE_MAILBOXES_MAX = 10000,  /* per account */
    STORE_PLACE_SIZE = 8,         /* bytes of mailbox and UID */
    STORE_VIEWER_KEY = 1 + 4 + 8, /* bytes of that key */
    STORE_SEEN_KEY = STORE_VIEWER_KEY + 4,
    STORE_KEY_MAX = 1 + STORE_TABLE_NAME_MAX + 1 + STORE_TABLE_KEY_MAX,
    STORE_RECORD_MAX = 1024,      /* of ours, but for keyword lists and data */
};
#define STORE_SIZE_MAX (UINT64_C(1) << 40) /* of one message: larger is damage */
/* Nothing counts up so far (validities are seconds): a counter that is higher is damage, and would be
 * at its end some time. Records may have twice that, so that none becomes unreadable. */
#define STORE_COUNTER_MAX (UINT64_C(1) << 61)  /* of ids and modseqs */
#define STORE_RECORD_NUMBER_MAX (2 * STORE_COUNTER_MAX)
#define STORE_MAILBOX_ID_MAX (UINT32_C(1) << 31)
#define STORE_UIDVALIDITY_MAX (UINT32_MAX - (UINT32_C(1) << 20))

enum store_table {
    STORE_T_THREAD,        /* thread.h */
    STORE_T_META,          /* -> struct store_meta */
    STORE_T_MAILBOX,       /* mailbox32 -> struct store_mbox */
    STORE_T_NAME,          /* name -> mailbox32 */
    STORE_T_SUBSCRIPTION,  /* name -> nothing */
    STORE_T_KEYWORDS,      /* mailbox32 -> keywords in the order of their first use */
    STORE_T_GONE,          /* mailbox32 modseq64 uid32 -> number32: UIDs from there on that left */
    STORE_T_MAILBOX_GONE,  /* modseq64 mailbox32 -> uidvalidity32 name: removed mailboxes */
    STORE_T_ID,            /* id64 -> mailbox32 uid32, and the thread (thread.h) */
    STORE_T_ERASE,         /* id64 -> struct store_erase: the same as STORE_T_EXPUNGED, of before there
                              was that, and of a database that was made anew */
    STORE_T_NOTE,          /* id64 name -> bytes */
    STORE_T_TABLE,         /* table 0 key -> bytes: records of modules */
    STORE_T_ACCOUNT,       /* server.db: name -> id64 */
    STORE_T_ACCOUNT_ID,    /* server.db: id64 -> state8 name */
    STORE_T_MESSAGE,       /* mailbox32 uid32 -> struct store_rec */
    STORE_T_DATA,          /* id64 -> prefix, and the body when it is not in a file */
    STORE_T_HEADER,        /* mailbox32 uid32 -> summary of the header; see parsed.h */
    STORE_T_STRUCTURE,     /* mailbox32 uid32 -> MIME structure */
    STORE_T_EXPUNGED,      /* mailbox32 uid32 -> some from there on that are not yet erased: expunged.h */
    STORE_T_SEEN,          /* mailbox32 account64 uid32 -> struct store_seen_rec; see viewer.h */
    STORE_T_VIEWER,        /* mailbox32 account64 -> struct store_viewer_rec */
    STORE_T_CHANGED,       /* mailbox32 block32 -> modseq64: the highest in a block of UIDs (changed.h) */
    STORE_T_SHARED,        /* id64 of a body, id64 -> nothing: another message that has it too */
    STORE_T_KEPT,          /* server.db: id64 -> struct store_erase: a body of the server (keep.c) */
};

struct store_key {
    unsigned char p[STORE_KEY_MAX];
    size_t n;
};
/* Keys by their parts. The names say the table. */
struct store_key store_key_table(enum store_table t);                 /* prefix of all of a table */
struct store_key store_key_u32(enum store_table t, uint32_t a);
struct store_key store_key_u64(enum store_table t, uint64_t a);
struct store_key store_key_shared(uint64_t body, uint64_t id);
struct store_key store_key_name(enum store_table t, struct moxd_str name);
struct store_key store_key_place(enum store_table t, uint32_t mailbox, uint32_t uid);
struct store_key store_key_message(uint32_t mailbox, uint32_t uid);
struct store_key store_key_gone(uint32_t mailbox, uint64_t modseq, uint32_t uid);
struct store_key store_key_viewer(uint32_t mailbox, uint64_t viewer);
struct store_key store_key_seen(uint32_t mailbox, uint64_t viewer, uint32_t uid);
struct store_key store_key_mailbox_gone(uint64_t modseq, uint32_t mailbox);
struct store_key store_key_note(uint64_t id, struct moxd_str name);
struct store_key store_key_module(struct moxd_str table, struct moxd_str key);
static inline struct moxd_str store_key_str(const struct store_key *k)
{
    return moxd_str((const char *)k->p, k->n);
}

/* How far an account is brought up to having threads (thread.h). */
enum { STORE_THREADS_FILL, STORE_THREADS_LINK, STORE_THREADS_DONE };

/* Counters of an account; of the server (id 0) only some are used. */
struct store_meta {
    uint64_t next_id;          /* of messages; of accounts in server.db */
    uint64_t low_id;           /* no file with a smaller id was in the making at this commit */
    uint64_t modseq;           /* the last one given out; in server.db, whose other ids are of accounts: what
                                  low_id is of bodies in keep.c */
    uint64_t gone_modseq;      /* highest of a tombstone (P-STORE-04) */
    uint64_t messages, size;   /* over all mailboxes */
    uint32_t mailboxes, next_mailbox;
    uint32_t next_uidvalidity; /* larger than any in use; in server.db: than any of a removed account */
    uint32_t format;           /* server.db */
    uint64_t thread_pass;      /* STORE_THREADS_* */
    uint64_t thread_from;      /* the lowest id that it has to look at; DONE: 0 for none */
};

struct store_mbox {
    uint32_t uidvalidity, uidnext;
    uint64_t highestmodseq, createseq;
    unsigned special_use;
    uint32_t total, unseen, deleted;
    uint64_t size;
    uint32_t recent;           /* UIDs from here on no session was told of (IMAP's \Recent) */
    uint32_t viewers;          /* accounts with records in STORE_T_VIEWER */
    struct moxd_str name;      /* points into what was decoded */
};

/* Whether a viewer has seen a message, and since when it is so. */
struct store_seen_rec {
    bool seen;
    uint64_t modseq;
};
/* Of all messages of a mailbox. */
struct store_viewer_rec {
    uint32_t seen;             /* how many */
    uint64_t modseq;           /* the highest */
};

enum store_where {
    STORE_IN_FILE, /* the body is the file; the prefix, if any, in STORE_T_DATA */
    STORE_IN_DB,   /* prefix and body in STORE_T_DATA */
};
/* A message. Keywords are indices into the list of its mailbox, ascending. */
struct store_rec {
    uint64_t id, modseq, createseq;
    uint32_t flags;
    int64_t received;
    int zone;
    int64_t saved;
    uint64_t size;             /* prefix + body */
    uint32_t prefix;           /* bytes of it */
    enum store_where where;
    uint64_t copy_of;          /* id of the original, which may be gone; 0: it is none */
    uint64_t body;             /* id whose STORE_T_DATA it shares (body.h); 0: it has its own */
    bool reject;               /* was refused: see store_msg */
    uint32_t delivered;        /* mailbox that it came into first, or would have; 0: where it is */
    unsigned nkw;
    uint16_t kw[STORE_KEYWORDS_MAX];
};
/* Of its content (RFC 8474 5.1). */
static inline uint64_t store_rec_emailid(const struct store_rec *r)
{
    return r->copy_of != 0 ? r->copy_of : r->id;
}
/* Before it goes from one mailbox to another one, itself or a copy: who takes a refused message out of where
 * such are kept wants it (REP-03). */
static inline void store_rec_leave(struct store_rec *r, uint32_t src, uint32_t dst)
{
    if (src == dst)
        return;
    if (r->delivered == 0 && !r->reject)
        r->delivered = src;
    if (r->delivered == dst)
        r->delivered = 0;
    r->reject = false;
}
/* The id by which its data is. */
static inline uint64_t store_rec_body(const struct store_rec *r)
{
    return r->body != 0 ? r->body : r->id;
}
struct store_erase {
    uint64_t body;             /* 0: under its own id */
    uint64_t size;
    uint32_t prefix;
    enum store_where where;
};

/* In server.db: an account by its id. */
enum store_account_state {
    STORE_LIVE,
    STORE_REMOVING, /* its name is free, its data is going */
};
struct store_account_rec {
    enum store_account_state state;
    struct moxd_str name;      /* points into what was decoded */
};

/* Encoders fill a buffer of STORE_RECORD_MAX. Decoders return -1 for anything that no encoder made. */
struct moxd_str store_meta_encode(const struct store_meta *m, unsigned char *buf);
int store_meta_decode(struct moxd_str s, struct store_meta *m) MOXD_CHECKED;
struct moxd_str store_mbox_encode(const struct store_mbox *m, unsigned char *buf);
int store_mbox_decode(struct moxd_str s, struct store_mbox *m) MOXD_CHECKED;
struct moxd_str store_rec_encode(const struct store_rec *r, unsigned char *buf);
int store_rec_decode(struct moxd_str s, struct store_rec *r) MOXD_CHECKED;
struct moxd_str store_erase_encode(const struct store_erase *r, unsigned char *buf);
int store_erase_decode(struct moxd_str s, struct store_erase *r) MOXD_CHECKED;

struct moxd_str store_account_rec_encode(const struct store_account_rec *r, unsigned char *buf);
int store_account_rec_decode(struct moxd_str s, struct store_account_rec *r) MOXD_CHECKED;
struct moxd_str store_seen_encode(const struct store_seen_rec *r, unsigned char *buf);
int store_seen_decode(struct moxd_str s, struct store_seen_rec *r) MOXD_CHECKED;
struct moxd_str store_viewer_encode(const struct store_viewer_rec *r, unsigned char *buf);
int store_viewer_decode(struct moxd_str s, struct store_viewer_rec *r) MOXD_CHECKED;

/* The list of keywords of a mailbox, in the order of their indices. *v is made in the arena; views point
 * into `s`. */
int store_kwlist_decode(struct moxd_str s, struct moxd_arena *a, struct moxd_str **v,
                        size_t *n) MOXD_CHECKED;
void store_kwlist_encode(const struct moxd_str *v, size_t n, struct moxd_buf *out);

#endif
