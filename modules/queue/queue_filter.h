/* Which recipients a command, or a hold rule, is about. */
#ifndef QUEUE_FILTER_H
#define QUEUE_FILTER_H

#include "queue.h"

struct queue_filter {
    const char *account;   /* "-": of the server; NULL: any, here and below */
    const char *from, *to; /* an address, or a domain with or without "@" */
    const uint64_t *ids;
    size_t nids;                                                  /* 0: any */
    const char *transport;                                        /* "-": none is set */
    int hold;                                                     /* 1, 0; -1: any */
    int64_t next_before, next_after, queued_before, queued_after; /* wall ns; 0: any */
    uint64_t start;                                               /* the lowest id */
    size_t max;                                                   /* of a listing; 0: all */
    bool all;                                                     /* said so explicitly */
};
/* Reads "name=value" words; what is kept lives in the arena. INVALID with what is wrong. */
int queue_filter_parse(int argc, char **argv, struct moxd_arena *a, struct queue_filter *out,
                       struct moxd_err *err) MOXD_CHECKED;
/* "now", "+2h", "-2h": wall ns. */
int queue_time_parse(struct moxd_str value, int64_t *out, struct moxd_err *err) MOXD_CHECKED;
bool queue_filter_matches(const struct queue_filter *f, const struct queue_message *msg,
                          const struct queue_item *item);
/* Whether anything is asked for: a change of everything has to be said ("all"). */
bool queue_filter_empty(const struct queue_filter *f);
/* A domain, or an address: "example.org" or "@example.org" is every address of it. */
bool queue_address_matches(const char *want, const char *address);

/* One page of those in the queue. */
struct queue_found {
    struct queue_item *items;
    struct queue_message *msgs; /* of items[i] */
    size_t n;
    uint64_t next; /* where the next page begins; 0: there is none */
};
int queue_find(struct queue *q, const struct queue_filter *f, size_t max, struct moxd_arena *a,
               struct queue_found *out, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

#endif
