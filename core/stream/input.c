#include "stream/stream_priv.h"

#include <stdlib.h>
#include <string.h>

/* Streams that wait have no input buffer: what comes first is read here, by whichever fiber runs, and
 * copied before anything can suspend. */
static char scratch[CORE_STREAM_CHUNK];

/* What was read may have been a password. */
static void free_input(char *p, size_t cap)
{
    if (p != NULL)
        moxd_wipe(p, cap);
    free(p);
}

void core_stream_drop_input(struct moxd_stream *st)
{
    free_input(st->in, st->in_cap);
    st->in = NULL;
    st->in_off = st->in_n = st->in_cap = 0;
}

void core_stream_release(struct moxd_stream *st)
{
    if (core_stream_have(st) == 0)
        core_stream_drop_input(st);
    if (st->out_off == st->out_n && !st->flushing) {
        free(st->out);
        st->out = NULL;
        st->out_off = st->out_n = st->out_cap = 0;
    }
    if (st->z != NULL)
        core_deflate_release(st->z);
}

static void grow_input(struct moxd_stream *st, size_t cap)
{
    char *p = moxd_xmalloc(cap);

    if (st->in_n > 0)
        memcpy(p, st->in, st->in_n);
    free_input(st->in, st->in_cap);
    st->in = p;
    st->in_cap = cap;
}

/* Room behind the data: by moving it to the front, or by doubling. An empty buffer that the last read
 * filled grows to a chunk. */
static void make_room(struct moxd_stream *st)
{
    bool filled = st->in_n == st->in_cap;
    size_t have = core_stream_have(st);

    if (have > 0 && st->in_off > 0 && filled)
        memmove(st->in, st->in + st->in_off, have);
    if (have == 0 || filled) {
        st->in_n = have;
        st->in_off = 0;
    }
    if (have == st->in_cap || (filled && st->in_cap < CORE_STREAM_CHUNK))
        grow_input(st, 2 * st->in_cap);
}

static long read_to_scratch(struct moxd_stream *st)
{
    long k = core_stream_try_read(st, scratch, sizeof(scratch));

    if (k > 0) {
        size_t cap = CORE_STREAM_IN_MIN;
        while (cap < (size_t)k)
            cap *= 2;
        grow_input(st, cap);
        memcpy(st->in, scratch, (size_t)k);
        st->in_n = (size_t)k;
        moxd_wipe(scratch, (size_t)k);
    }
    return k;
}

static long read_to_buffer(struct moxd_stream *st)
{
    make_room(st);
    long k = core_stream_try_read(st, st->in + st->in_n, st->in_cap - st->in_n);
    if (k > 0)
        st->in_n += (size_t)k;
    return k;
}

static long read_some(struct moxd_stream *st)
{
    long k = st->in != NULL ? read_to_buffer(st) : read_to_scratch(st);

    st->burst_in += k > 0 ? (size_t)k : 0;
    return k;
}

/* Before a reader waits, what we have said goes out: the peer may be waiting for it. */
static int flush_before_wait(struct moxd_stream *st)
{
    return !core_stream_unsent(st) || st->flushing ? 0 : moxd_stream_flush(st);
}

/* Who waits needs no buffers; and when it lasts, the pages of the stack that a handshake or a parser has
 * touched are given back too. */
static int wait_for_input(struct moxd_stream *st, int want, int64_t deadline, bool poke)
{
    int64_t soon = moxd_deadline(CORE_STREAM_IDLE_AFTER);

    st->burst_in = 0;
    st->lines = 0;
    core_stream_release(st);
    if (soon < deadline) {
        int r = core_stream_wait_io(st, want, soon, poke);
        if (r != MOXD_TIMEOUT)
            return r;
        moxd_fiber_trim();
        if (st->z != NULL)
            core_deflate_rest(st->z);
    }
    return core_stream_wait_io(st, want, deadline, poke);
}

