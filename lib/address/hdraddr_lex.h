/* Lexical elements of structured header fields (RFC 5322 3.2). Each function consumes one element that
 * starts at *s; none fails: what is not closed goes up to the end. */
#ifndef MAIL_HDRADDR_LEX_H
#define MAIL_HDRADDR_LEX_H

#include <moxd/buf.h>

bool mail_lex_is_blank(char c); /* CR and LF too */
/* "(...)", nested: its content without the outer parentheses and quoting replaces that of *out. */
void mail_lex_comment(struct moxd_str *s, struct moxd_buf *out);
/* "\"...\"": appends its content. False when it was not closed. */
bool mail_lex_quoted(struct moxd_str *s, struct moxd_buf *out);
/* "[...]": appends it with its brackets, without blanks. False when it was not closed. */
bool mail_lex_literal(struct moxd_str *s, struct moxd_buf *out);
/* An encoded word (RFC 2047 2), even with specials in it, else an atom; at least one byte. */
struct moxd_str mail_lex_atom(struct moxd_str *s);

#endif
