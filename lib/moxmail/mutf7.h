/* Modified UTF-7, the form of mailbox names for clients that have not enabled UTF-8 (RFC 3501 5.1.3). */
#ifndef MOXMAIL_MUTF7_H
#define MOXMAIL_MUTF7_H

#include <moxd/buf.h>

/* Appends the UTF-8 string in modified UTF-7. The caller has checked that it is UTF-8. */
void moxd_mutf7_encode(struct moxd_buf *b, struct moxd_str s);
/* Appends the decoded name. -1 when it is not exactly what moxd_mutf7_encode makes: 8-bit bytes, control
 * characters, printable characters in base64, lone surrogates, superfluous shifts or bits. */
int moxd_mutf7_decode(struct moxd_buf *b, struct moxd_str s) MOXD_CHECKED;

#endif
