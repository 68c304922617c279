/* APPEND and REPLACE while their data comes in: messages that are put together from literals and parts of
 * other messages. What goes wrong is kept until the command is read to its end, or up to the next literal
 * that waits: then it is answered, and nothing was changed. */
#ifndef IMAP_APPEND_H
#define IMAP_APPEND_H

#include "place.h"

struct imap_appending {
    struct imap_session *s;
    struct imap_place to; /* the target */
    uint32_t replaced;    /* UID in the selected mailbox; 0: none */
    uint64_t room;        /* bytes that the quota still allows */
    struct store_draft
        *draft; /* all messages, one after the other: in memory while small, then on disk */
    struct store_add *adds; /* one a message, in the command's arena, as starts */
    uint64_t *starts;       /* where each begins in the draft */
    size_t n, cap, starts_n, starts_cap;
    bool cr;          /* the last byte of the message was CR */
    bool nul;         /* it holds NUL bytes */
    size_t text;      /* bytes of lines and URLs so far */
    uint64_t skipped; /* data read only to be refused */
    bool failed;
    const char *code; /* NULL: by kind of error */
    struct moxd_err err;
};

/* Notes a failure; the first one counts. The text of ap->err is what the client is told; code may be NULL. */
void imap_append_fail(struct imap_appending *ap, const char *code);
/* A message begins; is complete. */
void imap_append_begin(struct imap_appending *ap, const struct moxd_imap_append_step *step);
void imap_append_end(struct imap_appending *ap);
/* Whether `more` bytes still fit; else fails with TOOBIG or OVERQUOTA. */
bool imap_append_fits(struct imap_appending *ap, uint64_t more);
/* Adds bytes to the message, line ends made CRLF. -1 with ap->err. */
int imap_append_write(struct imap_appending *ap, const char *p,
                      size_t n) MOXD_CHECKED MOXD_SUSPENDS;
/* Stores them all: -1 with ap->err, nothing is changed then. */
int imap_append_store(struct imap_appending *ap) MOXD_CHECKED MOXD_SUSPENDS;

/* catenate.c: adds what the URL names; fails with BADURL when it names nothing here. */
void imap_append_url(struct imap_appending *ap, struct moxd_str text) MOXD_SUSPENDS;

#endif
