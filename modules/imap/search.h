/* Evaluating a SEARCH key tree on one message. */
#ifndef IMAP_SEARCH_H
#define IMAP_SEARCH_H

#include "fetch.h"
#include <moxmail/text.h>

/* What a key must read of a message: its flags, also its size and dates, also its text. */
enum imap_search_needs { IMAP_NEEDS_FLAGS, IMAP_NEEDS_INFO, IMAP_NEEDS_CONTENT };

/* A SEARCH command made ready: strings in UTF-8, sets as UIDs of the view, flags as bits. Lives in the
 * command arena, which also frees the buffers. */
struct search_key;
struct imap_search {
    struct search_key *root;
    enum imap_search_needs needs; /* the most that any key needs */
    struct store_uids scope;      /* only these can match */
    struct moxd_str charset;
    struct moxd_text *workspace; /* for BODY and TEXT, else NULL */
    size_t ntexts;
};
/* -1 with *err: NOTFOUND for an unknown charset, LIMIT. */
int imap_search_prepare(struct imap_session *s, struct imap_search *se,
                        struct moxd_err *err) MOXD_CHECKED;
/* 1 matches, 0 not, -1 with *err. */
int imap_search_match(struct imap_search *se, struct imap_msg *msg,
                      struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

#endif
