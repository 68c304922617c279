/* Threads of a list of messages as IMAP shows them: ORDEREDSUBJECT and REFERENCES (RFC 5256
 * BASE.6.4.THREAD). Nothing recurses; time is that of sorting, memory a hundred bytes a message and what
 * is known of messages that are not there. Pure. */
#ifndef MOXMAIL_THREAD_TREE_H
#define MOXMAIL_THREAD_TREE_H

#include <moxd/buf.h>

enum {
    MOXD_THREAD_REFS_MAX =
        200, /* ids of one References field that count: the first and the last ones;
                                     mail readers keep less */
    MOXD_THREAD_ABSENT_MAX = 10, /* ids of absent messages that are remembered, for each message; */
    MOXD_THREAD_ABSENT_MIN = 1000 /* and at least so many; others are skipped */
};

struct moxd_thread_msg {
    uint32_t number;         /* as it is shown */
    int64_t sent;            /* its date (RFC 5256 2.2) */
    struct moxd_str subject; /* moxd_base_subject, and what that says of: */
    bool reply;
    /* Values of the fields; only for REFERENCES. */
    struct moxd_str message_id, references, in_reply_to;
};

struct moxd_threads;
struct moxd_threads *moxd_threads_new(void) __attribute__((returns_nonnull));
void moxd_threads_free(struct moxd_threads *t);
/* The next message in the order of the mailbox. Keeps nothing of what it points to. */
void moxd_threads_add(struct moxd_threads *t, const struct moxd_thread_msg *msg);
/* Makes the threads and appends them: "(1)(2 3 (4)(5))". One of the two, once. */
void moxd_threads_by_subject(struct moxd_threads *t, struct moxd_buf *out);
void moxd_threads_by_references(struct moxd_threads *t, struct moxd_buf *out);

#endif
