/* NOTIFY (RFC 5465): what a client wants to hear of, in the selected mailbox and in all others.
 *
 * The names of all mailboxes with the events that concern them are kept in memory, so that a change costs a
 * look into a table, and a client that hears of nothing costs nothing. What happened is noted there, and
 * told in one STATUS a mailbox, with the numbers that the store has then. */
#ifndef IMAP_NOTIFY_H
#define IMAP_NOTIFY_H

#include "filter.h"

enum {
    IMAP_NOTIFY_BOXES_MAX = 10000,  /* mailboxes, those of others too: tables of about 1 MiB */
    IMAP_NOTIFY_LINES_MAX = 500,    /* names that wait to be told: created, renamed and so on */
    IMAP_NOTIFY_ACCOUNTS_MAX = 100, /* of others that are watched; each is held open */
};

/* A mailbox of an account. */
struct imap_notify_box {
    uint32_t id;
    char *name; /* the client's; heap */
    unsigned special_use;
    bool subscribed;
    bool noaccess;     /* of another account: it may be listed, but not read */
    bool found;        /* while the account is read again */
    unsigned events;   /* that are to be told when it is not selected */
    unsigned happened; /* of those, since the last STATUS */
    bool revalidated;  /* it has another UIDVALIDITY, which is to be told with what happened */
    uint32_t unseen;   /* as last told */
};

/* A LIST response that waits. */
struct imap_notify_line {
    const char *name, *old_name; /* heap while it waits; old_name NULL unless it was renamed */
    bool subscribed;             /* when there is no such mailbox */
    bool noaccess;               /* it may not be read (any more) */
};

struct imap_notify_group {
    struct imap_filter of;
    unsigned events;
};

/* An account that is watched, with its mailboxes; of another one those that the user may list. */
struct imap_notify_account {
    char *owner;               /* heap; NULL: one's own, by the watch of the session */
    struct store_account *acc; /* of others: a reference */
    struct store_watch *watch; /* of others */
    bool stale;                /* names or rights may have changed */
    bool removed;
    struct imap_notify_box *boxes; /* ascending by id; heap, as all below */
    size_t n, cap;
    uint32_t *dirty; /* ids of those in which something happened */
    size_t ndirty, dirty_cap;
};

struct imap_notify {
    struct imap_session *s;
    struct moxd_arena *a;     /* text, cmd, groups */
    struct moxd_imap_cmd cmd; /* parsed anew from a copy of its text; items: of new messages */
    unsigned selected;        /* events in the selected mailbox */
    bool delayed;             /* expunges only where commands allow them */
    struct imap_notify_group *groups;
    size_t ngroups;
    struct imap_notify_account own;
    struct imap_notify_account *others; /* heap */
    size_t nothers, others_cap;
    bool listening; /* some group may mean mailboxes of others: it is among imap.listeners */
    bool reshare;   /* other accounts may be meant now */
    bool quiet;     /* the client is about to read the names itself */
    struct imap_notify *prev, *next;
    struct imap_notify_line *lines; /* heap */
    size_t nlines, lines_cap;
    char *renamed, *renamed_to; /* the last rename that is told: those below it are not */
    bool overflow;
};

/* --- notify.c: what was asked for ------------------------------------------------------------------ */
/* The events of a name that no SELECTED group covers. */
unsigned imap_notify_events(const struct imap_notify *n, const char *name, bool subscribed);
/* As NOTIFY NONE. */
void imap_notify_clear(struct imap_notify *n);

/* --- notify_table.c: mailboxes ---------------------------------------------------------------------- */
/* Room for one more of `size` bytes at the end of a vector on the heap; returns it, *n has grown. */
void *imap_notify_push(void *v, size_t *n, size_t *cap, size_t size);
/* NULL: it is not in the table. Valid until the table changes. */
struct imap_notify_box *imap_notify_box(const struct imap_notify_account *t, uint32_t id);
/* Adds it, or sets the name, subscription and events of one that is there. The name is copied. */
struct imap_notify_box *imap_notify_add(struct imap_notify *n, struct imap_notify_account *t,
                                        uint32_t id, const char *name, unsigned special_use,
                                        bool subscribed);
void imap_notify_drop(struct imap_notify_account *t, uint32_t id);
/* Frees the table, and ends the watch of another account. */
void imap_notify_account_fini(struct imap_notify *n, struct imap_notify_account *t);
/* Mailboxes in all tables. */
size_t imap_notify_count(const struct imap_notify *n);

/* --- notify_note.c: what happened ------------------------------------------------------------------- */
/* Messages in a mailbox changed. */
void imap_notify_message(struct imap_session *s, struct imap_notify_account *t,
                         const struct store_change *c);
/* Lets a LIST response wait; old_name may be NULL. */
void imap_notify_line(struct imap_notify *n, const struct imap_notify_line *line);
/* It has another name, which is told if that was asked for. */
void imap_notify_renamed(struct imap_notify *n, const char *old_name, const char *name,
                         bool subscribed);
/* Whether changes of that name were asked for. */
bool imap_notify_concerns(const struct imap_notify *n, const char *name, bool subscribed);
/* The client's subscription to a name changed. */
void imap_notify_resubscribed(struct imap_notify *n, const char *name);
/* Whether it is the name of a mailbox below the other one, which may be NULL. */
bool imap_notify_below(const char *name, const char *parent);
/* Whether the running command made, renamed or removed it. */
bool imap_notify_is_own_name(const struct imap_session *s, const char *name);

/* --- notify_tell.c ---------------------------------------------------------------------------------- */
/* A mailbox of the table as it is now, with its name for the client; in `a`. 1: it is gone, or an error was logged. */
int imap_notify_read_box(struct imap_session *s, const struct imap_notify_account *t,
                         const struct imap_notify_box *box, struct moxd_arena *a,
                         struct store_mailbox *mb) MOXD_SUSPENDS;

/* --- notify_reread.c -------------------------------------------------------------------------------- */
/* What the client is subscribed to. */
struct imap_notify_subs {
    const char **v; /* sorted */
    size_t n;
};
/* Reads the names and rights of another account again; what changed waits as lines. Uses s->a. LIMIT: too many
 * mailboxes. */
int imap_notify_reread(struct imap_session *s, struct imap_notify *n, struct imap_notify_account *t,
                       const struct imap_notify_subs *subs,
                       struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

/* --- notify_others.c: mailboxes of other accounts --------------------------------------------------- */
/* From now on changes of rights are heard of. */
void imap_notify_listen(struct imap_session *s, struct imap_notify *n);
/* Watches the accounts that are meant, and reads those again whose names or rights changed; what that means for the
 * client waits as lines. Between commands too. LIMIT: too many of them. */
int imap_notify_follow(struct imap_session *s, struct imap_notify *n,
                       struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

#endif
