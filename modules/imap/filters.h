/* FILTER among search keys (RFC 5466). */
#ifndef IMAP_FILTERS_H
#define IMAP_FILTERS_H

#include "imap.h"

enum {
    IMAP_FILTER_PASSES_MAX = 5, /* filters within filters; RFC 5466 3.1 wants at least 3 */
    IMAP_FILTERS_MAX = 20, /* looked up for one command: each may hold as many keys as a command */
};

/* Whether an entry of the server, in lower case, holds a filter. */
bool imap_is_filter(struct moxd_str entry);
/* Replaces FILTER keys by what they stand for, which lives in a. *seqs: message numbers are among that. -1 with
 * *err: STATE for an undefined filter, whose name is the text; SYNTAX for another charset than UTF-8. */
int imap_filters_expand(struct imap_session *s, struct moxd_imap_key *root, struct moxd_str charset,
                        struct moxd_arena *a, bool *seqs,
                        struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

#endif
