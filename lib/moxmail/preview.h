/* Previews: the first words of a message, for lists (RFC 8970). Pure; reading may block. */
#ifndef MOXMAIL_PREVIEW_H
#define MOXMAIL_PREVIEW_H

#include <moxmail/text.h>

enum {
    MOXD_PREVIEW_MAX = 200,                    /* characters (RFC 8970 3.3; more than 256 never) */
    MOXD_PREVIEW_BYTES = 4 * MOXD_PREVIEW_MAX, /* of UTF-8 */
};

/* Appends the preview of a message to out: the text of its first text/plain or text/html part that has
 * any, in NFC, on one line, without control characters. Quoted text is "[...]", with the line that
 * announces it; signatures and lines that only decorate are left out. Nothing when there is no text
 * to show, as in an encrypted message. Errors of the reader. */
int moxd_preview(struct moxd_text *t, const struct moxd_reader *r, const struct moxd_msg *m,
                 struct moxd_buf *out, struct moxd_err *err) MOXD_CHECKED;

#endif
