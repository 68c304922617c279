/* Steps that wait to be written. On the loop; nothing here waits for anything. */
#include "trace.h"

#include <stdlib.h>

/* The hash function of uthash falls through without saying so in a way that clang reads. */
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"
#include <uthash.h>

#define GROWING_FOR (10 * MOXD_SEC) /* a message that goes on longer is written in parts */

struct trace_pending {
    char id[32];
    UT_hash_handle hh;
    struct moxd_buf steps;
    int64_t since; /* monotonic */
    bool growing;
};

static struct trace_pending *find(struct trace *t, const char *id)
{
    struct trace_pending *p;

    HASH_FIND_STR(t->pending, id, p);
    return p;
}

static struct trace_pending *get(struct trace *t, const char *id)
{
    struct trace_pending *p = find(t, id);

    if (p || t->npending >= TRACE_PENDING_COUNT_MAX || t->bytes >= TRACE_PENDING_MAX)
        return p;
    p = moxd_xcalloc(1, sizeof(*p));
    if (moxd_str_copy(moxd_cstr(id), p->id, sizeof(p->id)) < 0) {
        free(p);
        return NULL;
    }
    moxd_buf_init(&p->steps, TRACE_CHUNK_MAX);
    p->since = moxd_mono();
    HASH_ADD_STR(t->pending, id, p);
    if (t->npending++ == 0)
        moxd_poke(t->writer);
    return p;
}

static void grew(struct trace *t, const struct trace_pending *p, size_t before)
{
    size_t more = p->steps.n - before;

    t->bytes += more;
    moxd_metric_inc(more > 0 ? t->steps : t->dropped, NULL, NULL);
}

static void begin(struct moxd_instance *self, const char *id, struct moxd_str records)
{
    struct trace *t = trace_of(self);
    struct trace_pending *p = get(t, id);

    if (!p) {
        moxd_metric_inc(t->dropped, NULL, NULL);
        return;
    }
    size_t before = p->steps.n;
    p->growing = true;
    moxd_buf_addstr(&p->steps, records);
    t->bytes += p->steps.n - before;
}

static void end(struct moxd_instance *self, const char *id)
{
    struct trace_pending *p = find(trace_of(self), id);

    if (p)
        p->growing = false;
}

static void step(struct moxd_instance *self, const char *id, const char *kind,
                 const struct moxd_step_value *v, size_t n)
{
    struct trace *t = trace_of(self);
    struct trace_pending *p = get(t, id);
    const struct moxd_step s = { moxd_wall(), kind, v, n };

    if (!p || t->bytes >= TRACE_PENDING_MAX) {
        moxd_metric_inc(t->dropped, NULL, NULL);
        return;
    }
    size_t before = p->steps.n;
    moxd_step_put(&p->steps, &s);
    grew(t, p, before);
}

static void take(struct trace *t, struct trace_pending *p, struct trace_part *out)
{
    memcpy(out->id, p->id, sizeof(out->id));
    out->steps = p->steps;
    t->bytes -= p->steps.n;
    t->npending--;
    HASH_DEL(t->pending, p);
    free(p);
}

size_t trace_pending_take(struct trace *t, bool all, struct trace_part *v, size_t max)
{
    struct trace_pending *p, *next;
    int64_t now = moxd_mono();
    size_t n = 0, bytes = 0;

    HASH_ITER (hh, t->pending, p, next) {
        if (n == max || bytes >= TRACE_BATCH_BYTES)
            break;
        if (!all && p->growing && now - p->since < GROWING_FOR)
            continue;
        bytes += p->steps.n;
        take(t, p, &v[n++]);
    }
    return n;
}

void trace_pending_free(struct trace *t)
{
    struct trace_part part;

    while (t->pending) {
        take(t, t->pending, &part);
        moxd_buf_fini(&part.steps);
    }
}

const struct trace_v1 trace_interface = { .begin = begin, .end = end, .step = step };
