#include "ids.h"

#include <stdlib.h>

void store_ids_init(struct store_ids *ids, uint64_t next)
{
    moxd_assert(next > 0);
    *ids = (struct store_ids){ .next = next };
    pthread_mutex_init(&ids->mu, NULL);
}

void store_ids_fini(struct store_ids *ids)
{
    moxd_assert(ids->n == 0);
    pthread_mutex_destroy(&ids->mu);
    free(ids->open);
}

uint64_t store_ids_take(struct store_ids *ids, size_t n)
{
    pthread_mutex_lock(&ids->mu);
    uint64_t first = ids->next;
    moxd_assert(n > 0 && first <= UINT64_MAX - n);
    ids->next += n;
    if (ids->n == ids->cap) {
        ids->cap = ids->cap > 0 ? 2 * ids->cap : 8;
        ids->open = moxd_xreallocarray(ids->open, ids->cap, sizeof(*ids->open));
    }
    ids->open[ids->n++] = first;
    pthread_mutex_unlock(&ids->mu);
    return first;
}

void store_ids_raise(struct store_ids *ids, uint64_t next)
{
    pthread_mutex_lock(&ids->mu);
    if (ids->next < next)
        ids->next = next;
    pthread_mutex_unlock(&ids->mu);
}

void store_ids_done(struct store_ids *ids, uint64_t first)
{
    pthread_mutex_lock(&ids->mu);
    size_t i = 0;
    while (i < ids->n && ids->open[i] != first)
        i++;
    moxd_assert(i < ids->n);
    ids->open[i] = ids->open[--ids->n];
    pthread_mutex_unlock(&ids->mu);
}

void store_ids_state(struct store_ids *ids, uint64_t *next, uint64_t *low)
{
    pthread_mutex_lock(&ids->mu);
    *next = *low = ids->next;
    for (size_t i = 0; i < ids->n; i++)
        if (ids->open[i] < *low)
            *low = ids->open[i];
    pthread_mutex_unlock(&ids->mu);
}
