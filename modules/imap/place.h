/* Where a mailbox is: names below "Other Users/" are of other accounts (RFC 2342 5), all others of one's own. Commands say
 * which rights they need (RFC 4314 4); who has none that would show a mailbox hears that there is none. */
#ifndef IMAP_PLACE_H
#define IMAP_PLACE_H

#include "acl.h"

#define IMAP_OTHERS "Other Users"

struct imap_place {
    struct store_account *acc; /* one's own; of another: valid until the end of the command */
    const char *owner;         /* name of the account; NULL: one's own */
    struct moxd_str name;      /* in that account; of others in the form of the store */
    unsigned rights;           /* enum moxd_imap_right; once the mailbox was found */
    struct store_mailbox mb;   /* the same; its name is the one for the client */
};

/* --- names (place.c) ------------------------------------------------------------------------------ */
/* Whose mailbox a name from the client means, whether there is such a mailbox or not. NOTFOUND: no such account;
 * INVALID: not a name, and the namespace itself. */
int imap_place_in(struct imap_session *s, struct moxd_str wire, struct imap_place *out,
                  struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* The same for a name in UTF-8. */
int imap_place_of(struct imap_session *s, struct moxd_str name, struct imap_place *out,
                  struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* The name of a mailbox of that account for the client, in the command's arena. */
const char *imap_place_name(struct imap_session *s, const char *owner, const char *name);

/* --- mailboxes (place.c) -------------------------------------------------------------------------- */
/* The mailbox, on which the user has one of the rights `any` and all of `all`. NOTFOUND; DENIED: it may be seen, but
 * not that. For own mailboxes one read, as without rights. */
int imap_place_find(struct imap_session *s, struct moxd_str wire, unsigned any, unsigned all,
                    struct imap_place *out, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Looks up a place whose account is known; as imap_place_find. */
int imap_place_look(struct imap_session *s, unsigned any, unsigned all, struct imap_place *p,
                    struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* imap_place_find with all rights of `all`: 0; 1 answered with NO; -1. */
int imap_find(struct imap_session *s, struct moxd_str wire, unsigned all,
              struct imap_place *out) MOXD_SUSPENDS;
/* 0 when the user may make mailboxes at that place: "k" on the nearest mailbox above (RFC 4314 4). DENIED, NOTFOUND. */
int imap_place_may_create(struct imap_session *s, const struct imap_place *p,
                          struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Flags that these rights let one change: of enum store_flag, STORE_FLAG_KEYWORDS. */
unsigned imap_flags_of_rights(unsigned rights);

/* --- accounts of others (others.c) ---------------------------------------------------------------- */
enum {
    IMAP_OWNERS_MAX = 500,        /* accounts that are looked into for LIST; each is opened */
    IMAP_OTHER_BOXES_MAX = 20000, /* mailboxes of all of them that are listed */
};
/* An account as this user sees it; closed at the end of the command. NOTFOUND. */
int imap_open_other(struct imap_session *s, struct moxd_str name, struct store_account **out,
                    struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
void imap_close_others(struct imap_session *s);

/* A mailbox of another account. */
struct imap_other {
    struct store_account *acc; /* until the end of the command */
    const char *owner;
    unsigned rights;
    struct store_mailbox mb; /* its name is the one for the client; without special use */
};
struct imap_others {
    struct imap_other *v; /* in the command's arena; by owner and name */
    size_t n, cap;
};
/* Those with all of these rights. */
int imap_others_load(struct imap_session *s, unsigned rights, struct imap_others *out,
                     struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

/* --- who shares with whom (shares.c) -------------------------------------------------------------- */
/* Accounts that named the user, or everybody, in a list of rights: sorted; in the command's arena. They are in memory
 * once they were read. */
int imap_shares_with(struct imap_session *s, const char ***owners, size_t *n,
                     struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Whether this account is one of them. */
int imap_shares_has(struct imap_session *s, const char *owner, bool *out,
                    struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Notes that the owner did. `id` is an identifier with positive rights. */
int imap_shares_add(struct imap_session *s, const char *owner, struct moxd_str id,
                    struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* The account is removed: another one of that name shares nothing, and nothing is shared with it. */
int imap_shares_forget(struct imap *im, const char *account,
                       struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
void imap_shares_free(struct imap *im);

/* --- rights that change while a mailbox is selected (rights.c) ------------------------------------ */
/* The selected mailbox is of another account: rights are read again when they may have changed. */
void imap_rights_follow(struct imap_session *s);
void imap_rights_unfollow(struct imap_session *s);
/* The list of a mailbox was changed. */
void imap_rights_changed(struct imap_session *s, const struct store_account *acc, uint32_t mailbox);
/* Reads them again if need be: -1 after BYE to who may no longer read it. */
int imap_rights_refresh(struct imap_session *s) MOXD_SUSPENDS;
/* Tells which flags can be changed now, when that is to be told (RFC 4314 5.1.1). */
int imap_rights_tell(struct imap_session *s) MOXD_SUSPENDS;

#endif
