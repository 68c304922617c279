/* Whom an account wrote to (P-STORE-10): the recipients of messages that came into a mailbox with the special use
 * \Sent, whatever becomes of the message or of the mailbox later. A record for each address, under its domain, so
 * that those of a domain are beside each other. */
#ifndef STORE_RECIPIENTS_H
#define STORE_RECIPIENTS_H

#include "message.h"

/* After a message came into a box: takes what is in To, Cc and Bcc of its summary (parsed.h). Nothing, unless the box
 * is one for sent messages; of a message at most 200 recipients. `when`: ns. */
int store_recipients_note(struct store_tx *tx, const struct store_box *box, struct moxd_str summary,
                          int64_t when, struct moxd_err *err) MOXD_CHECKED;
/* The same for a message that is in a box, with what is stored beside it. */
int store_recipients_note_stored(struct store_tx *tx, const struct store_box *box, uint32_t uid,
                                 int64_t when, struct moxd_err *err) MOXD_CHECKED;
/* store_v1.tx_sent_to */
int store_tx_sent_to(struct store_tx *tx, struct moxd_str localpart, struct moxd_str domain,
                     struct store_sent_to *out, struct moxd_err *err);

#endif
