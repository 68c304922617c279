/* Segments: written from a batch of messages, merged. For workers. */
#ifndef SEARCH_SEGMENT_H
#define SEARCH_SEGMENT_H

#include "db.h"

enum {
    SEARCH_BATCH_KEYS =
        600 * 1000, /* after so many keys a batch is written: 10 MB, about 400 messages */
    SEARCH_BATCH_MESSAGES = 4000,
    SEARCH_MERGE = 8, /* so many segments of one size become one */
    SEARCH_SEGMENT_MAX =
        32 * 1024, /* messages: larger ones are not merged, so that no merge takes long */
};

/* Messages that are to become a segment. */
struct search_batch {
    uint64_t *entries; /* key in the upper half, ordinal in the lower */
    uint64_t *scratch; /* as many, for sorting */
    size_t n;
    uint64_t *ids; /* by ordinal */
    size_t nids;
    uint64_t *whole; /* messages that may contain anything */
    size_t nwhole, whole_cap;
};
void search_batch_init(struct search_batch *b);
void search_batch_fini(struct search_batch *b);
void search_batch_reset(struct search_batch *b);
bool search_batch_full(const struct search_batch *b);
void search_batch_add(struct search_batch *b, uint64_t id, const uint32_t *keys, size_t n);
void search_batch_add_whole(struct search_batch *b, uint64_t id);
/* Writes it as a segment, with the modseq up to which everything is now in the index: one transaction. */
int search_batch_write(struct search_db *db, struct search_batch *b, uint64_t modseq,
                       struct moxd_err *err) MOXD_CHECKED;

/* A merge goes on in steps, in one transaction, so that a worker is not kept for long. */
struct search_merge;
/* *out is NULL when there is nothing to merge. Small segments of one size, and large ones of which half is gone. */
int search_merge_begin(struct search_db *db, struct search_merge **out,
                       struct moxd_err *err) MOXD_CHECKED;
/* 1: call it again; 0: done; -1: undone. */
int search_merge_step(struct search_merge *m, struct moxd_err *err) MOXD_CHECKED;
void search_merge_free(struct search_merge *m); /* undoes what is not done */

/* Notes messages as gone. */
int search_forget(struct search_db *db, const uint64_t *ids, size_t n,
                  struct moxd_err *err) MOXD_CHECKED;

#endif
