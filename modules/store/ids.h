/* Message ids of an account: given out in order, before the transaction that uses them, since a body's
 * file carries its id. Those in the making are remembered: everything below the oldest of them is
 * either in the database or gone, so that after a crash only files from there on are suspects
 * (P-STORE-03). Thread-safe. */
#ifndef STORE_IDS_H
#define STORE_IDS_H

#include <pthread.h>

#include <moxd/base.h>

struct store_ids {
    pthread_mutex_t mu;
    uint64_t next;
    uint64_t *open; /* first ids of blocks in the making, in no order */
    size_t n, cap;
};
void store_ids_init(struct store_ids *ids, uint64_t next);
void store_ids_fini(struct store_ids *ids);
/* A block of n ids: its first. It is in the making until store_ids_done with that first. */
uint64_t store_ids_take(struct store_ids *ids, size_t n);
/* The next id is at least this. */
void store_ids_raise(struct store_ids *ids, uint64_t next);
void store_ids_done(struct store_ids *ids, uint64_t first);
/* The next id, and the oldest in the making (the next one when none is). */
void store_ids_state(struct store_ids *ids, uint64_t *next, uint64_t *low);

#endif
