/* Annotations of mailboxes and of the account as a whole, which to a client is the server (RFC 5464). */
#ifndef IMAP_METADATA_H
#define IMAP_METADATA_H

#include "imap.h"

/* LIST RETURN (METADATA): everything that is kept, once for the command. */
struct imap_annotations {
    struct store_annotation *v; /* by mailbox and name */
    size_t n;
};
int imap_annotations_load(struct imap_session *s, struct imap_annotations *out,
                          struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* METADATA with the entries that the command names, NIL for those that are not there (RFC 9590 3). */
int imap_send_metadata(struct imap_session *s, const struct imap_annotations *all,
                       const struct store_mailbox *mb) MOXD_SUSPENDS;

/* --- metadata_tell.c: what others changed --------------------------------------------------------- */
enum {
    IMAP_METADATA_NOTES_MAX = 1000, /* changed entries that wait to be told; beyond, all are told */
};
void imap_metadata_note(struct imap_session *s, const struct store_change *c);
void imap_metadata_lost(struct imap_session *s);
int imap_metadata_tell(struct imap_session *s) MOXD_SUSPENDS;
void imap_metadata_free(struct imap_metadata *md); /* NULL is fine */

#endif
