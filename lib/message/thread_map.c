#include "thread_nodes.h"

#include <stdlib.h>

static struct mail_map_slot *slot(const struct mail_map *m, uint64_t hash)
{
    size_t i = hash & (m->cap - 1);

    while (m->v[i].value && m->v[i].hash != hash)
        i = (i + 1) & (m->cap - 1);
    return &m->v[i];
}

static void grow(struct mail_map *m)
{
    struct mail_map old = *m;

    m->cap = old.cap ? old.cap * 2 : 64;
    m->v = moxd_xcalloc(m->cap, sizeof(*m->v));
    for (size_t i = 0; i < old.cap; i++)
        if (old.v[i].value)
            *slot(m, old.v[i].hash) = old.v[i];
    free(old.v);
}

uint32_t mail_map_get(const struct mail_map *m, uint64_t hash)
{
    return m->cap ? slot(m, hash)->value : 0;
}

void mail_map_set(struct mail_map *m, uint64_t hash, uint32_t value)
{
    struct mail_map_slot *s;

    moxd_assert(value != 0);
    if (m->n * 2 >= m->cap)
        grow(m);
    s = slot(m, hash);
    m->n += s->value == 0;
    *s = (struct mail_map_slot){ hash, value };
}

void mail_map_fini(struct mail_map *m)
{
    free(m->v);
    *m = (struct mail_map){ 0 };
}
