/* Watches that the loop turns; see moxd/crash.h. */
#ifndef MOXD_CORE_WATCHDOG_H
#define MOXD_CORE_WATCHDOG_H

#include <signal.h>

enum {
    CORE_WATCHDOG_LOOKS_PER_SECOND = 2,
    CORE_WATCHDOG_JOB_LOOKS = 120, /* jobs are long when a disk is slow or a database recovers */
    CORE_WATCHDOG_SIGNAL =
        SIGURG, /* ignored by default, and nobody here asks for out-of-band data */
};

void core_watchdog_start(void);
void core_watchdog_stop(void);
/* The loop is about to poll / has polled. */
void core_watchdog_idle(void);
void core_watchdog_busy(void);

#endif
