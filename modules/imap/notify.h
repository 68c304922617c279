/* NOTIFY (RFC 5465): what a client wants to hear of, in the selected mailbox and in all others.
 *
 * The names of all mailboxes with the events that concern them are kept in memory, so that a change costs a
 * look into a table, and a client that hears of nothing costs nothing. What happened is noted there, and
 * told in one STATUS a mailbox, with the numbers that the store has then. */
#ifndef IMAP_NOTIFY_H
#define IMAP_NOTIFY_H

#include "filter.h"

enum {
    IMAP_NOTIFY_BOXES_MAX = 10000, /* mailboxes of the account; a table of about 1 MiB a session */
    IMAP_NOTIFY_LINES_MAX = 500,   /* names that wait to be told: created, renamed and so on */
};

/* A mailbox of the account. */
struct imap_notify_box {
    uint32_t id;
    char *name; /* heap */
    unsigned special_use;
    bool subscribed;
    unsigned events;   /* that are to be told when it is not selected */
    unsigned happened; /* of those, since the last STATUS */
    bool revalidated;  /* it has another UIDVALIDITY, which is to be told with what happened */
    uint32_t unseen;   /* as last told */
};

/* A LIST response that waits. */
struct imap_notify_line {
    char *name, *old_name; /* heap; old_name NULL unless it was renamed */
    bool subscribed;       /* when there is no such mailbox */
};

struct imap_notify_group {
    struct imap_filter of;
    unsigned events;
};

struct imap_notify {
    struct moxd_arena *a;     /* text, cmd, groups */
    struct moxd_imap_cmd cmd; /* parsed anew from a copy of its text; items: of new messages */
    unsigned selected;        /* events in the selected mailbox */
    bool delayed;             /* expunges only where commands allow them */
    struct imap_notify_group *groups;
    size_t ngroups;
    struct imap_notify_box *boxes; /* ascending by id; heap, as all below */
    size_t n, cap;
    uint32_t *dirty; /* ids of those in which something happened */
    size_t ndirty, dirty_cap;
    struct imap_notify_line *lines;
    size_t nlines, lines_cap;
    char *renamed, *renamed_to; /* the last rename that is told: those below it are not */
    bool overflow;
};

/* --- notify.c: what was asked for ------------------------------------------------------------------ */
/* The events of a name that no SELECTED group covers. */
unsigned imap_notify_events(const struct imap_notify *n, const char *name, bool subscribed);
/* As NOTIFY NONE. */
void imap_notify_clear(struct imap_notify *n);

/* --- notify_note.c: what happened ------------------------------------------------------------------- */
struct imap_notify_box *imap_notify_box(const struct imap_notify *n, uint32_t id);
struct imap_notify_box *imap_notify_add(struct imap_notify *n, uint32_t id, const char *name,
                                        unsigned special_use, bool subscribed);
/* Whether it is the name of a mailbox below the other one, which may be NULL. */
bool imap_notify_below(const char *name, const char *parent);

#endif
