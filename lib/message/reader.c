/* Readers over memory and files, sinks, and copying from one to the other. */
#include <moxmail/reader.h>

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

enum { COPY_CHUNK = 16384 /* bytes read at once; on the heap, fiber stacks are small */ };

static ssize_t mem_read(const void *ctx, uint64_t off, void *buf, size_t n)
{
    const struct moxd_str *s = ctx;
    struct moxd_str part = moxd_str_sub(*s, (size_t)off, n);
    if (part.n > 0)
        memcpy(buf, part.p, part.n);
    return (ssize_t)part.n;
}

struct moxd_reader moxd_reader_mem(const struct moxd_str *s)
{
    return (struct moxd_reader){ mem_read, s, s->n };
}

static ssize_t file_read(const void *ctx, uint64_t off, void *buf, size_t n)
{
    const struct moxd_reader_file *f = ctx;
    if (off < f->prefix.n)
        return mem_read(&f->prefix, off, buf, n);
    ssize_t got;
    do
        got = pread(f->fd, buf, n, (off_t)(f->file_start + (off - f->prefix.n)));
    while (got < 0 && errno == EINTR);
    return got;
}

struct moxd_reader moxd_reader_file(const struct moxd_reader_file *f)
{
    return (struct moxd_reader){ file_read, f, f->prefix.n + f->file_size };
}

int moxd_read_at(const struct moxd_reader *r, uint64_t off, void *buf, size_t n,
                 struct moxd_err *err)
{
    if (off > r->size || n > r->size - off)
        return moxd_err_set(err, MOXD_ERR_CORRUPT, "read beyond the end of a message");
    char *p = buf;
    while (n > 0) {
        ssize_t got = r->read_at(r->ctx, off, p, n);
        if (got < 0)
            return moxd_err_sys(err, "reading a message at %" PRIu64, off);
        if (got == 0)
            return moxd_err_set(err, MOXD_ERR_CORRUPT, "message is shorter than its size");
        moxd_assert((size_t)got <= n);
        p += got, off += (uint64_t)got, n -= (size_t)got;
    }
    return 0;
}

static int buf_write(void *ctx, const char *p, size_t n, struct moxd_err *err)
{
    struct moxd_buf *b = ctx;
    moxd_buf_add(b, p, n);
    if (b->overflow)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "too much data");
    return 0;
}

struct moxd_sink moxd_sink_buf(struct moxd_buf *b)
{
    return (struct moxd_sink){ buf_write, b };
}

static int count_write(void *ctx, const char *p, size_t n, struct moxd_err *err)
{
    uint64_t *total = ctx;
    (void)p, (void)err;
    *total += n;
    return 0;
}

struct moxd_sink moxd_sink_count(uint64_t *n)
{
    return (struct moxd_sink){ count_write, n };
}

int moxd_read_range(const struct moxd_reader *r, uint64_t start, uint64_t end,
                    struct moxd_sink sink, struct moxd_err *err)
{
    char *buf MOXD_CLEANUP(moxd_freep) = moxd_xmalloc(COPY_CHUNK);
    while (start < end) {
        size_t n = end - start < COPY_CHUNK ? (size_t)(end - start) : COPY_CHUNK;
        if (moxd_read_at(r, start, buf, n, err) || sink.write(sink.ctx, buf, n, err))
            return -1;
        start += n;
    }
    return 0;
}
