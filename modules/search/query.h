/* Asking an index: which messages may contain a text. For workers. */
#ifndef SEARCH_QUERY_H
#define SEARCH_QUERY_H

#include "db.h"

#include "search_api.h"

struct search_query {
    const char *path;
    const struct search_text *texts;
    size_t n;
    /* results */
    uint64_t modseq; /* what came up to it is in the index */
    struct search_found {
        bool narrow;   /* false: every message may contain it */
        uint64_t *ids; /* ascending; heap */
        size_t n, cap;
        bool exact;      /* those contain it, but for: */
        uint64_t *whole; /* ascending; heap: what is always searched */
        size_t nwhole;
    } * found; /* [n], zeroed by the caller, who frees it with search_query_free */
};
int search_query_run(struct search_query *q, struct moxd_err *err) MOXD_CHECKED;
void search_query_free(struct search_query *q);

#endif
