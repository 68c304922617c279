/* The modules of a configuration, for their tables; and the daemon's program. */
#ifndef CORE_MOXCTL_MODULES_H
#define CORE_MOXCTL_MODULES_H

#include "core_modules.h"
#include "moxctl/moxctl.h"

struct moxctl_modules {
    struct core_modules *set;
    struct core_conf_peek peek;
    const struct core_conf_module *mods;
    size_t n;
};
/* Loads those that moxd.conf names; all that are installed when there is no moxd.conf. -1 after what is
 * wrong was written to standard error (nothing is, with `quiet`). */
int moxctl_modules_load(struct moxctl *x, bool quiet, struct moxctl_modules *out) MOXD_CHECKED;
void moxctl_modules_free(struct moxctl_modules *mm);

/* Path of moxd: the one that lies where moxctl lies, else the one that was installed with it. */
const char *moxctl_find_moxd(struct moxctl *x);

#endif
