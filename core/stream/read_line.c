#include "stream/line.h"
#include "stream/stream_priv.h"

/* The end of the line gives its place to the NUL. */
static long found_line(struct moxd_stream *st, const struct core_line_found *found,
                       struct moxd_str *line, bool *crlf)
{
    char *p = st->in + st->in_off;

    p[found->n] = '\0';
    *line = moxd_str(p, found->n);
    if (crlf != NULL)
        *crlf = found->crlf;
    return (long)found->n;
}

/* A peer that pipelines short commands gets no more of the loop than the others. */
static int take_turns(struct moxd_stream *st)
{
    if (++st->lines < CORE_STREAM_LINES)
        return 0;
    st->lines = 0;
    return moxd_yield();
}

long moxd_stream_line(struct moxd_stream *st, struct moxd_str *line, size_t max, bool *crlf)
{
    int64_t deadline = moxd_deadline(st->read_timeout);
    struct core_line l = { 0 };
    struct core_line_found found;
    int turn = take_turns(st);

    if (turn < 0)
        return turn;
    for (;;) {
        enum core_line_result r =
            core_line_find(&l, core_stream_data(st), core_stream_have(st), max, &found);
        long n = r == CORE_LINE_OK ? found_line(st, &found, line, crlf) : MOXD_TOOLONG;
        st->in_off += found.consumed;
        if (r != CORE_LINE_MORE)
            return n;
        long k = core_stream_fill_line(st, deadline);
        if (k < 0)
            return k;
    }
}
