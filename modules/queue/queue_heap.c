#include "queue_heap.h"

#include <stdlib.h>

static bool before(struct queue_entry a, struct queue_entry b)
{
    return a.next < b.next || (a.next == b.next && a.id < b.id);
}

void queue_heap_push(struct queue_heap *h, struct queue_entry e)
{
    size_t i = h->n++;

    if (h->n > h->cap) {
        h->cap = h->cap > 0 ? h->cap + h->cap / 2 : 64;
        h->v = moxd_xreallocarray(h->v, h->cap, sizeof(*h->v));
    }
    for (; i > 0 && before(e, h->v[(i - 1) / 2]); i = (i - 1) / 2)
        h->v[i] = h->v[(i - 1) / 2];
    h->v[i] = e;
}

/* Gives back what a burst needed. */
static void shrink(struct queue_heap *h)
{
    if (h->cap <= 1024 || h->n >= h->cap / 4)
        return;
    h->cap /= 2;
    h->v = moxd_xreallocarray(h->v, h->cap, sizeof(*h->v));
}

bool queue_heap_pop(struct queue_heap *h, struct queue_entry *out)
{
    if (h->n == 0)
        return false;
    *out = h->v[0];
    struct queue_entry last = h->v[--h->n];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < h->n; i = child) {
        if (child + 1 < h->n && before(h->v[child + 1], h->v[child]))
            child++;
        if (!before(h->v[child], last))
            break;
        h->v[i] = h->v[child];
    }
    if (h->n > 0)
        h->v[i] = last;
    shrink(h);
    return true;
}

void queue_heap_free(struct queue_heap *h)
{
    free(h->v);
    *h = (struct queue_heap){ 0 };
}

/* --- ids --------------------------------------------------------------------------------------- */

static size_t slot_of(const struct queue_idset *s, uint64_t id)
{
    return (size_t)((id * UINT64_C(0x9e3779b97f4a7c15)) >> 20) & (s->cap - 1);
}

/* Where it is, or where it would be. */
static size_t find(const struct queue_idset *s, uint64_t id)
{
    size_t i = slot_of(s, id);

    while (s->v[i] != 0 && s->v[i] != id)
        i = (i + 1) & (s->cap - 1);
    return i;
}

static void resize(struct queue_idset *s, size_t cap)
{
    struct queue_idset old = *s;

    s->v = moxd_xcalloc(cap, sizeof(*s->v));
    s->cap = cap;
    for (size_t i = 0; i < old.cap; i++)
        if (old.v[i] != 0)
            s->v[find(s, old.v[i])] = old.v[i];
    free(old.v);
}

bool queue_idset_has(const struct queue_idset *s, uint64_t id)
{
    return s->n > 0 && s->v[find(s, id)] == id;
}

bool queue_idset_add(struct queue_idset *s, uint64_t id)
{
    moxd_assert(id != 0);
    if (queue_idset_has(s, id))
        return false;
    if (2 * (s->n + 1) > s->cap)
        resize(s, s->cap > 0 ? 2 * s->cap : 64);
    s->v[find(s, id)] = id;
    s->n++;
    return true;
}

void queue_idset_remove(struct queue_idset *s, uint64_t id)
{
    if (!queue_idset_has(s, id))
        return;
    size_t hole = find(s, id);
    s->v[hole] = 0;
    s->n--;
    /* Those behind it that do not reach their place any more move up. */
    for (size_t i = (hole + 1) & (s->cap - 1); s->v[i] != 0; i = (i + 1) & (s->cap - 1)) {
        uint64_t moving = s->v[i];
        s->v[i] = 0;
        s->v[find(s, moving)] = moving;
    }
    if (s->cap > 1024 && s->n < s->cap / 8)
        resize(s, s->cap / 4);
}

void queue_idset_free(struct queue_idset *s)
{
    free(s->v);
    *s = (struct queue_idset){ 0 };
}
