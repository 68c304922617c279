/* What LIST, STATUS and CREATE share. */
#ifndef IMAP_MAILBOX_H
#define IMAP_MAILBOX_H

#include "imap.h"

/* "\Sent" to STORE_USE_SENT; 0 when it is none of ours. */
unsigned imap_special_use_bit(struct moxd_str name);
/* acc: the account that has it. */
int imap_send_status(struct imap_session *s, struct store_account *acc,
                     const struct store_mailbox *mb, unsigned atts) MOXD_SUSPENDS;
/* Limits of LIST: a pattern with its reference, and all patterns of a command together. Matching costs
 * their product with the lengths of all names. */
enum { IMAP_PATTERN_MAX = 1000, IMAP_PATTERNS_MAX = 8000 };
/* Whether name matches the pattern, "*" any, "%" any but "/" (RFC 9051 6.3.9); INBOX, at the start, in any
 * case. A literal "*" or "%" in a name is only met by a wildcard. In time of the product of the lengths. */
bool imap_match(struct moxd_str pattern, struct moxd_str name);

#endif
