/* The readable text of messages: parts decoded to UTF-8 in pieces, and searches in it (MSG-01 to
 * MSG-03). One workspace with fixed buffers serves any number of messages. Pure; reading may block. */
#ifndef MOXMAIL_TEXT_H
#define MOXMAIL_TEXT_H

#include <moxmail/message.h>

enum {
    MOXD_TEXT_CHUNK = 8192,        /* bytes of a message in memory at a time */
    MOXD_SEARCH_NEEDLE_MAX = 2048, /* bytes of one text that is searched for */
    MOXD_SEARCH_NEEDLES_MAX = 64,  /* texts that are searched for in one pass */
};

/* Reads a part as UTF-8. */
struct moxd_text;
struct moxd_text *moxd_text_new(void) __attribute__((returns_nonnull));
void moxd_text_free(struct moxd_text *t);
void moxd_text_freep(struct moxd_text **t); /* for MOXD_CLEANUP */
/* Starts at the beginning of the part's body, with its transfer encoding and charset. What was read
 * before is forgotten. *r must stay where it is while pieces are read. */
void moxd_text_open(struct moxd_text *t, const struct moxd_reader *r, const struct moxd_part *p);
/* The next piece: whole characters of well-formed UTF-8, never empty, valid until the next call. 1, 0
 * at the end, -1 with errors of the reader. */
int moxd_text_next(struct moxd_text *t, struct moxd_str *piece, struct moxd_err *err) MOXD_CHECKED;
/* Appends the part's text to out, at most `max` bytes of it (whole characters). */
int moxd_text_read(struct moxd_text *t, const struct moxd_reader *r, const struct moxd_part *p,
                   size_t max, struct moxd_buf *out, struct moxd_err *err) MOXD_CHECKED;

/* Finds several strings in text that comes in pieces. Matching is by substring, without regard to
 * case (Unicode full case folding) and to composed or decomposed characters (NFC). */
struct moxd_search;
/* KIND_LIMIT when there are too many strings or one is too long; KIND_INVALID when one is not UTF-8.
 * An empty string is found at once. */
int moxd_search_new(struct moxd_search **out, const struct moxd_str *needles, size_t n,
                    struct moxd_err *err) MOXD_CHECKED;
void moxd_search_free(struct moxd_search *s);
void moxd_search_freep(struct moxd_search **s); /* for MOXD_CLEANUP */
/* Forgets what was found, for the next message. */
void moxd_search_reset(struct moxd_search *s);
/* More of the text: whole characters of well-formed UTF-8. A match may span calls. */
void moxd_search_write(struct moxd_search *s, struct moxd_str utf8);
/* The text ends; what follows is another one, in which no match begun here can go on. */
void moxd_search_end(struct moxd_search *s);
bool moxd_search_found(const struct moxd_search *s, size_t i);
bool moxd_search_found_all(const struct moxd_search *s);
/* The i-th string as it is compared: folded. Lasts as long as s. */
struct moxd_str moxd_search_needle(const struct moxd_search *s, size_t i);

/* For an index: a search without strings, which finds nothing and never ends, and gives the text that
 * others compare with to fn, in pieces. Each begins with the last MOXD_SEARCH_OVERLAP bytes of the
 * one before it, if they belong together; `end`: the text ends with it. What a search for a string
 * would find in what is written here, is in the pieces: text is folded in the same steps. */
enum { MOXD_SEARCH_OVERLAP = 2 };
typedef void moxd_search_tap(void *arg, struct moxd_str folded, bool end);
struct moxd_search *moxd_search_new_tap(moxd_search_tap *fn,
                                        void *arg) __attribute__((returns_nonnull));

/* Searches the readable text of the header fields in memory; with a name only those fields. */
void moxd_search_header(struct moxd_search *s, struct moxd_str header, const char *name);
/* Searches the readable text of one field's value, as moxd_search_header with a name does. */
void moxd_search_value(struct moxd_search *s, struct moxd_str value);

enum {
    MOXD_SEARCH_IN_HEADER = 1, /* the message's own header */
    MOXD_SEARCH_IN_BODY = 2,   /* its text parts, and the headers of messages in it */
};
/* Searches a message until everything is found: IMAP SEARCH BODY and TEXT (RFC 9051 6.4.4). Errors
 * of the reader. */
int moxd_search_message(struct moxd_search *s, struct moxd_text *t, const struct moxd_reader *r,
                        const struct moxd_msg *m, unsigned where,
                        struct moxd_err *err) MOXD_CHECKED;

#endif
