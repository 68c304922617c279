/* Line ends of messages: bare LF becomes CRLF, bare CR is noticed (RFC 5322 2.3, RFC 5321 2.3.8).
 * Streaming and pure. */
#ifndef MOXMAIL_NEWLINE_H
#define MOXMAIL_NEWLINE_H

#include <moxd/buf.h>

/* Zeroed before the first call. */
struct moxd_newline {
    bool cr;          /* the last byte was a CR */
    uint64_t bare_lf; /* LF without CR, so far */
    uint64_t bare_cr; /* CR without LF, so far; one at the very end counts with `last` */
    uint64_t lines;   /* line ends so far */
    uint32_t column;  /* bytes of the current line, without its end */
    uint32_t longest; /* of all lines; saturates */
};

/* Appends the bytes with every bare LF as CRLF; bare CRs stay as they are. */
void moxd_newline_write(struct moxd_newline *nl, struct moxd_str in, bool last,
                        struct moxd_buf *out);
/* Only looks. */
void moxd_newline_scan(struct moxd_newline *nl, struct moxd_str in, bool last);

#endif
