#include "stream/stream_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OUT_MIN = 1024,
    PRINTF_STACK = 1024, /* longer texts are put together on the heap */
};

/* Errors stay: part of what was written may be lost, so that nothing that follows makes sense. But a
 * cancelled fiber may say goodbye under a shield. */
static int stick(struct moxd_stream *st, int r)
{
    if (r < 0 && r != MOXD_CANCELLED && st->write_error == 0)
        st->write_error = r;
    return r;
}

bool core_stream_unsent(const struct moxd_stream *st)
{
    return st->out_off < st->out_n || (st->z != NULL && core_deflate_packed(st->z).n > 0);
}

/* Compressing is work too, the more the better it does. */
struct moxd_str core_stream_next_out(struct moxd_stream *st)
{
    size_t n = st->out_n - st->out_off;

    if (st->z == NULL)
        return moxd_str(st->out + st->out_off, n);
    if (core_deflate_packed(st->z).n == 0 && n > 0) {
        core_deflate_pack(st->z, st->out + st->out_off, n);
        st->burst_out += n;
        st->out_off = st->out_n = 0;
    }
    return core_deflate_packed(st->z);
}

void core_stream_advance(struct moxd_stream *st, size_t n)
{
    if (st->z != NULL)
        core_deflate_sent(st->z, n);
    else
        st->out_off += n;
}

/* Something was written: after a burst the others run. */
static int advance(struct moxd_stream *st, size_t n)
{
    core_stream_advance(st, n);
    st->burst_out += n;
    if (st->burst_out < CORE_STREAM_BURST)
        return 0;
    st->burst_out = 0;
    return moxd_yield();
}

static int push(struct moxd_stream *st)
{
    int r = 0;

    while (r >= 0 && core_stream_unsent(st)) {
        struct moxd_str out = core_stream_next_out(st);
        long k = core_stream_try_write(st, out.p, st->slow ? 1 : out.n);

        if (k > 0)
            r = advance(st, (size_t)k);
        else if (k > CORE_WANT_READ)
            r = (int)k;
        else
            r = core_stream_wait_io(st, (int)k, moxd_deadline(st->write_timeout), false);
    }
    if (r < 0)
        return r;
    st->out_off = st->out_n = 0;
    return 0;
}

/* One fiber flushes at a time; a reader may flush while the writer is at it. */
int moxd_stream_flush(struct moxd_stream *st)
{
    while (st->flushing) {
        int r = moxd_waitq_wait(&st->flushed, MOXD_NEVER);
        if (r < 0)
            return r;
    }
    if (st->write_error != 0)
        return st->write_error;
    if (!core_stream_unsent(st))
        return 0;
    st->flushing = true;
    int r = stick(st, push(st));
    st->flushing = false;
    moxd_waitq_wake_all(&st->flushed);
    return r;
}

/* Memory is taken as it is needed: most replies are short. It may move while a flush is suspended:
 * OpenSSL then wants the same bytes again, but not at the same address. */
static size_t out_room(struct moxd_stream *st, size_t wanted)
{
    while (st->out_cap - st->out_n < wanted && st->out_cap < CORE_STREAM_CHUNK) {
        st->out_cap = st->out_cap > 0 ? 2 * st->out_cap : OUT_MIN;
        st->out = moxd_xrealloc(st->out, st->out_cap);
    }
    return st->out_cap - st->out_n;
}

int moxd_stream_write(struct moxd_stream *st, const void *p, size_t n)
{
    const char *q = p;

    if (st->write_error != 0)
        return st->write_error;
    while (n > 0) {
        size_t room = out_room(st, n), k = n < room ? n : room;
        memcpy(st->out + st->out_n, q, k);
        st->out_n += k;
        q += k;
        n -= k;
        if (st->out_n == CORE_STREAM_CHUNK) {
            int r = moxd_stream_flush(st);
            if (r < 0)
                return r;
        }
    }
    return 0;
}

int moxd_stream_puts(struct moxd_stream *st, const char *s)
{
    return moxd_stream_write(st, s, strlen(s));
}

static MOXD_PRINTF(2, 0) int write_long(struct moxd_stream *st, const char *fmt, va_list ap,
                                        size_t n)
{
    char *text = moxd_xmalloc(n + 1);

    vsnprintf(text, n + 1, fmt, ap);
    int r = moxd_stream_write(st, text, n);
    free(text);
    return r;
}

int moxd_stream_printf(struct moxd_stream *st, const char *fmt, ...)
{
    char text[PRINTF_STACK];
    va_list ap, again;

    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(text, sizeof(text), fmt, ap);
    moxd_assert(n >= 0);
    int r = (size_t)n < sizeof(text) ? moxd_stream_write(st, text, (size_t)n)
                                     : write_long(st, fmt, again, (size_t)n);
    va_end(again);
    va_end(ap);
    return r;
}

void moxd_stream_slow(struct moxd_stream *st, bool on)
{
    st->slow = on;
}
