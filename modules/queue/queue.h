/* The queue: what its files share. queue_record.h says what is stored, this what is in memory.
 *
 *   add -> heap by time -> scheduler -> destinations -> workers -> results -> heap, or gone
 *
 * Of a message at rest there is one entry in the heap for each recipient: time and id. The scheduler takes
 * those that are due, reads where they go, and gives them to destinations; a worker of the destination
 * reads the rest, delivers, and records what came of it. Everything runs on the loop. */
#ifndef QUEUE_QUEUE_H
#define QUEUE_QUEUE_H

#include <moxd/accounts.h>
#include <moxd/dkim.h>
#include <moxd/module.h>
#include <moxd/smtp.h>
#include <moxd/smtpclient.h>
#include <moxd/store.h>
#include <moxd/trace.h>

#include "queue_api.h"
#include "queue_conf.h"
#include "queue_heap.h"
#include "queue_record.h"
#include "queue_together.h"

/* The hash function of uthash falls through without saying so in a way that clang reads. */
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"
#include <uthash.h>

enum {
    QUEUE_RCPTS_MAX = 10000, /* of one message: what a member of a transaction could name */
    QUEUE_TEXT_MAX = 998,    /* of envid, orcpt and the like: a line */
    QUEUE_SUBJECT_MAX = 300, /* for lists */
};

struct queue_dest;
struct queue_rule;

struct queue {
    struct moxd_instance m;
    const struct queue_conf *conf;
    const struct store_v1 *store;
    struct moxd_instance *store_self;
    const struct smtpclient_v1 *client;
    struct moxd_instance *client_self;
    const struct accounts_v1 *accounts;
    struct moxd_instance *accounts_self;
    const struct trace_v1 *trace; /* or NULL */
    struct moxd_instance *trace_self;
    const struct smtp_v1 *smtp;
    struct moxd_instance *smtp_self;
    const struct dkim_v1 *dkim; /* or NULL: nothing is signed */
    struct moxd_instance *dkim_self;
    struct moxd_point *on_queue, *on_security, *on_connected, *on_result;
    int64_t *intervals; /* conf->retry */
    struct moxd_arena *rules_arena;
    struct queue_rule *rules; /* of holding */
    size_t nrules;
    struct queue_heap heap;    /* what waits for its time */
    struct queue_idset active; /* what is not in the heap: at a destination, or being delivered */
    struct moxd_fid scheduler;
    int64_t ptr_until; /* so long it is known (monotonic) whether: */
    bool skip_ipv6;    /* our IPv6 address has no reverse DNS */
    bool draining;
    struct queue_dest *dests;   /* hash by name */
    struct queue_dest *starved; /* list of those that wait for room among all connections */
    unsigned workers, idle;     /* at work; waiting with an open connection */
    unsigned recording;         /* results that are on their way to the disk */
    struct queue_together taken, recorded; /* jobs that are read; results that are recorded */
    uint64_t sent;                         /* see queue_v1.sent */
    struct moxd_metric_handle *queued, *results, *connections, *waiting, *returned, *sent_total;
};
static inline struct queue *queue_of(struct moxd_instance *m)
{
    return MOXD_CONTAINER(m, struct queue, m);
}

/* --- adding (queue_add.c) ---------------------------------------------------------------------- */
int queue_add(struct moxd_instance *self, const struct queue_new *msg, uint64_t *ids,
              struct moxd_err *err) MOXD_SUSPENDS;
/* The same; with a separator each recipient gets a MAIL FROM of its own, with a random id behind the separator
 * (QUEUE-16). NULL: none. */
int queue_add_fromid(struct moxd_instance *self, const struct queue_new *msg, const char *separator,
                     struct moxd_err *err) MOXD_SUSPENDS;

/* --- scheduling (queue_sched.c) ---------------------------------------------------------------- */
/* Reads what is stored, and begins. */
int queue_sched_start(struct queue *q, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* The recipient is due at that time (wall ns): now known to the scheduler. */
void queue_schedule(struct queue *q, uint64_t id, int64_t next);

#endif
