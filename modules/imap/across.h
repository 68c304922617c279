/* Messages that go to a mailbox of another account, or of one where not every flag may be set: they are read and added
 * again, so that the quota of the account that gets them counts. */
#ifndef IMAP_ACROSS_H
#define IMAP_ACROSS_H

#include "place.h"

/* Whether the store can copy from the selected mailbox to this one. */
bool imap_copies_within(const struct imap_session *s, const struct imap_place *dst);
/* Copies messages of the selected mailbox, with the flags that the user may set: all or none. *out in s->a: ascending;
 * those that have gone meanwhile are left out. As store_v1.copy. */
int imap_copy_across(struct imap_session *s, const struct store_uids *uids,
                     const struct imap_place *dst, struct store_copied **out, size_t *n,
                     struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Expunges messages of a mailbox, whatever their flags are. */
int imap_remove_messages(struct imap_session *s, struct store_account *acc, uint32_t mailbox,
                         const struct store_uids *uids,
                         struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* The source UIDs of what was copied, in s->a. */
struct store_uids imap_copied_from(struct imap_session *s, const struct store_copied *v, size_t n);

#endif
