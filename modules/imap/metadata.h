/* Annotations of mailboxes and of the account as a whole, which to a client is the server (RFC 5464). */
#ifndef IMAP_METADATA_H
#define IMAP_METADATA_H

#include "place.h"

/* RFC 5464 3.3: who has "l" and one of these may read and set annotations of a mailbox. */
enum {
    IMAP_METADATA_RIGHTS = MOXD_IMAP_RIGHT_R | MOXD_IMAP_RIGHT_S | MOXD_IMAP_RIGHT_W |
                           MOXD_IMAP_RIGHT_I | MOXD_IMAP_RIGHT_P,
};

/* LIST RETURN (METADATA): everything that is kept of an account, once for its mailboxes. */
struct imap_annotations {
    const struct store_account *of; /* NULL: of none yet */
    struct store_annotation *v;     /* by mailbox and name */
    size_t n;
};
int imap_annotations_load(struct imap_session *s, struct store_account *acc,
                          struct imap_annotations *out,
                          struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* METADATA with the entries that the command names, NIL for those that are not there (RFC 9590 3). */
int imap_send_metadata(struct imap_session *s, struct imap_annotations *all,
                       struct store_account *acc, const struct store_mailbox *mb) MOXD_SUSPENDS;

/* --- annotation_name.c: /private annotations of another account's mailbox --------------------------- */
/* The name under which the store has an entry of the client for this account, in s->a: the entry itself for its owner;
 * /private of others is beside it. */
const char *imap_annotation_in(struct imap_session *s, struct store_account *acc,
                               struct moxd_str entry);
/* The other way; NULL: it is somebody else's. */
const char *imap_annotation_out(struct imap_session *s, struct moxd_arena *a,
                                struct store_account *acc, const char *name);

/* --- metadata_tell.c: what others changed --------------------------------------------------------- */
enum {
    IMAP_METADATA_NOTES_MAX = 1000, /* changed entries that wait to be told; beyond, all are told */
};
void imap_metadata_note(struct imap_session *s, const struct store_change *c);
/* The same of a mailbox of another account, of which NOTIFY is to tell. */
void imap_metadata_note_other(struct imap_session *s, struct store_account *acc,
                              const struct store_change *c);
void imap_metadata_lost(struct imap_session *s);
int imap_metadata_tell(struct imap_session *s) MOXD_SUSPENDS;
void imap_metadata_free(struct imap_metadata *md); /* NULL is fine */

#endif
