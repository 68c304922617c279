/* What threads are made of: message ids and base subjects. Pure. */
#ifndef MOXMAIL_THREAD_H
#define MOXMAIL_THREAD_H

#include <moxd/buf.h>

enum {
    MOXD_MSGID_MAX =
        998, /* bytes of a message id (one line, RFC 5322 2.1.1); a longer one is none */
    MOXD_SUBJECT_MAX = 4096, /* bytes of a subject that are looked at */
};

/* Cuts the next message id off the value of References or In-Reply-To (RFC 5322 3.6.4): what is
 * between < and >, without the comments and phrases that old mailers put around. False at the end. */
bool moxd_msgid_next(struct moxd_str *rest, struct moxd_str *id);
/* The id of a Message-ID field: as moxd_msgid_next, or, without any brackets, the whole trimmed
 * value. Empty when there is none. */
struct moxd_str moxd_msgid_of(struct moxd_str value);
/* Appends an id without blanks, comments and needless quoting: RFC 5256 compares these, with their case.
 * Nothing for an id that is empty or too long. */
void moxd_msgid_canonical(struct moxd_buf *out, struct moxd_str id);
/* The same in lower case: the form by which the store matches messages. */
void moxd_msgid_normalise(struct moxd_buf *out, struct moxd_str id);

/* Appends the base subject (RFC 5256 2.1) of decoded UTF-8 as its key of i;unicode-casemap
 * (<moxmail/collate.h>), for comparing and sorting. Sets *reply, if not NULL, when the subject was that
 * of a reply or of something forwarded. */
void moxd_base_subject(struct moxd_buf *out, struct moxd_str subject, bool *reply);

#endif
