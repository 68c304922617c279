/* The parent: the small process that keeps root's privileges (when it has them), holds the listening
 * sockets, opens certificates and keys, and keeps a server running. It has no loop, no threads and no
 * module code running: it polls, and everything it does is short. */
#ifndef MOXD_CORE_PARENT_H
#define MOXD_CORE_PARENT_H

#include "daemon/options.h"

/* Runs until the server has ended for good; the exit status. */
int core_parent_run(const struct core_options *o);

#endif
