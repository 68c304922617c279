/* The addresses of a header field (RFC 5322 3.4 and 4.4): mailboxes and groups, with comments, obsolete
 * forms, and what is common although it is malformed. One after the other, in linear time and with no
 * more memory than the longest one takes, so that a field may hold any number. Pure.
 *
 *     struct moxd_hdraddr_iter it;
 *     struct moxd_hdraddr ha;
 *     moxd_hdraddr_init(&it, value);
 *     while (moxd_hdraddr_next(&it, &ha))
 *         ...
 *     moxd_hdraddr_fini(&it);
 */
#ifndef MOXMAIL_HEADER_ADDRESS_H
#define MOXMAIL_HEADER_ADDRESS_H

#include <moxd/buf.h>

/* Groups are not nested (RFC 5322 3.4), so that a flat list with marks has all there is: it is that of
 * an IMAP envelope (RFC 9051 7.5.2). Each GROUP has its GROUP_END. */
enum moxd_hdraddr_kind {
    MOXD_HDRADDR_MAILBOX,
    MOXD_HDRADDR_GROUP,     /* only name is set */
    MOXD_HDRADDR_GROUP_END, /* nothing is set */
};

/* Valid until the next call with the iterator. Bytes are as in the field, 8-bit ones too. */
struct moxd_hdraddr {
    enum moxd_hdraddr_kind kind;
    /* Display name without quoting, one blank between words; without one the comment behind the
     * address. Encoded words are still encoded. p is NULL when there is none. */
    struct moxd_str name;
    struct moxd_str route;     /* obs-route, "@a.example,@b.example"; p NULL: none */
    struct moxd_str localpart; /* without quoting; both are empty for "<>" */
    struct moxd_str domain;    /* without comments and blanks; empty when it is missing */
    bool bad;                  /* not by the grammar: this is what could be made of it */
};

struct moxd_hdraddr_iter {
    struct moxd_str rest;
    bool in_group;
    bool thorough; /* set after init: no short cuts; for tests */
    struct moxd_buf name, comment, route, localpart, domain;
};

/* value: of the field, folded or not; it must stay until the end. */
void moxd_hdraddr_init(struct moxd_hdraddr_iter *it, struct moxd_str value);
/* False at the end. For a mailbox that is to be used as an address, moxd_address_make checks
 * localpart and domain. */
bool moxd_hdraddr_next(struct moxd_hdraddr_iter *it, struct moxd_hdraddr *out);
void moxd_hdraddr_fini(struct moxd_hdraddr_iter *it);

#endif
