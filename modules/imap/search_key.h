/* A search key made ready for matching; between search_prepare.c and search_match.c. */
#ifndef IMAP_SEARCH_KEY_H
#define IMAP_SEARCH_KEY_H

#include "search.h"
#include <moxd/search.h>
#include <moxmail/text.h>

struct search_key {
    const struct moxd_imap_key *key;
    enum imap_search_needs needs;    /* of it and everything below */
    unsigned flag;                   /* FLAG: the bit, or 0 and: */
    const char *keyword;             /* canonical */
    struct store_uids uids;          /* UID, SEQ */
    struct moxd_search *text;        /* HEADER (NULL: any text), BODY, TEXT */
    const char *field;               /* HEADER */
    struct moxd_summary_query query; /* for it, or for Date */
    struct search_answer narrow;     /* HEADER, BODY, TEXT: what the index knows */
    struct search_key *child, *next;
};

#endif
