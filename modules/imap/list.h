/* What LIST and LSUB list: mailboxes, subscriptions and the names above them. */
#ifndef IMAP_LIST_H
#define IMAP_LIST_H

#include "place.h"

/* One line of the answer: a mailbox, a subscription without one, or a parent that is neither. */
struct imap_row {
    const char *name;
    const struct store_mailbox *mb; /* NULL: \NonExistent */
    const struct imap_other *other; /* that it is; NULL: one's own */
    bool level;                     /* without a mailbox, above one of another account */
    bool subscribed;
    bool noaccess;     /* RFC 5465 3.1: of another account, and may not be read */
    bool matched;      /* by a pattern */
    bool children;     /* mailboxes below it */
    bool below;        /* something below it meets the selection criteria */
    bool below_hidden; /* and is not listed itself */
};
struct imap_listing {
    struct imap_row *v;
    size_t n, cap;
    struct moxd_str *patterns; /* reference and pattern joined, decoded */
    size_t npatterns;
};

/* Reads the names and what the patterns of the command mean; everything lives in the command's arena. */
int imap_list_prepare(struct imap_session *s, struct imap_listing *l,
                      struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
struct imap_row *imap_list_find(const struct imap_listing *l, const char *name);
/* RFC 9051 6.3.9.1: whether the name is what the selection options ask for. */
bool imap_list_meets(unsigned opts, const struct imap_row *r);
/* Appends a LIST response to s->out, to which extended data may be added; opts: enum moxd_imap_list_opt. */
void imap_put_list(struct imap_session *s, const struct imap_row *r, unsigned opts);
/* Cuts the last level off; false when there is only one. */
bool imap_to_parent(char *name);

#endif
