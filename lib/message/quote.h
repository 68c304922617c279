/* Text of others in header fields that we write: quoted, cleaned, cut. */
#ifndef MAIL_QUOTE_H
#define MAIL_QUOTE_H

#include <moxd/buf.h>

/* At most max bytes of s, UTF-8 kept whole. */
struct moxd_str mail_cut(struct moxd_str s, size_t max);
/* Dot-atom with UTF-8 (RFC 5322 3.2.3, RFC 6532 3.2), where dots may be anywhere; a domain name is one. */
bool mail_is_dot_atom(struct moxd_str s);
/* Append a quoted-string and a comment with that content; control characters become blanks. */
void mail_put_quoted(struct moxd_buf *b, struct moxd_str s);
void mail_put_comment(struct moxd_buf *b, struct moxd_str s);

#endif
