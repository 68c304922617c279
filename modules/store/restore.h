/* Bringing a damaged account back: what can be read of its database is put into a new one, and what
 * hangs together there is made whole again. Blocks; for a worker. Nobody has the account open. */
#ifndef STORE_RESTORE_H
#define STORE_RESTORE_H

#include "tx.h"

struct store_restored {
    uint64_t records;    /* read from the damaged database */
    uint64_t messages;   /* in the account now */
    uint64_t found;      /* of these: bodies without a record, now in the mailbox "Restored" */
    uint64_t dropped;    /* records of messages whose body is gone */
    bool recovered;      /* the log of that time could be used */
};
/* Moves the damaged file out of the way if that was not done yet, salvages it into a new database of
 * the account, and rebuilds. The mark of the quarantine stays. */
int store_restore(struct store_env *env, uint64_t id, const char *name, uint32_t uidvalidity,
                  struct store_restored *out, struct moxd_err *err) MOXD_CHECKED;

/* The parts. Salvage: calls fn for each record that can be read of the damaged file. */
int store_salvage(struct store_env *env, uint64_t id, bool *recovered,
                  int (*fn)(void *arg, struct moxd_str key, struct moxd_str val,
                            struct moxd_err *err),
                  void *arg, struct moxd_err *err) MOXD_CHECKED;
/* store_fn; makes a database consistent, whatever records it has. */
struct store_rebuild {
    struct store_meta before;    /* counters go on from here. All mailboxes get new validities, so that
                                    clients start afresh */
    struct store_restored *out;
};
int store_op_rebuild(struct store_tx *tx, void *arg, struct moxd_err *err);

#endif
