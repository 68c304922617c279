/* search/2: which messages may contain a text. What is not among the answers does not contain it; what is
 * among them may, and must be looked at, unless the answer is exact. So it makes a search faster, and
 * never changes its result. */
#ifndef MOXD_SEARCH_H
#define MOXD_SEARCH_H

#include <moxd/store.h>

enum search_where {
    SEARCH_IN_TEXT,  /* the header and the body, as SEARCH TEXT */
    SEARCH_IN_BODY,  /* as SEARCH BODY */
    SEARCH_IN_FIELD, /* the values of the header fields of that name */
};
struct search_text {
    enum search_where where;
    const char *field;
    struct moxd_str folded; /* moxd_search_needle */
};
struct search_answer {
    bool narrow; /* false: every message may contain it */
    uint32_t
        from; /* so may every message from this UID on, of the mailbox that was asked for: they are
                            not in the index yet */
    const uint64_t
        *ids; /* those before it that may: ascending; some may be gone, or in other mailboxes */
    size_t n;
    bool exact;             /* of those before `from` it contains all but: */
    const uint64_t *unsure; /* ascending; could not be read whole */
    size_t nunsure;
};
enum { SEARCH_TEXTS_MAX = 100 }; /* in one call; more is LIMIT */

struct search_v2 {
    /* out[i] for texts[i], in the arena. When there is no index, or it is being built, nothing is narrowed,
     * which is no error. CANCELLED. */
    int (*narrow)(struct moxd_instance *self, struct store_account *acc, uint32_t mailbox,
                  const struct search_text *texts, size_t n, struct moxd_arena *a,
                  struct search_answer *out, struct moxd_err *err) MOXD_SUSPENDS;
};

#endif
