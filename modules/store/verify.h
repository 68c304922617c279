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
/* store_fn; arg is struct store_report *. -1 only when it could not look. */
int store_op_verify(struct store_tx *tx, void *arg, struct moxd_err *err);

#endif
