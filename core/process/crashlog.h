/* What a crashed server leaves behind: data-dir/crash/TIME-PID.log, written by the dying process through
 * a descriptor that the parent opened for it. */
#ifndef MOXD_CORE_CRASHLOG_H
#define MOXD_CORE_CRASHLOG_H

#include "process/priv.h"

#include <moxd/log.h>

enum { CORE_CRASHLOGS_KEPT = 20 };

struct core_crashlog {
    int dir; /* data-dir/crash, -1 when there is none */
    int fd;  /* for the server, -1 when there is none */
};

/* Makes the directory and a new empty file. That it fails is logged and no reason not to start. The
 * directory will be the user's when that is not NULL. */
void core_crashlog_open(struct core_crashlog *c, const char *data_dir, const struct core_user *user,
                        const struct moxd_log *log);
/* The server with this id has ended: by a crash, described in `how` ("signal 11"), or else, NULL.
 * Keeps the file under its final name, or removes it; closes. Removes the oldest of too many. */
void core_crashlog_close(struct core_crashlog *c, pid_t pid, const char *how,
                         const struct moxd_log *log);

#endif
