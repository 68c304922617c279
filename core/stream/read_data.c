/* Bulk readers: literals and SMTP DATA. A sink may suspend; the input buffer stays where it is, since
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

int moxd_stream_data(struct moxd_stream *st, uint64_t max, moxd_sink_fn *sink, void *arg,
                     struct moxd_data_result *res)
{
    struct data_reader r = { sink, arg, max, res };
    struct core_dots d = { .emit = on_piece, .arg = &r };

    *res = (struct moxd_data_result){ 0 };
    int result = read_to_end(st, &d);
    res->bare_lf = d.bare_lf;
    res->problem = d.problem;
    res->longest_line = d.longest_line;
    if (result < 0)
        return result;
    if (d.problem != NULL)
        return MOXD_BADDATA;
    return res->total > max ? MOXD_TOOLONG : 0;
}
