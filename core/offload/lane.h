/* Lanes of worker threads. */
#ifndef MOXD_CORE_LANE_H
#define MOXD_CORE_LANE_H

#include <moxd/loop.h>
#include <moxd/offload.h>
#include <stdatomic.h>

/* What a job carries in core_private. */
struct core_job {
    struct moxd_post post;            /* brings it back to the loop */
    atomic_bool *abandon;             /* NULL: nobody can abandon it */
    struct moxd_offload_stats *stats; /* of its lane */
};

void core_lanes_init(void);
/* As moxd_offload_job; *abandon is what moxd_offload_abandoned reads. */
void core_lane_add(enum moxd_lane lane, struct moxd_job *job, atomic_bool *abandon);
/* Submits what was collected in this turn of the loop: one lock and one wake-up per lane. */
void core_lanes_flush(void);
/* Jobs that are not back on the loop. */
unsigned core_lanes_busy(void);
/* Blocks until every submitted job has run. */
void core_lanes_wait(void);
void core_lanes_fini(void); /* waits, and stops the threads */

/* --- slow.c: jobs that do not end (moxd/crash.h) */
/* In a worker: it begins; it begins or ends a job, in turn. */
void core_worker_begin(const char *lane);
void core_worker_turn(void);
/* The workers are gone. */
void core_workers_reset(void);
/* In the watchdog: asks those whose job is too long. */
void core_workers_look(void);
/* In the handler of the question, on the worker. */
void core_worker_report(void);

#endif