/* A peer that sends without a pause neither keeps the others from running nor outlives its deadline. */
static int end_burst(struct moxd_stream *st, int64_t deadline)
{
    if (st->burst_in < CORE_STREAM_BURST)
        return 0;
    st->burst_in = 0;
    return moxd_mono() > deadline ? MOXD_TIMEOUT : moxd_yield();
}

static int before_read(struct moxd_stream *st, int64_t deadline)
{
    return st->slow ? moxd_sleep(CORE_STREAM_SLOW_READ) : end_burst(st, deadline);
}

static long fill(struct moxd_stream *st, int64_t deadline, bool line)
{
    int r = before_read(st, deadline);

    while (r >= 0) {
        long k = read_some(st);
        if (k > CORE_WANT_READ)
            return k;
        r = line && st->stopping && !st->shielded ? MOXD_STOPPED : flush_before_wait(st);
        if (r == 0)
            r = wait_for_input(st, (int)k, deadline, false);
    }
    return r;
}

long core_stream_fill(struct moxd_stream *st, int64_t deadline)
{
    return fill(st, deadline, false);
}

long core_stream_fill_line(struct moxd_stream *st, int64_t deadline)
{
    return fill(st, deadline, true);
}

void moxd_stream_stop(struct moxd_stream *st)
{
    st->stopping = true;
    moxd_waitq_wake_all(&st->readable);
}

void moxd_stream_shield(struct moxd_stream *st, bool on)
{
    st->shielded = on;
}

long core_stream_fill_paced(struct moxd_stream *st, struct core_pace *pace)
{
    int64_t before = moxd_mono(), allowed = MOXD_NEVER;

    if (st->read_timeout < MOXD_NEVER / 2)
        allowed = st->read_timeout - pace->waited +
                  (int64_t)(pace->bytes / CORE_STREAM_BULK_RATE) * MOXD_SEC;
    if (allowed < 0)
        return MOXD_TIMEOUT;
    long k = core_stream_fill(
        st, moxd_deadline(allowed < st->read_timeout ? allowed : st->read_timeout));
    pace->waited += moxd_mono() - before;
    if (k > 0)
        pace->bytes += (uint64_t)k;
    return k;
}

size_t moxd_stream_buffered(const struct moxd_stream *st)
{
    return core_stream_have(st) + (st->ssl != NULL ? (size_t)SSL_pending(st->ssl) : 0);
}

static size_t take(struct moxd_stream *st, void *p, size_t n)
{
    size_t have = core_stream_have(st);

    n = n < have ? n : have;
    memcpy(p, st->in + st->in_off, n);
    st->in_off += n;
    return n;
}

long moxd_stream_read(struct moxd_stream *st, void *p, size_t n)
{
    if (n == 0)
        return 0;
    if (core_stream_have(st) == 0) {
        long k = core_stream_fill(st, moxd_deadline(st->read_timeout));
        if (k < 0)
            return k;
    }
    return (long)take(st, p, n);
}

int moxd_stream_readn(struct moxd_stream *st, void *p, size_t n)
{
    int64_t deadline = moxd_deadline(st->read_timeout);
    size_t done = 0;

    for (;;) {
        if (core_stream_have(st) > 0)
            done += take(st, (char *)p + done, n - done);
        if (done == n)
            return 0;
        long k = core_stream_fill(st, deadline);
        if (k < 0)
            return (int)k;
    }
}

/* Readable means that there is something for the reader: of TLS, more than a record of its own. */
int moxd_stream_wait(struct moxd_stream *st, int64_t deadline)
{
    int r = moxd_stream_flush(st);

    if (r == MOXD_CANCELLED)
        return r;
    if (r < 0 && st->read_error == 0)
        st->read_error = r; /* nobody is there to wait for: the next read says so */
    if (core_stream_have(st) > 0)
        return 1;
    r = before_read(st, MOXD_NEVER);
    if (r < 0)
        return r;
    for (;;) {
        long k = read_some(st);
        if (k > CORE_WANT_READ)
            return 1;
        r = wait_for_input(st, (int)k, deadline, true);
        if (r <= 0)
            return r;
    }
}
