/* The daemon moxd: what its main function calls. */
#ifndef CORE_DAEMON_H
#define CORE_DAEMON_H

/* All of moxd: options, then one of -h, -V, -o, -t, the parent, or the server that the parent starts.
 * Returns the exit status: 0, 1 when something is wrong, 2 for wrong usage. */
int moxd_daemon_main(int argc, char **argv);

#endif
