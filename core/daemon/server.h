/* The server: the process that speaks with the world. Started by the parent, which hands it everything
 * that needs privileges. */
#ifndef MOXD_CORE_SERVER_H
#define MOXD_CORE_SERVER_H

#include "daemon/options.h"

/* Runs until it is told to stop, or the parent is gone; the exit status. */
int core_server_run(const struct core_options *o);

#endif
