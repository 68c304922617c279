/* Blocking work on worker threads. Each lane has threads of its own, so that one kind of work
 * cannot starve another. A lone job costs 7-14 us on top: do not offload less than about 20 us. */
#ifndef MOXD_OFFLOAD_H
#define MOXD_OFFLOAD_H

#include <moxd/fiber.h>

enum moxd_lane {
    MOXD_LANE_STORE, /* Berkeley DB transactions and reads */
    MOXD_LANE_FSYNC, /* file data and directory syncs, file creation */
    MOXD_LANE_CPU,   /* hashing, deep parses, untrusted JSON, regular expressions */
    MOXD_LANE_COUNT
};

/* Runs fn(arg) on a worker and returns when it has finished; never earlier, also when the fiber is
 * cancelled or past its ceiling meanwhile (arg may lie on the fiber's stack). Jobs submitted in
 * one loop iteration start with one wake-up. Returns MOXD_OK or MOXD_CANCELLED (fn has run). */
int moxd_offload(enum moxd_lane lane, void (*fn)(void *arg), void *arg) MOXD_SUSPENDS;
/* In an offloaded function: whether its fiber was cancelled or passed its ceiling; long jobs poll
 * this and return early. False elsewhere. Thread-safe. */
bool moxd_offload_abandoned(void);
/* Threads per lane; before the first offload only. */
void moxd_offload_threads(enum moxd_lane lane, unsigned n);
/* Submits a job without a fiber: fn(job) on the lane, then done(job) on the loop (may be NULL). */
struct moxd_job {
    struct moxd_job *next;
    void (*fn)(struct moxd_job *job);
    void (*done)(struct moxd_job *job);
    void *core_private[4];
};
void moxd_offload_job(enum moxd_lane lane, struct moxd_job *job);

/* Counters for metrics and tests. Loop thread only. */
struct moxd_offload_stats {
    uint64_t jobs;    /* submitted */
    uint64_t batches; /* in which they were */
    unsigned busy;    /* submitted and not back on the loop */
    unsigned threads; /* started */
};
void moxd_offload_stats(enum moxd_lane lane, struct moxd_offload_stats *st);

#endif
