/* One server for a data directory. */
#ifndef MOXD_CORE_LOCK_H
#define MOXD_CORE_LOCK_H

#include "process/priv.h"

/* Takes the lock file in the data directory (made when absent, owned by the user when that is not NULL)
 * and writes this process' id into it.
 * Returns a descriptor that holds the lock, also in processes that inherit it; -1 with *err: STATE when
 * another process has it, whose id is in the text. */
int core_lock_take(const char *data_dir, const struct core_user *user,
                   struct moxd_err *err) MOXD_CHECKED;

#endif
