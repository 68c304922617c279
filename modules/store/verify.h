/* Is everything in an account's data as it should be? Records, indexes, counts, sizes and files are
 * compared with each other. In a read transaction, under the account's lock. */
#ifndef STORE_VERIFY_H
#define STORE_VERIFY_H

#include "tx.h"

enum { STORE_PROBLEMS_MAX = 100 };

struct store_report {
    struct moxd_arena *arena;  /* of the texts */
    const char *problems[STORE_PROBLEMS_MAX];
    size_t n;                  /* found, also those that had no room */
    uint64_t mailboxes, messages, size, files, expunged;
};
void store_problem(struct store_report *out, const char *fmt, ...) MOXD_PRINTF(2, 3);
/* What viewers have seen (viewer.h). */
int store_verify_viewers(struct store_tx *tx, struct store_report *out,
                         struct moxd_err *err) MOXD_CHECKED;
/* Of threads; messages were counted. -1 only when it could not look. */
int store_verify_threads(struct store_tx *tx, struct store_report *out,
                         struct moxd_err *err) MOXD_CHECKED;
/* store_fn; arg is struct store_report *. -1 only when it could not look. */
int store_op_verify(struct store_tx *tx, void *arg, struct moxd_err *err);

#endif
