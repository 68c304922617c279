/* What waits, by time: 16 bytes for each recipient. And a set of ids. */
#ifndef QUEUE_HEAP_H
#define QUEUE_HEAP_H

#include <moxd/base.h>

struct queue_entry {
    int64_t next; /* wall ns */
    uint64_t id;
};
struct queue_heap {
    struct queue_entry *v; /* the earliest first; of those of one time, the lowest id */
    size_t n, cap;
};
void queue_heap_push(struct queue_heap *h, struct queue_entry e);
/* Takes the earliest; false when there is none. */
bool queue_heap_pop(struct queue_heap *h, struct queue_entry *out);
void queue_heap_free(struct queue_heap *h);

/* Ids, none of them 0. */
struct queue_idset {
    uint64_t *v;   /* open addressing; 0: free */
    size_t n, cap; /* cap: a power of two */
};
/* Whether it was not there. */
bool queue_idset_add(struct queue_idset *s, uint64_t id);
bool queue_idset_has(const struct queue_idset *s, uint64_t id);
void queue_idset_remove(struct queue_idset *s, uint64_t id);
void queue_idset_free(struct queue_idset *s);

#endif
