/* Owner and mode of the configuration and data directories (CORE-04 to CORE-06), repaired by the
 * parent while it is root, before the server starts. */
#ifndef MOXD_CORE_PERMS_H
#define MOXD_CORE_PERMS_H

#include "process/priv.h"

#include <moxd/log.h>

struct core_perms {
    const char *data_dir;
    const char *config_path, *domains_path;
    const char *const *keys; /* private keys of TLS: stay root's alone; NULL-ended, may be NULL */
    const struct core_user *user;
    const struct moxd_log *log;
};

/* Makes them so, and logs each repair:
 *
 *     data directory       user:group   nothing for group and others, in all of it
 *     configuration        root:group   files 0640, directories 0750, keys of TLS 0600
 *     domains.conf         user:group   0600, the server rewrites it
 *     its directory        root:group   1770: the server replaces domains.conf and nothing else
 *
 * The directory of moxd.conf is only repaired when it is ours alone: its name has "moxd" in it or is
 * "config", and there are no programs in it. Otherwise only the two files are. To find what is wrong somewhere deep costs time
 * in a large data directory: two levels are looked at, and everything if these needed a repair.
 * Symbolic links are left alone and not followed, and so are hard links to files of others. */
void core_perms_repair(const struct core_perms *p);

#endif
