/* Messages in the form that every mail server takes: 7-bit, in lines of 998 octets at most (RFC 5321 4.5.3.1.6,
 * RFC 6152). Bodies that are not are put into quoted-printable or base64, where that is safe, which must happen
 * before a message is signed (RFC 6376 5.3). Pure. */
#ifndef MOXMAIL_SEVENBIT_H
#define MOXMAIL_SEVENBIT_H

#include <moxmail/message.h>

enum {
    MOXD_SEVENBIT_LINE = 998,    /* octets of a line without its CRLF (RFC 5322 2.1.1) */
    MOXD_SEVENBIT_PIECE = 65536, /* bytes of a message that are read at once */
};

/* A conversion under way, in the arena. */
struct moxd_sevenbit;

/* Looks through the message, whose line ends are CRLF, and says what is to be done. Left as they are: parts of
 * multipart/signed and multipart/encrypted (RFC 1847 2.1), messages with a DKIM-Signature, parts of type message
 * or multipart that cannot be read, and all of a message over the limits of moxd_msg. A message without
 * MIME fields gets them, with the charset utf-8, or else unknown-8bit (RFC 1428 3). Reads the message once; errors
 * of the reader. */
int moxd_sevenbit_plan(const struct moxd_reader *r, const struct moxd_msg *m, struct moxd_arena *a,
                       struct moxd_sevenbit **out, struct moxd_err *err) MOXD_CHECKED;
/* How many parts get another encoding; 0: the message stays as it is. */
size_t moxd_sevenbit_parts(const struct moxd_sevenbit *sb);
/* Whether bytes above 127 will still be in it: then it needs 8BITMIME. */
bool moxd_sevenbit_remains(const struct moxd_sevenbit *sb);
/* Appends the next piece of the new message, up to MOXD_ENCODE_GROWTH times MOXD_SEVENBIT_PIECE bytes, or a
 * header. 1: there is more; 0: that was all. Errors of the reader. */
int moxd_sevenbit_next(struct moxd_sevenbit *sb, const struct moxd_reader *r, struct moxd_buf *out,
                       struct moxd_err *err) MOXD_CHECKED;

#endif
