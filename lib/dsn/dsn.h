/* Between the files that write notifications. */
#ifndef MAIL_DSN_H
#define MAIL_DSN_H

#include <moxmail/dsn.h>

/* What a person can do about a status: a sentence or two, never NULL. */
const char *mail_dsn_advice(enum moxd_dsn_action action, struct moxd_str status);
/* The status of a recipient: its own, or the general one (RFC 3461 6.3 (g)). */
struct moxd_str mail_dsn_status(const struct moxd_dsn_rcpt *r);
/* A recipient's diagnostic, as much as may be in a notification for so many. */
struct moxd_str mail_dsn_diagnostic(const struct moxd_dsn *d, const struct moxd_dsn_rcpt *r);

/* The first bytes of s: at most max, with whole characters if it is UTF-8, and not none of some. */
struct moxd_str mail_dsn_cut(struct moxd_str s, size_t max);
/* Appends text of others on one line: control characters become blanks, and, without utf8, bytes that are no
 * ASCII question marks. */
void mail_dsn_clean(struct moxd_buf *b, struct moxd_str s, bool utf8);

/* The part for people, in UTF-8 with CRLF. */
void mail_dsn_text(struct moxd_buf *b, const struct moxd_dsn *d);
/* "Not delivered", by what the notification says. */
const char *mail_dsn_title(const struct moxd_dsn *d);
/* The content of message/delivery-status (RFC 3464 2.1). */
void mail_dsn_fields(struct moxd_buf *b, const struct moxd_dsn *d);

#endif
