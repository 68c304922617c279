/* Tokens of MIME header fields (RFC 2045 5.1), tolerant. */
#ifndef MAIL_MIME_LEX_H
#define MAIL_MIME_LEX_H

#include <moxd/arena.h>

/* At a '(': bytes of the comment with those in it (RFC 5322 3.2.2), all of s when it does not end. */
size_t mail_comment_length(struct moxd_str s);
/* Skips blanks, line ends and nested comments (RFC 5322 3.2.2) at the start of *s. */
void mail_skip_cfws(struct moxd_str *s);
/* A token, possibly empty. */
struct moxd_str mail_take_token(struct moxd_str *s);
/* A parameter's value: a quoted string, unquoted into the arena, else everything up to a semicolon
 * or a comment, since blanks, slashes and the like occur there unquoted. */
struct moxd_str mail_take_value(struct moxd_str *s, struct moxd_arena *a);
/* A copy with blanks for NUL bytes, which no protocol can carry. */
struct moxd_str mail_without_nul(struct moxd_arena *a, struct moxd_str v);

#endif
