/* The order of texts as IMAP sorts them: the collation i;unicode-casemap (RFC 5051), which RFC 5256 7
 * asks for. Pure. */
#ifndef MOXMAIL_COLLATE_H
#define MOXMAIL_COLLATE_H

#include <moxd/buf.h>

enum {
    MOXD_CASEMAP_GROWTH = 18, /* a text gives at most so many times its bytes (U+FDFA: 33 for 3) */
};

/* Appends the key of a text: texts are equal, and ordered, as the bytes of their keys are. What is not
 * well-formed UTF-8 is its own key (RFC 5051 2 (1) (b)). */
void moxd_casemap(struct moxd_buf *out, struct moxd_str text);

#endif
