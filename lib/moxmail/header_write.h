/* Writes header fields that we generate, folded at 78 columns (RFC 5322 2.1.1). What is given as
 * content cannot break out of its field: control characters become blanks. Pure. */
#ifndef MOXMAIL_HEADER_WRITE_H
#define MOXMAIL_HEADER_WRITE_H

#include <moxd/buf.h>

enum { MOXD_FOLD_COLUMN = 78 };

struct moxd_header_writer {
    struct moxd_buf *b;
    size_t column;
};

/* "Name:" */
void moxd_hw_begin(struct moxd_header_writer *w, struct moxd_buf *b, const char *name);
/* A blank, or a fold when the word would not fit, and the word: a unit that is never broken. */
void moxd_hw_word(struct moxd_header_writer *w, struct moxd_str word);
void moxd_hw_wordf(struct moxd_header_writer *w, const char *fmt, ...) MOXD_PRINTF(2, 3);
/* A line break at this place, whatever the column: the next word begins a line, with a tab. */
void moxd_hw_fold(struct moxd_header_writer *w);
/* Free text in UTF-8: words as they are, folded; encoded words where it is not plain ASCII. */
void moxd_hw_text(struct moxd_header_writer *w, struct moxd_str text);
/* A phrase such as a display name (RFC 5322 3.2.5): bare, quoted, or encoded. */
void moxd_hw_phrase(struct moxd_header_writer *w, struct moxd_str text);
/* CRLF. */
void moxd_hw_end(struct moxd_header_writer *w);

#endif
