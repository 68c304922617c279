/* Which mailboxes a client means with "subtree", "personal" and so on (RFC 5465 6, RFC 7377 2.2). */
#ifndef IMAP_FILTER_H
#define IMAP_FILTER_H

#include "imap.h"

struct imap_filter {
    enum moxd_imap_filter kind;
    struct moxd_str *names; /* SUBTREE and its kin, MAILBOXES: as the store writes them */
    size_t n;
};

/* Takes a filter over from a command, into the arena; uses s->a. Names that cannot exist are left out. */
void imap_filter_take(struct imap_session *s, struct moxd_arena *a,
                      const struct moxd_imap_mailboxes *from, struct imap_filter *out);
/* Whether it covers a mailbox of this name, one's own or of others. The selected mailbox is none of its business. */
bool imap_filter_covers(const struct imap_filter *f, const char *name, bool subscribed,
                        bool of_others);
/* Whether it may cover mailboxes of others. */
bool imap_filter_reaches_others(const struct imap_filter *f);

#endif
