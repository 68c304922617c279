/* IMAP data written from message structures: ENVELOPE, BODY and BODYSTRUCTURE (RFC 9051 7.5.2 and 9,
 * RFC 3501 7.4.2). Everything is appended to a buffer; the caller looks at its
 * `overflow` at the end. Pure.
 *
 * `utf8` says that the session may be sent UTF-8 in quoted strings: it has enabled IMAP4rev2 (RFC 9051
 * 6.3.1) or UTF8=ACCEPT (RFC 6855 3). Without it 8-bit text goes into literals. */
#ifndef MOXMAIL_IMAP_FMT_H
#define MOXMAIL_IMAP_FMT_H

#include <moxmail/message.h>

enum {
    /* Addresses in one ENVELOPE or BODYSTRUCTURE; more are left out. "a," in a header becomes twenty bytes
     * here, and three times that in From, which also stands for Sender and Reply-To. */
    MOXD_IMAP_ADDRESSES_MAX = 20000,
};

/* envelope = "(" env-date SP env-subject ... ")"; absent Sender and Reply-To are those of From. */
void moxd_imap_put_envelope(struct moxd_buf *b, const struct moxd_envelope *env, bool utf8);
/* env-from and the like: "(" 1*address ")" or NIL, from the value of an address field. Groups have
 * their start and end marks. */
void moxd_imap_put_addresses(struct moxd_buf *b, struct moxd_str value, bool utf8);
/* body of the whole message, or of the part p of it: BODYSTRUCTURE when `extended`, else BODY. A part
 * that was not looked into is an application/octet-stream. */
void moxd_imap_put_body(struct moxd_buf *b, const struct moxd_msg *m, const struct moxd_part *p,
                        bool extended, bool utf8);

#endif
