/* Watches that the loop turns; see moxd/crash.h. */
#ifndef MOXD_CORE_WATCHDOG_H
#define MOXD_CORE_WATCHDOG_H

void core_watchdog_start(void);
void core_watchdog_stop(void);
/* The loop is about to poll / has polled. */
void core_watchdog_idle(void);
void core_watchdog_busy(void);

#endif
