/* Room on the disk for a recovery. A database that met a full disk needs some space to recover at the
 * next start; a file of that size is kept for this, and removed when the time has come. */
#ifndef MOXD_CORE_BALLAST_H
#define MOXD_CORE_BALLAST_H

#include "process/priv.h"

#include <moxd/log.h>

enum {
    CORE_BALLAST_SIZE =
        16 * 1024 * 1024,             /* Berkeley DB's log buffer and region files, four times */
    CORE_BALLAST_SHARE = 20,          /* not made when it were more than 1/20 of the free space */
    CORE_DISK_FULL = 4 * 1024 * 1024, /* less free space than this: the disk is full */
};

/* Makes data-dir/ballast when it is not there and the disk has room. The user, when not NULL, owns it.
 * Returns whether it is there. */
bool core_ballast_make(const char *data_dir, const struct core_user *user,
                       const struct moxd_log *log);
/* Removes it when the disk is full; before a crashed server is started again. */
void core_ballast_release(const char *data_dir, const struct moxd_log *log);

#endif
