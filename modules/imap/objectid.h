/* Object identifiers (RFC 8474): unique for all mailboxes that a login can see, of other accounts too. The first
 * letter says what is named, so that identifiers of different kinds never meet. */
#ifndef IMAP_OBJECTID_H
#define IMAP_OBJECTID_H

#include "imap.h"

enum { IMAP_OBJECTID_MAX = 40 };

/* Into out, which is returned. */
const char *imap_mailboxid(const struct imap_session *s, const struct store_account *acc,
                           const struct store_mailbox *mb, char out[IMAP_OBJECTID_MAX]);
const char *imap_threadid(const struct imap_session *s, const struct store_account *acc,
                          uint64_t thread, char out[IMAP_OBJECTID_MAX]);
const char *imap_emailid(const struct imap_session *s, const struct store_account *acc,
                         const struct store_msg *info, char out[IMAP_OBJECTID_MAX]);

#endif
