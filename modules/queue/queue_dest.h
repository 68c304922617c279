/* Where recipients go: a domain, or the host of a transport. Those that are due wait here in order; workers take
 * them, each with a connection of its own. A destination that wants less mail gets fewer connections, and a
 * pause; it recovers with each success. */
#ifndef QUEUE_DEST_H
#define QUEUE_DEST_H

#include "queue.h"

struct queue_waiting {
    uint64_t id, body;
};
struct queue_dest {
    struct queue *q;
    char *name;   /* "example.org", "transport/example.org", "transport/" */
    char *domain; /* A-labels; "" when all domains share it */
    const struct queue_transport *transport; /* NULL: direct */
    struct queue_waiting *v;                 /* a ring */
    size_t first, n, cap;
    unsigned workers, limit;
    unsigned idle, starting; /* of the workers: wait for more, have not begun yet */
    struct moxd_waitq more;
    int64_t pause_until; /* monotonic; 0: none */
    unsigned troubles;   /* in a row, without a success */
    int64_t trouble_at;  /* the last one, monotonic */
    bool starved;        /* waits for room among all connections: */
    struct queue_dest *prev, *next;
    UT_hash_handle hh;
};

/* A recipient that is due; its id is in q->active already. */
void queue_dest_give(struct queue *q, const struct queue_item *item,
                     const struct queue_message *msg);
/* The next recipients of one message, at most max: how many. */
size_t queue_dest_take(struct queue_dest *d, uint64_t *ids, size_t max);
/* It does not want more now. */
void queue_dest_trouble(struct queue_dest *d);
void queue_dest_success(struct queue_dest *d);
/* Starts workers for what waits, as far as limits allow. */
void queue_dest_run(struct queue_dest *d);
/* There is room among all connections. */
void queue_dest_feed(struct queue *q);
/* A worker has ended: others may begin; the destination goes when it is not needed. */
void queue_dest_ended(struct queue_dest *d);
/* Forgets those that nothing waits for, and that had no trouble for an hour. */
void queue_dest_tidy(struct queue *q);
/* At the end of the server. */
void queue_dest_free_all(struct queue *q);

/* queue_worker.c: delivers what waits at the destination arg. */
void queue_worker(void *arg) MOXD_SUSPENDS;

#endif
