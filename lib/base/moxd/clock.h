/* The two clocks. Everything reads time here, so that tests can step it. Thread-safe. */
#ifndef MOXD_CLOCK_H
#define MOXD_CLOCK_H

#include <moxd/base.h>
#include <time.h>

/* Nanoseconds. Monotonic times are only comparable with each other; deadlines are monotonic. */
#define MOXD_MS INT64_C(1000000)
#define MOXD_SEC INT64_C(1000000000)
#define MOXD_NEVER INT64_MAX

int64_t moxd_wall(void); /* ns since 1970-01-01 UTC */
int64_t moxd_mono(void); /* ns, monotonic */
/* Deadline `ns` from now, saturating at MOXD_NEVER; ns < 0 gives MOXD_NEVER. */
int64_t moxd_deadline(int64_t ns);
/* For tests: adds to what both clocks return (cumulative); moxd_clock_reset undoes it. The running
 * loop re-reads its timers at the next iteration. */
void moxd_clock_step(int64_t ns);
void moxd_clock_reset(void);

#endif
