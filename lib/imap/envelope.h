/* ENVELOPE inside BODYSTRUCTURE. */
#ifndef MAIL_IMAP_ENVELOPE_H
#define MAIL_IMAP_ENVELOPE_H

#include <moxmail/message.h>

/* moxd_imap_put_envelope with at most *left addresses, which are taken off it. */
void mail_put_envelope(struct moxd_buf *b, const struct moxd_envelope *env, bool utf8,
                       size_t *left);

#endif
