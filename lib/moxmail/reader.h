/* Random access to the bytes of a message, so that a large one is never loaded whole. A reader is a
 * small value: copy it freely. Reading may block on a disk: call from a worker thread, never from
 * the loop, unless the bytes are known to be in memory. */
#ifndef MOXMAIL_READER_H
#define MOXMAIL_READER_H

#include <moxd/buf.h>
#include <moxd/err.h>
#include <sys/types.h>

struct moxd_reader {
    /* Up to n bytes at off (off + n is at most size). Bytes read, 0 when the source is shorter than
     * it said, -1 with errno. */
    ssize_t (*read_at)(const void *ctx, uint64_t off, void *buf, size_t n);
    const void *ctx;
    uint64_t size; /* bytes of the whole message */
};

/* Bytes in memory; *s must stay where it is as long as the reader is used. */
struct moxd_reader moxd_reader_mem(const struct moxd_str *s);

/* What the store keeps: a prefix in memory (Received and the like) followed by a file. */
struct moxd_reader_file {
    struct moxd_str prefix;
    int fd;              /* read with pread; stays the caller's */
    uint64_t file_start; /* where in the file the bytes after the prefix begin */
    uint64_t file_size;  /* how many there are */
};
/* *f must stay where it is as long as the reader is used. */
struct moxd_reader moxd_reader_file(const struct moxd_reader_file *f);

/* Exactly n bytes at off. -1: KIND_IO when the system call failed, KIND_CORRUPT when off + n is
 * beyond the size or the source is shorter than its size. */
int moxd_read_at(const struct moxd_reader *r, uint64_t off, void *buf, size_t n,
                 struct moxd_err *err) MOXD_CHECKED;

/* Where streaming functions put their output. A result other than 0 stops the function, which then
 * returns -1 and leaves *err as write() set it. */
struct moxd_sink {
    int (*write)(void *ctx, const char *p, size_t n, struct moxd_err *err);
    void *ctx;
};
/* Appends to a buffer; KIND_LIMIT when that is full. */
struct moxd_sink moxd_sink_buf(struct moxd_buf *b);
/* Only counts, for a size that must be known before the bytes. */
struct moxd_sink moxd_sink_count(uint64_t *n);

/* Copies the bytes from start up to end. Errors of moxd_read_at and of the sink. */
int moxd_read_range(const struct moxd_reader *r, uint64_t start, uint64_t end,
                    struct moxd_sink sink, struct moxd_err *err) MOXD_CHECKED;

#endif
