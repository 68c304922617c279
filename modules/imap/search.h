/* Evaluating a SEARCH key tree: on one message, on a mailbox. */
#ifndef IMAP_SEARCH_H
#define IMAP_SEARCH_H

#include "fetch.h"
#include <moxmail/text.h>

/* What a key must read of a message: its flags, also its size and dates, also its header, also its text. */
enum imap_search_needs { IMAP_NEEDS_FLAGS, IMAP_NEEDS_INFO, IMAP_NEEDS_HEADER, IMAP_NEEDS_CONTENT };

/* A SEARCH command made ready: strings in UTF-8, sets as UIDs of the view, flags as bits. */
struct search_key;
struct imap_search {
    struct imap_session *s;
    const struct moxd_imap_cmd *cmd; /* keys and charset */
    struct moxd_arena *a;            /* where all this lives; frees the buffers too */
    struct store_account *acc;       /* that has: */
    uint32_t mailbox;
    const struct imap_view *view; /* of the mailbox */
    int64_t now;                  /* for OLDER and YOUNGER: one moment for all messages */
    struct search_key *root;
    enum imap_search_needs needs; /* the most that any key needs; may be raised, as may: */
    unsigned with;                /* STORE_WITH_*: what is read beside messages */
    struct store_uids scope;      /* only these can match */
    struct moxd_text *workspace;  /* for BODY and TEXT, else NULL */
    size_t ntexts;
    bool threads;    /* THREADID is among the keys */
    uint64_t done, goal; /* of several mailboxes: messages looked at before, of all; for imap_progress */
    uint64_t modseq; /* the highest of all matches so far; told when MODSEQ is among the keys */
};
/* The keys of `cmd` for the selected mailbox, filters replaced; cmd and a must stay as long as *se is used. -1 with
 * *err: NOTFOUND for an unknown charset, LIMIT, as imap_filters_expand. */
int imap_search_prepare(struct imap_session *s, const struct moxd_imap_cmd *cmd,
                        struct moxd_arena *a, struct imap_search *se,
                        struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* The same for any mailbox; filters are replaced already. */
int imap_search_prepare_in(struct imap_session *s, const struct moxd_imap_cmd *cmd,
                           struct moxd_arena *a, struct imap_search *se, struct store_account *acc,
                           uint32_t mailbox, const struct imap_view *view,
                           struct moxd_err *err) MOXD_CHECKED;
/* For a search that goes on: UIDs that do not exist yet may match later. Message numbers and "$" stand for
 * the messages that they were (RFC 5267 4.3). */
void imap_search_lasting(struct imap_search *se);
/* 1 matches, 0 not, -1 with *err. */
int imap_search_match(struct imap_search *se, struct imap_msg *msg,
                      struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* The same without waiting, on workers too: IMAP_UNREAD when the message must be opened to tell. */
enum { IMAP_UNREAD = 2 };
int imap_search_match_now(struct imap_search *se, struct imap_msg *msg,
                          struct moxd_err *err) MOXD_CHECKED;

/* --- the index (search_narrow.c) ------------------------------------------------------------------ */
/* Asks the index, if there is one, which messages may match, and takes the others out of *scope, as far as
 * that is sooner done than to look at each. Keys know then which messages they need not read. */
void imap_search_narrow(struct imap_search *se, struct store_uids *scope) MOXD_SUSPENDS;
/* Whether the key cannot match; whether it does. */
bool imap_search_ruled_out(const struct search_key *k, const struct store_msg *info);
bool imap_search_is_sure(const struct search_key *k, const struct store_msg *info);

/* --- the matches of a mailbox (search_run.c) ------------------------------------------------------ */
/* A message that matches, or must be opened to tell. */
struct imap_hit {
    struct store_msg info;
    struct imap_loaded loaded;
    uint64_t thread; /* when THREADID is among the keys */
    bool unread;
};
struct imap_search_run {
    struct imap_search *se;
    struct moxd_arena *batch, *one;
    bool backwards;            /* set after imap_search_begin: the last match comes first */
    struct moxd_arena *pieces; /* of the scope, a batch each */
    struct imap_search_piece {
        struct store_uids uids;
        size_t n;
    } *piece;
    size_t npieces, next_piece;
    struct imap_hit *hits; /* of the batch */
    size_t n, cap, next;
    uint64_t done, goal; /* messages of earlier batches, of all */
    bool half_closed;    /* the client has closed its side at least */
    struct imap_msg msg; /* the last match */
};
void imap_search_begin(struct imap_search_run *run, struct imap_search *se) MOXD_SUSPENDS;
/* The next match in the order of the mailbox, or against it: 1 and *msg, valid until the next call; 0 at the end; -1 with
 * *err. The view must not change meanwhile: only answers bring it up to date. */
int imap_search_next(struct imap_search_run *run, struct imap_msg **msg,
                     struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
void imap_search_end(struct imap_search_run *run);

/* --- results and answers (search_answer.c) -------------------------------------------------------- */
/* The mailbox that ESEARCH found something in (RFC 7377 2.1). */
struct imap_where {
    const char *name;
    uint32_t uidvalidity;
};
/* UIDs in the order of the result. */
struct imap_found {
    const struct imap_where *where; /* NULL: the selected one, which need not be named */
    uint32_t *uids; /* heap */
    size_t n, cap;
    uint64_t modseq; /* highest of all, told with them; 0: not asked for (imap_found_modseq) */
};
void imap_found_add(struct imap_found *f, uint32_t uid);
void imap_found_fini(struct imap_found *f);
/* All that the command needs to answer (cmd_search.c). */
int imap_search_all(struct imap_search *se, struct imap_found *f,
                    struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* After all were added: sets f->modseq when the search asked for MODSEQ and something was found (RFC 7162
 * 3.1.6). -1 with *err. */
int imap_found_modseq(const struct imap_search *se, struct imap_found *f,
                      struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* As the running command shows a message: UID or sequence number. */
uint32_t imap_shown(const struct imap_session *s, uint32_t uid);
/* Sends "* WORD n n n". */
int imap_send_found(struct imap_session *s, const char *word,
                    const struct imap_found *f) MOXD_SUSPENDS;
/* Appends "* ESEARCH (TAG ...)" with the mailbox, unless NULL, and UID. */
void imap_put_esearch(struct imap_session *s, struct moxd_str tag, const struct imap_where *where,
                      bool uid);
/* Sends ESEARCH with what the command wants (RFC 9051 7.3.4). */
int imap_send_esearch(struct imap_session *s, const struct imap_found *f) MOXD_SUSPENDS;
/* Keeps the result as "$" when the command wants that. */
void imap_save_found(struct imap_session *s, const struct imap_found *f);
/* The tagged answer to a searching command that failed: forgets "$" when it was to be set, BADCHARSET for
 * NOTFOUND, UNDEFINED-FILTER for STATE. */
int imap_search_refuse(struct imap_session *s, const struct moxd_err *err) MOXD_SUSPENDS;

#endif
