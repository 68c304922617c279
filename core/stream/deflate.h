/* Compression of a stream in both directions: raw DEFLATE (RFC 1951) as RFC 4978 uses it. Works on memory
 * only, never waits.
 *
 * Inflated bytes are made as they are asked for, into the caller's room: what a peer sends cannot grow
 * more than that at a time. What is packed always ends in a flush, so that the peer can read all of
 * it. At rest the compressor is given up, since a new one may begin behind a flush, and of the inflater
 * only the window is kept that its next data may refer to: as much as came so far, 32 KiB at most. */
#ifndef MOXD_CORE_DEFLATE_H
#define MOXD_CORE_DEFLATE_H

#include <moxd/str.h>

enum {
    CORE_DEFLATE_CHUNK = 16 * 1024, /* the most that is packed, or taken in, at once */
    CORE_DEFLATE_EMPTY_MAX =
        64 * 1024, /* input without any content: flushes are 5 bytes each, so that
                                             more is there only to keep us busy */
};

struct core_deflate;

struct core_deflate *core_deflate_new(void);
void core_deflate_free(struct core_deflate *z); /* NULL is fine */

/* Input. Room for at most CHUNK raw bytes, and how many of them were filled. Only while `take` gave 0. */
char *core_deflate_room(struct core_deflate *z, size_t *n);
void core_deflate_got(struct core_deflate *z, size_t n);
/* Inflates up to n bytes into p: how many; 0: raw bytes are needed; -1: they are no such data. */
long core_deflate_take(struct core_deflate *z, void *p, size_t n);

/* Output. Packs at most CHUNK bytes; nothing that was packed before may be left. */
void core_deflate_pack(struct core_deflate *z, const void *p, size_t n);
/* What is packed and not yet sent; so much of it was sent. */
struct moxd_str core_deflate_packed(const struct core_deflate *z);
void core_deflate_sent(struct core_deflate *z, size_t n);

/* Gives back empty buffers; at rest also all that can be made again. */
void core_deflate_release(struct core_deflate *z);
void core_deflate_rest(struct core_deflate *z);
/* Bytes of memory held, for tests and measurements. */
size_t core_deflate_memory(const struct core_deflate *z);

#endif
