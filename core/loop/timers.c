#include "loop/timers.h"

#include "loop/loop_priv.h"

#include <stdlib.h>

static struct {
    struct core_timer **v; /* v[1] is the earliest; v[0] is not used */
    size_t n, cap;
} heap;

static void place(size_t i, struct core_timer *t)
{
    heap.v[i] = t;
    t->pos = i;
}

static void rise(size_t i, struct core_timer *t)
{
    for (; i > 1 && heap.v[i / 2]->at > t->at; i /= 2)
        place(i, heap.v[i / 2]);
    place(i, t);
}

static void sink(size_t i, struct core_timer *t)
{
    for (size_t child; (child = 2 * i) <= heap.n; i = child) {
        if (child < heap.n && heap.v[child + 1]->at < heap.v[child]->at)
            child++;
        if (heap.v[child]->at >= t->at)
            break;
        place(i, heap.v[child]);
    }
    place(i, t);
}

static void insert(struct core_timer *t)
{
    if (heap.n + 2 > heap.cap) {
        heap.cap = heap.cap > 0 ? 2 * heap.cap : 64;
        heap.v = moxd_xreallocarray(heap.v, heap.cap, sizeof(*heap.v));
    }
    rise(++heap.n, t);
}

static void take_out(struct core_timer *t)
{
    size_t i = t->pos;
    struct core_timer *last = heap.v[heap.n--];

    t->pos = 0;
    if (last == t)
        return;
    if (i > 1 && heap.v[i / 2]->at > last->at)
        rise(i, last);
    else
        sink(i, last);
}

void core_timer_set(struct core_timer *t, int64_t deadline)
{
    t->deadline = deadline;
    if (deadline == MOXD_NEVER || (t->pos != 0 && t->at <= deadline))
        return;
    t->at = deadline;
    if (t->pos != 0)
        rise(t->pos, t);
    else
        insert(t);
    if (t->pos == 1)
        core_loop_earlier();
}

void core_timer_fini(struct core_timer *t)
{
    if (t->pos != 0)
        take_out(t);
}

int64_t core_timers_next(void)
{
    return heap.n > 0 ? heap.v[1]->at : MOXD_NEVER;
}

void core_timers_expire(int64_t now)
{
    for (size_t left = 2 * heap.n; left > 0 && core_timers_next() <= now; left--) {
        struct core_timer *t = heap.v[1];

        if (t->at == t->deadline) {
            take_out(t);
            t->fire(t);
        } else if (t->deadline == MOXD_NEVER) {
            take_out(t);
        } else {
            t->at = t->deadline;
            sink(1, t);
        }
    }
}

void core_timers_fini(void)
{
    free(heap.v);
    heap.v = NULL;
    heap.n = heap.cap = 0;
}
