/* Results of searching commands that are kept up to date (RFC 5267 4.3): RETURN (UPDATE). They belong to the
 * selected mailbox and end with it. */
#ifndef IMAP_CONTEXT_H
#define IMAP_CONTEXT_H

#include "sort.h"

enum {
    IMAP_CONTEXTS_MAX = 10, /* of a session */
    IMAP_CONTEXT_ROWS_BYTES_MAX = 16
                                  << 20, /* what SORT contexts of a session keep to find places */
    IMAP_CONTEXT_DIRTY_MAX = 1000, /* messages that are looked at one by one; with more, all are */
};
#define IMAP_CONTEXT_AGE                                                                           \
    (60 * MOXD_SEC) /* how often contexts with OLDER or YOUNGER are looked at */

/* One search with its result: UIDs in the order of the result. */
struct imap_context {
    struct imap_context *next;
    struct moxd_arena *a;     /* text, cmd, search */
    struct moxd_imap_cmd cmd; /* parsed anew from a copy of its text */
    struct imap_search se;
    bool named;              /* ESEARCH: the mailbox is told as it was named then */
    struct imap_where where;
    uint32_t *uids;              /* heap, as rows */
    struct imap_sort_row **rows; /* of SORT: each on the heap; NULL for SEARCH */
    size_t n, cap;
    size_t rows_bytes;
    struct store_uid_range *fresh; /* added as new messages, not yet told what UPDATE (...) asks for; heap */
    size_t nfresh, fresh_cap;
};

/* All contexts, and what happened since they were told. */
struct imap_contexts {
    struct imap_context *v;
    size_t n;
    uint32_t *dirty; /* changed or new; heap */
    size_t ndirty, dirty_cap;
    bool all;          /* too much happened, or changes were lost: look at every message */
    bool gone;         /* messages were expunged */
    bool aging;        /* OLDER or YOUNGER is among the keys */
    int64_t looked_at; /* when all were; monotonic */
};

/* Whether a context has the tag of the running command. */
bool imap_context_has_tag(const struct imap_session *s);
/* Keeps the result of the running command up to date; `rows` (not taken) those of SORT. Says NOUPDATE when
 * there is no room. -1 connection lost. */
int imap_context_open(struct imap_session *s, const struct imap_found *f,
                      struct imap_sort_row *const *rows) MOXD_SUSPENDS;
/* Tells that there are no updates (any more) for a tag. */
int imap_context_refuse(struct imap_session *s, struct moxd_str tag) MOXD_SUSPENDS;
void imap_context_close(struct imap_contexts *cs, struct imap_context *c);
void imap_contexts_free(struct imap_contexts *cs); /* NULL is fine */
size_t imap_contexts_rows_bytes(const struct imap_contexts *cs);

/* A change of the mailbox. */
void imap_contexts_note(struct imap_contexts *cs, const struct store_change *c);
/* Changes were lost. */
void imap_contexts_lost(struct imap_contexts *cs);
bool imap_contexts_due(const struct imap_contexts *cs);
/* REMOVEFROM for what was expunged: before EXPUNGE is told, so that message numbers are valid. */
int imap_contexts_tell_gone(struct imap_session *s) MOXD_SUSPENDS;
/* ADDTO and REMOVEFROM for the rest: after EXISTS and FETCH; UIDs from `fresh` on are of new messages. */
int imap_contexts_tell(struct imap_session *s, uint32_t fresh) MOXD_SUSPENDS;
/* The attributes of new messages that UPDATE (...) asks for (RFC 5465 7): after ADDTO. */
int imap_contexts_tell_items(struct imap_session *s) MOXD_SUSPENDS;

#endif
