/* The selected mailbox as one client knows it: which messages, in which order, and what it was not told
 * yet. Pure: knows neither session nor store, never suspends.
 *
 * The first `told` messages have sequence numbers 1 to told. New ones are appended and become known with
 * the next EXISTS; expunged ones stay until an EXPUNGE may be sent, changed ones carry a mark until
 * their FETCH is sent.
 *
 * While only new messages come the UIDs are those that all sessions share, and there are no marks: a silent
 * session needs nothing for a message; else five bytes. */
#ifndef IMAP_VIEW_H
#define IMAP_VIEW_H

#include <moxd/store.h>
#include <moxmail/imap_syntax.h>

enum imap_mark {
    IMAP_MARK_GONE = 1,   /* expunged */
    IMAP_MARK_FLAGS = 2,  /* flags changed */
    IMAP_MARK_RECENT = 4, /* \Recent in this session */
};

/* A message whose flags the client learned from the running command, not from a change. */
struct imap_told {
    uint32_t uid;
    bool silent; /* it knows what it did (STORE .SILENT), not what others did before */
    uint64_t modseq;
};

struct imap_view {
    const uint32_t *uids;                /* ascending: of shared, or own */
    const struct store_uid_list *shared; /* the caller's; NULL: none */
    uint32_t *own;  /* NULL while they are those of shared; heap, as marks, saved and news */
    uint8_t *marks; /* NULL: nothing is marked */
    size_t n, cap, marks_cap;      /* messages; room in own and in marks */
    size_t told;                   /* what the last EXISTS, less later EXPUNGEs, said */
    size_t ngone, nflags, nrecent; /* how many carry which mark */
    size_t told_recent;            /* what the last RECENT said */
    uint64_t synced; /* the read that it was made of had everything up to this modseq */
    uint64_t high;   /* highest modseq of the mailbox that was noted */
    /* The lowest modseqs of what the client was not told: with ngone > 0, nflags > 0, told < n. */
    uint64_t low_gone, low_flags, low_new;
    struct store_uid_range *saved; /* "$" (RFC 9051 6.4.4.1): ascending */
    size_t nsaved;
    struct imap_told *news; /* ascending; until the next imap_view_forget */
    size_t nnews, news_cap;
};

/* Takes over the state of a mailbox, its first n messages as of that modseq of the account, `high` of the mailbox:
 * everything in it is told. The list must stay until imap_view_fini. */
void imap_view_init(struct imap_view *v, const struct store_uid_list *uids, size_t n,
                    uint64_t modseq, uint64_t high);
void imap_view_fini(struct imap_view *v);

/* Index of the first UID >= uid among those that the client knows. */
size_t imap_view_lower_bound(const struct imap_view *v, uint32_t uid);
/* Sequence number of a UID, 0 when the client does not know it. */
uint32_t imap_view_seq(const struct imap_view *v, uint32_t uid);

/* --- sets (view_set.c) --------------------------------------------------------------------------- */
/* Sequence set or UID set to ranges of UIDs that are in the view, in the arena. -1 with *err (SYNTAX: a
 * sequence number that does not exist, RFC 9051 9). */
int imap_view_set(const struct imap_view *v, const struct moxd_imap_set *set, bool uid,
                  struct moxd_arena *a, struct store_uids *out, struct moxd_err *err) MOXD_CHECKED;
/* The same for SEARCH, where numbers that do not exist match nothing. */
void imap_view_search_set(const struct imap_view *v, const struct moxd_imap_set *set, bool uid,
                          struct moxd_arena *a, struct store_uids *out);
/* The UIDs of a UID set, whether they are in the view or not; `*` is the highest possible. */
void imap_view_any_uids(const struct imap_view *v, const struct moxd_imap_set *set,
                        struct moxd_arena *a, struct store_uids *out);
