/* An address of a header field while it is read. */
#ifndef MAIL_HDRADDR_H
#define MAIL_HDRADDR_H

#include <moxmail/header_address.h>

/* An element is read without looking back: its words go to the name, in case a "<" or ":" follows, and
 * those that touch each other or a "." also to the localpart, in case an "@" follows, then to the
 * domain. */
struct mail_element {
    struct moxd_hdraddr_iter *it;
    bool at;            /* "@" was there */
    bool word;          /* there was one, perhaps "" */
    bool gap;           /* a blank or comment was there since the last word */
    bool dot;           /* the last word was "." */
    bool comment;       /* the last comment is behind the address */
    bool many;          /* words that do not make one localpart or domain */
    bool junk;          /* words behind the domain: they are ignored */
    size_t name_before; /* length of the name before the words of the localpart */
    bool bad;
};

static inline bool mail_hdraddr_end(const struct moxd_hdraddr_iter *it)
{
    return it->rest.n == 0;
}
/* The next byte; NUL at the end. */
static inline char mail_hdraddr_peek(const struct moxd_hdraddr_iter *it)
{
    return it->rest.n > 0 ? it->rest.p[0] : '\0';
}
static inline void mail_hdraddr_skip(struct moxd_hdraddr_iter *it)
{
    it->rest = moxd_str_from(it->rest, 1);
}

/* Takes an element in one of its simple forms, as the functions below would; false when it is in none. */
bool mail_hdraddr_simple(struct moxd_hdraddr_iter *it, struct moxd_hdraddr *out);
/* Blanks and comments; the last comment stays in it->comment. True when there was any. */
bool mail_hdraddr_cfws(struct moxd_hdraddr_iter *it, bool *comment);
/* Takes one word, literal or byte of an element, and the blanks behind it. Not at the end. */
void mail_hdraddr_token(struct mail_element *el);
/* angle-addr = "<" [obs-route] addr-spec ">", and the blanks behind it; the name stays as it is. */
void mail_hdraddr_angle(struct mail_element *el);

#endif
