/* A message cut into trigrams: which three bytes in a row are in its text, as searches compare it. Pure but for the
 * reader; for workers. */
#ifndef SEARCH_CUTTER_H
#define SEARCH_CUTTER_H

#include <moxmail/text.h>

/* Where a text can be looked for. Each has its own trigrams. */
enum search_space {
    SEARCH_BODY,    /* text parts, and the headers of messages in it */
    SEARCH_HEADER,  /* every field: its name and value, and its value alone */
    SEARCH_SUBJECT, /* the values of the fields that are searched most */
    SEARCH_FROM,
    SEARCH_TO, /* To, Cc and Bcc */
    SEARCH_SPACES,
};
enum {
    SEARCH_GRAM_BITS = 24,
    SEARCH_CUT_MAX =
        1
        << 19, /* different keys of one message: more than any text in words has, as many as 500 KB of
                                 random letters have */
};
/* A space and a trigram as one number. A text ends with two NULs, so that its last bytes begin trigrams too. */
static inline uint32_t search_key(enum search_space space, unsigned a, unsigned b, unsigned c)
{
    return (uint32_t)space << SEARCH_GRAM_BITS | a << 16 | b << 8 | c;
}
/* The space in which the values of a field are; the name in any case. */
enum search_space search_space_of(const char *field);

/* A workspace of 2.3 MB, for one message after the other. */
struct search_cutter;
struct search_cutter *search_cutter_new(void);
void search_cutter_free(struct search_cutter *c);
/* All keys of the message, each once, in no order; valid until the next call. LIMIT when it has more than
 * SEARCH_CUT_MAX; errors of the reader. */
int search_cut(struct search_cutter *c, const struct moxd_reader *r, const uint32_t **keys,
               size_t *n, struct moxd_err *err) MOXD_CHECKED;

/* The keys that a message must all have to contain the (folded) text in that space: at most `max`, spread over the
 * text; 0 for a text of less than three bytes. */
size_t search_keys_of(enum search_space space, struct moxd_str folded, uint32_t *keys, size_t max);

#endif
