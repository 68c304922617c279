/* The order of messages (RFC 5256, RFC 5957). */
#ifndef IMAP_SORT_H
#define IMAP_SORT_H

#include "search.h"

enum {
    IMAP_SORT_TEXT_MAX = 1000, /* bytes of a text that are compared: hostile mail takes no more */
};

/* What one criterion compares: a number, or a key of i;unicode-casemap. */
union imap_sort_value {
    int64_t number;
    struct moxd_str text;
};
/* A message with its values, one for each criterion. */
struct imap_sort_row {
    uint32_t uid;
    union imap_sort_value v[];
};

/* When the message was sent, in seconds since 1970 UTC: its Date field, else INTERNALDATE (RFC 5256
 * 2.2). */
int64_t imap_msg_sent(struct imap_msg *msg) MOXD_SUSPENDS;
/* Appends the base subject (RFC 5256 2.1) as moxd_base_subject gives it, at most IMAP_SORT_TEXT_MAX
 * bytes; *reply as there. */
void imap_msg_base_subject(struct imap_msg *msg, struct moxd_buf *out, bool *reply) MOXD_SUSPENDS;

/* The row of a message, in the arena. What cannot be read counts as empty. */
struct imap_sort_row *imap_sort_row(const struct moxd_imap_cmd *cmd, struct imap_msg *msg,
                                    struct moxd_arena *a) MOXD_SUSPENDS;
/* A copy of a row in one piece on the heap; *bytes grows by what it takes. */
struct imap_sort_row *imap_sort_row_dup(const struct moxd_imap_cmd *cmd,
                                        const struct imap_sort_row *row, size_t *bytes);
/* Frees such a copy: how much *bytes had grown. */
size_t imap_sort_row_free(const struct moxd_imap_cmd *cmd, struct imap_sort_row *row);
/* Below 0, 0 (only for one and the same message), above 0: by the criteria, then as in the mailbox. */
int imap_sort_compare(const struct moxd_imap_cmd *cmd, const struct imap_sort_row *x,
                      const struct imap_sort_row *y);
/* Sorts; many of them on a worker. */
void imap_sort_rows(const struct moxd_imap_cmd *cmd, struct imap_sort_row **rows,
                    size_t n) MOXD_SUSPENDS;

#endif
