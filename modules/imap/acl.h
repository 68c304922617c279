/* Lists of rights of mailboxes (RFC 4314): records of the account, beside the store's mailboxes (doc/decisions/014-shared-mailboxes.md). */
#ifndef IMAP_ACL_H
#define IMAP_ACL_H

#include "imap.h"
#include <moxmail/imap_acl.h>

/* The list of a mailbox of that account, empty when it has none; in s->a. CORRUPT, errors of the store. */
int imap_acl_read(struct imap_session *s, struct store_account *acc, uint32_t mailbox,
                  struct moxd_imap_acl *out, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* The same in another arena, between commands too. */
int imap_acl_read_in(struct imap_session *s, struct store_account *acc, uint32_t mailbox,
                     struct moxd_arena *a, struct moxd_imap_acl *out,
                     struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Gives an identifier rights, adds to them, or takes some away. LIMIT. */
int imap_acl_change(struct imap_session *s, struct store_account *acc, uint32_t mailbox,
                    struct moxd_str id, enum moxd_imap_store_mode mode, unsigned rights,
                    struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Puts a list in the place of another; n 0: none. */
int imap_acl_write(struct imap_session *s, struct store_account *acc, uint32_t mailbox,
                   const struct moxd_imap_acl *acl,
                   struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

/* What the user may do with the mailboxes of an account, in s->a. */
struct imap_acl_all {
    struct imap_acl_rights {
        uint32_t mailbox;
        unsigned rights;
    } * v; /* ascending; those without a list are not there */
    size_t n, cap;
};
int imap_acl_all(struct imap_session *s, struct store_account *acc, struct imap_acl_all *out,
                 struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
unsigned imap_acl_of(const struct imap_acl_all *all, uint32_t mailbox);

/* The mailbox is gone. */
void imap_acl_forget(struct imap_session *s, struct store_account *acc,
                     uint32_t mailbox) MOXD_SUSPENDS;

/* RFC 4314 4: a new mailbox gets the list of the nearest one above it. Before mailboxes up to `name` are
 * made: which list; afterwards: gives it to all that were. Failures are logged. */
struct imap_acl_heritage {
    struct moxd_imap_acl acl;
    size_t existing; /* so many bytes of the name were there */
};
void imap_acl_find_heritage(struct imap_session *s, struct store_account *acc, struct moxd_str name,
                            struct imap_acl_heritage *out) MOXD_SUSPENDS;
void imap_acl_inherit(struct imap_session *s, struct store_account *acc, struct moxd_str name,
                      const struct imap_acl_heritage *from) MOXD_SUSPENDS;

#endif
