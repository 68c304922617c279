/* What is left behind when the server crashes or hangs: a line that says where, and a backtrace, on
 * stderr and in the crash log. */
#ifndef MOXD_CRASH_H
#define MOXD_CRASH_H

#include <moxd/base.h>

/* Reports SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT, then lets the signal do its work (core dump,
 * exit status). `fd` is the crash log's, or -1; it stays open and is the caller's. Under a sanitizer only
 * SIGABRT, since the sanitizer reports the others. Call again to change fd. */
void moxd_crash_install(int fd);
/* Gives the calling thread a signal stack of its own, so that an overflowed stack can be reported.
 * The loop's and the workers' threads do so themselves. */
void moxd_crash_thread(void);
/* fn adds what the loop's thread was doing ("hook=on_rcpt module=dnsbl") to `out`, at most cap bytes,
 * and returns their number. It runs in a signal handler: no allocation, no locks, no stdio. */
void moxd_crash_describe(size_t (*fn)(char *out, size_t cap));

/* The watchdog: a thread of moxd_loop_run that looks at the loop twice a second. When the loop has
 * not turned between `report` looks (default 2: one second) it reports; after `die` looks (default 60:
 * 30 s) it aborts the process, so that the parent restarts the server. Set before moxd_loop_run. */
void moxd_watchdog_limits(unsigned report, unsigned die);
/* A job on a worker (moxd/offload.h) that has not ended after so many looks is reported once, with its lane and
 * backtrace. Default 120: a minute. Before moxd_loop_run. */
void moxd_watchdog_jobs(unsigned looks);

#endif
