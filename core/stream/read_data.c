/* Bulk readers: literals, SMTP DATA and BDAT. A sink may suspend; the input buffer stays where it is, since
 * only the reader changes it. */
#include "stream/dots.h"
#include "stream/stream_priv.h"

int moxd_stream_literal(struct moxd_stream *st, uint64_t n, moxd_sink_fn *sink, void *arg,
                        int *sink_result)
{
    struct core_pace pace = { 0 };

    *sink_result = 0;
    while (n > 0) {
        if (core_stream_have(st) == 0) {
            long k = core_stream_fill_paced(st, &pace);
            if (k < 0)
                return (int)k;
        }
        size_t have = core_stream_have(st), take = n < have ? (size_t)n : have;
        if (*sink_result >= 0)
            *sink_result = sink(arg, st->in + st->in_off, take);
        st->in_off += take;
        n -= take;
    }
    return 0;
}

struct data_reader {
    moxd_sink_fn *sink;
    void *arg;
    uint64_t max;
    struct moxd_data_result *res;
};

static void on_piece(void *arg, const char *p, size_t n)
{
    struct data_reader *r = arg;

    r->res->total += n;
    if (r->res->total <= r->max && r->res->sink_result >= 0)
        r->res->sink_result = r->sink(r->arg, p, n);
}

static int read_to_end(struct moxd_stream *st, struct core_dots *d)
{
    struct core_pace pace = { 0 };

    while (d->state != CORE_DOTS_END) {
        if (core_stream_have(st) == 0) {
            long k = core_stream_fill_paced(st, &pace);
            if (k < 0)
                return (int)k;
        }
        st->in_off += core_dots_feed(d, st->in + st->in_off, core_stream_have(st));
    }
    return 0;
}

/* What the reading came to. */
static int conclude(const struct core_dots *d, uint64_t max, struct moxd_data_result *res)
{
    res->bare_lf = d->bare_lf;
    res->problem = d->problem;
    res->longest_line = d->longest_line;
    if (d->problem != NULL)
        return MOXD_BADDATA;
    return res->total > max ? MOXD_TOOLONG : 0;
}

int moxd_stream_data(struct moxd_stream *st, uint64_t max, moxd_sink_fn *sink, void *arg,
                     struct moxd_data_result *res)
{
    struct data_reader r = { sink, arg, max, res };
    struct core_dots d = { .emit = on_piece, .arg = &r };

    *res = (struct moxd_data_result){ 0 };
    int result = read_to_end(st, &d);
    int verdict = conclude(&d, max, res);
    return result < 0 ? result : verdict;
}

struct moxd_chunks {
    struct core_dots d;
    struct data_reader r;
    struct moxd_data_result res;
};

struct moxd_chunks *moxd_chunks_new(struct moxd_arena *a, uint64_t max, moxd_sink_fn *sink,
                                    void *arg)
{
    struct moxd_chunks *c = moxd_arena_alloc(a, sizeof(*c));

    c->r = (struct data_reader){ sink, arg, max, &c->res };
    c->d = (struct core_dots){ .chunked = true, .emit = on_piece, .arg = &c->r };
    return c;
}

static int feed_chunk(void *arg, const char *p, size_t n)
{
    struct moxd_chunks *c = arg;

    (void)core_dots_feed(&c->d, p, n);
    return 0;
}

int moxd_stream_chunk(struct moxd_stream *st, struct moxd_chunks *c, uint64_t n, bool last,
                      struct moxd_data_result *res)
{
    int none;
    int result = moxd_stream_literal(st, n, feed_chunk, c, &none);

    if (result == 0 && last)
        core_dots_finish(&c->d);
    int verdict = conclude(&c->d, c->r.max, &c->res);
    *res = c->res;
    return result < 0 ? result : verdict;
}
