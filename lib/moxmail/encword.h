/* Encoded words (RFC 2047, with the language of RFC 2231 5). Pure. */
#ifndef MOXMAIL_ENCWORD_H
#define MOXMAIL_ENCWORD_H

#include <moxd/buf.h>

enum {
    MOXD_ENCWORD_LINE = 76, /* longest line with an encoded word (RFC 2047 2) */
    MOXD_ENCWORD_MAX = 75,  /* longest encoded word that we write (RFC 2047 2) */
};

/* Appends unfolded header text as UTF-8. Encoded words are decoded wherever they stand, also longer
 * than allowed, with blanks inside, or directly next to other text; white space between two of them
 * goes (RFC 2047 6.2), and the bytes of neighbours of one charset are joined before conversion,
 * since many writers split inside a character. Broken ones stay as they are. Other text that is not
 * UTF-8 is taken as windows-1252. The result is always well-formed UTF-8 without control characters
 * (blanks stand for them), except tabs. Linear time. */
void moxd_encword_decode(struct moxd_buf *out, struct moxd_str text);

/* Appends UTF-8 text for a header that we write: printable ASCII as it is, anything else as encoded
 * words in UTF-8, split between characters and separated by CRLF SP. `phrase`: it stands for a phrase,
 * so words in front and behind are encoded too (RFC 2047 5 (3)). `column` is how much of the line is
 * taken already. Text that is not UTF-8 is repaired first. Never emits a line end that the
 * text brought along: control characters become blanks. */
void moxd_encword_encode(struct moxd_buf *out, struct moxd_str text, size_t column, bool phrase);

#endif
