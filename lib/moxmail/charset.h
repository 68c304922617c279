/* Character sets to UTF-8, streaming and in one go. Every function accepts any bytes: what cannot be
 * converted becomes U+FFFD, and the output is always well-formed UTF-8. */
#ifndef MOXMAIL_CHARSET_H
#define MOXMAIL_CHARSET_H

#include <moxd/buf.h>

enum {
    MOXD_CHARSET_NAME_MAX = 40, /* bytes of a charset name (RFC 2978 2.3) */
    MOXD_CHARSET_TAIL_MAX = 16, /* bytes of a character that was cut by the end of a chunk */
    MOXD_CHARSET_GROWTH = 12,   /* a chunk, with the tail before it, gives at most so many times its
                                 * bytes, for the limit of the output buffer */
};

enum moxd_charset_kind {
    MOXD_CHARSET_UTF8, /* checked and repaired by us; us-ascii too, since 8-bit text so labelled is
                           * most often UTF-8 */
    MOXD_CHARSET_ICONV,
    MOXD_CHARSET_JIS,     /* ISO-2022-JP: rewritten as Shift_JIS, then iconv */
    MOXD_CHARSET_UNKNOWN, /* ASCII is kept, every other byte becomes U+FFFD */
};

/* Where in ISO-2022-JP a conversion is. */
struct moxd_jis {
    uint8_t set; /* of characters that is switched to */
    uint8_t nheld;
    char held[4]; /* an unfinished escape sequence or the first byte of a character */
};

/* A conversion under way. */
struct moxd_charset {
    enum moxd_charset_kind kind;
    void *cd; /* iconv_t */
    struct moxd_jis jis;
    char tail[MOXD_CHARSET_TAIL_MAX]; /* start of a character whose rest is still to come */
    size_t ntail;
};

/* Starts a conversion from the named charset: IANA and WHATWG names and aliases in any case. Empty
 * means us-ascii. False when the charset is not known, the conversion then is lossy ASCII. Always
 * end it with moxd_charset_fini. */
bool moxd_charset_init(struct moxd_charset *c, struct moxd_str name);
void moxd_charset_fini(struct moxd_charset *c);
/* Converts a chunk and appends to out; `last` also flushes the incomplete character at the end. */
void moxd_charset_write(struct moxd_charset *c, struct moxd_str in, bool last,
                        struct moxd_buf *out);

/* All at once; true when the charset is known. */
bool moxd_charset_to_utf8(struct moxd_buf *out, struct moxd_str charset, struct moxd_str in);
/* Whether moxd_charset_init would know it (IMAP SEARCH CHARSET). */
bool moxd_charset_known(struct moxd_str name);

/* Appends the text with everything that is not well-formed UTF-8 replaced by U+FFFD, one for each
 * maximal broken sequence (Unicode 3.9). Bytes of a last, incomplete character are returned as a
 * number and left out; when `last`, they are replaced too and the number is 0. */
size_t moxd_utf8_repair(struct moxd_buf *out, struct moxd_str in, bool last);

#endif
