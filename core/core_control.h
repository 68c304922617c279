/* Control socket, core's inside: the server's registry of commands and its listener. */
#ifndef CORE_CONTROL_H
#define CORE_CONTROL_H

#include <moxd/control.h>

/* What core's own commands need from the process that runs them. Called in the command's fiber. */
struct core_control_server {
    void (*stop)(void); /* begins a graceful stop, returns at once */
    int (*tls_reload)(struct moxd_err *err) MOXD_SUSPENDS;
};

/* Adds a module's table; `m` is passed to its functions. Core's own are there from the start. A
 * name that is taken gives -1 with *err naming it. Before core_control_start. */
int core_control_register(const struct moxd_command *table, struct moxd_instance *m,
                          struct moxd_err *err) MOXD_CHECKED;
/* Binds `path` (mode 0600, replacing what a dead server left there) and spawns the fiber that
 * accepts. Peers must be root or the user of this process (SO_PEERCRED). */
int core_control_start(const char *path, const struct core_control_server *ops,
                       struct moxd_err *err) MOXD_CHECKED;
/* Stops accepting, removes the socket, waits for running commands until the deadline, then cancels
 * them. The command that asked for the stop gets its answer first. */
void core_control_stop(int64_t deadline) MOXD_SUSPENDS;
/* Forgets all registrations. */
void core_control_fini(void);

/* All of moxctl; returns its exit status. */
int moxd_moxctl_main(int argc, char **argv);

#endif
