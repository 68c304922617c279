/* Posting lists as bytes: numbers that ascend, as differences, seven bits a byte, behind a checksum.
 * Pure. What is decoded comes from a disk, and is trusted in nothing. */
#ifndef SEARCH_POSTING_H
#define SEARCH_POSTING_H

#include <moxd/buf.h>
#include <moxd/enc.h>
#include <moxd/err.h>

enum {
    SEARCH_ORDINALS_MAX = 1 << 20, /* messages of a segment; decoded lists are bits of so many */
    SEARCH_POSTING_SUM = 4,        /* bytes of the checksum */
};

/* Appends the list of n ascending numbers without duplicates. `salt` is in the checksum: a list that is
 * found under another key than the one that it was written under is damaged. */
void search_posting_encode(struct moxd_buf *out, uint64_t salt, const uint32_t *v, size_t n);

/* Sets of ordinals: a bit each. */
struct search_bits {
    uint64_t *w;
    size_t n; /* bits */
};
struct search_bits search_bits_new(size_t n); /* all 0; on the heap */
void search_bits_free(struct search_bits *b);
static inline void search_bits_set(struct search_bits *b, size_t i)
{
    b->w[i / 64] |= UINT64_C(1) << i % 64;
}
static inline bool search_bits_get(const struct search_bits *b, size_t i)
{
    return b->w[i / 64] >> i % 64 & 1;
}
void search_bits_clear(struct search_bits *b);
bool search_bits_none(const struct search_bits *b);
void search_bits_and(struct search_bits *b, const struct search_bits *with);
void search_bits_or(struct search_bits *b, const struct search_bits *with);

/* Sets the bits of a list. CORRUPT: the checksum, the form, or a number beyond the bits. */
int search_posting_decode(struct moxd_str s, uint64_t salt, struct search_bits *out,
                          struct moxd_err *err) MOXD_CHECKED;
/* The numbers, in an array of at most `max` (heap, the caller frees). CORRUPT likewise. */
int search_posting_list(struct moxd_str s, uint64_t salt, uint32_t max, uint32_t **out, size_t *n,
                        struct moxd_err *err) MOXD_CHECKED;

/* Lists of ids, in any order: eight bytes each, behind the same checksum. */
void search_ids_encode(struct moxd_buf *out, uint64_t salt, const uint64_t *v, size_t n);
int search_ids_decode(struct moxd_str s, uint64_t salt, uint64_t **out, size_t *n,
                      struct moxd_err *err) MOXD_CHECKED;

#endif