/* The part of n results that a partial range names (RFC 9394 3.1): how many, and *first of them from 0. */
size_t imap_partial_of(const struct moxd_imap_partial *p, size_t n, size_t *first);
/* That part of the messages of a set. */
void imap_view_partial(const struct imap_view *v, const struct moxd_imap_partial *p,
                       const struct store_uids *set, struct moxd_arena *a, struct store_uids *out);
/* All messages that the client knows. */
void imap_view_all(const struct imap_view *v, struct moxd_arena *a, struct store_uids *out);
/* Goes through a set in pieces. Zero-initialized is the start. */
struct imap_cut {
    size_t range; /* of the set */
    uint32_t uid; /* where to go on in it */
};
/* The next at most `max` messages of the set: how many (0 at the end), *out their UIDs as ranges. */
size_t imap_view_cut(const struct imap_view *v, const struct store_uids *set, struct imap_cut *cut,
                     size_t max, struct moxd_arena *a, struct store_uids *out);
/* Remembers n ascending UIDs as "$". */
void imap_view_save(struct imap_view *v, const uint32_t *uids, size_t n);
/* Whether uid is in the set. */
bool imap_uids_have(const struct store_uids *set, uint32_t uid);

/* --- what a client knew before (view_known.c) ------------------------------------------------------ */
/* The UIDs of `set` that are in `within`, above `above`, and that the client does not know. */
void imap_view_unknown(const struct imap_view *v, const struct store_uids *set,
                       const struct store_uids *within, uint32_t above, struct moxd_arena *a,
                       struct store_uids *out);
/* RFC 7162 3.2.5.2: the highest UID up to which client and view agree: the last of the pairs of message
 * number and UID that match; 0 when none does. Both sets ascend and have the same length. */
uint32_t imap_view_agree(const struct imap_view *v, const struct moxd_imap_set *seqs,
                         const struct moxd_imap_set *uids);

/* --- changes (view_change.c) --------------------------------------------------------------------- */
/* Whether it was expunged and the client was not told. */
bool imap_view_is_gone(const struct imap_view *v, uint32_t uid);
/* A message was added, changed or expunged; other kinds and what is known already do nothing. */
void imap_view_change(struct imap_view *v, const struct store_change *c);
/* The client was told (silent: knows without being told) the flags as of this modseq. UIDs ascend until
 * the next imap_view_forget. */
void imap_view_told(struct imap_view *v, uint32_t uid, uint64_t modseq, bool silent);
/* Whether the flags as of this modseq are known to the client from the running command. */
bool imap_view_knows(const struct imap_view *v, uint32_t uid, uint64_t modseq);
void imap_view_forget(struct imap_view *v);
/* Takes the expunged ones out. `tell` gets each sequence number that the client knows, valid when it is
 * told in this order, and its UID; < 0 ends the telling and is returned. */
int imap_view_expunge(struct imap_view *v, int (*tell)(void *arg, uint32_t seq, uint32_t uid),
                      void *arg);
/* Up to which modseq the client was told of all that happened, once everything but delayed expunges is
 * told. */
uint64_t imap_view_known(const struct imap_view *v);
/* The same for a client that is told no flags, or nothing new. */
uint64_t imap_view_known_without(const struct imap_view *v, bool flags, bool news);
/* The client is to be told the flags of those that it knows. */
void imap_view_stale(struct imap_view *v, const struct store_uids *uids);
/* Those with UIDs from `from` on are recent. */
void imap_view_set_recent(struct imap_view *v, uint32_t from);
bool imap_view_is_recent(const struct imap_view *v, uint32_t uid);
/* The told messages with changed flags, whose marks are taken off. */
void imap_view_flagged(struct imap_view *v, struct moxd_arena *a, struct store_uids *out);
/* Changes were lost: finds out by comparing with all entries as of that modseq. */
void imap_view_compare(struct imap_view *v, const struct store_entry *entries, size_t n,
                       uint64_t modseq);

#endif
