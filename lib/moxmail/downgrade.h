/* Internationalized messages (RFC 6532) for programs that take ASCII headers only: RFC 6857. Pure. */
#ifndef MOXMAIL_DOWNGRADE_H
#define MOXMAIL_DOWNGRADE_H

#include <moxmail/message.h>

enum {
    MOXD_SURROGATE_MAX =
        4 << 20, /* bytes of all rewritten headers of a message; more stay as they are */
};

/* Whether a field is not ASCII, but UTF-8. What is neither was broken before there was RFC 6532. */
bool moxd_header_is_international(struct moxd_str header);
/* Appends the header with such fields rewritten; all others, and the blank line, stay byte for byte. */
void moxd_header_downgrade(struct moxd_buf *out, struct moxd_str header);

/* A message behind a reader, with the headers of all its parts rewritten. In the arena, as long as src and
 * what it reads from. *out is src itself when nothing is to be rewritten. Errors of the reader. */
int moxd_surrogate_make(struct moxd_arena *a, const struct moxd_reader *src,
                        const struct moxd_msg *structure, struct moxd_reader *out,
                        struct moxd_err *err) MOXD_CHECKED;

#endif
