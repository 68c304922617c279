/* One message while it is fetched or searched: what it needs is loaded when it is asked for. */
#ifndef IMAP_FETCH_H
#define IMAP_FETCH_H

#include "imap.h"
#include <moxmail/message.h>

struct imap_msg {
    struct imap_session *s;
    struct moxd_arena *a; /* of this message: reset for the next */
    const struct store_msg *info;
    struct store_body *body;    /* NULL until opened */
    struct moxd_reader reader;  /* over body */
    struct moxd_str header;     /* of the message, p NULL until loaded */
    bool header_whole;          /* it ends in header, not at MOXD_HEADER_MAX */
    struct moxd_msg *structure; /* NULL until parsed */
    struct moxd_str preview;    /* p NULL: not known */
    uint64_t thread;            /* 0: in none yet; valid once: */
    bool thread_known;
    bool looked_at;   /* imap_msg_downgrade has decided: */
    bool surrogate;   /* the reader is over a message with other headers than the stored one */
    bool unknown_cte; /* out: BINARY met a transfer encoding that nobody knows */
};

void imap_msg_init(struct imap_msg *msg, struct imap_session *s, struct moxd_arena *a,
                   const struct store_msg *info);
void imap_msg_fini(struct imap_msg *msg); /* closes the body, resets the arena */
/* Opens the body. -1 with *err (NOTFOUND: expunged; CORRUPT, IO). */
int imap_msg_open(struct imap_msg *msg, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Loads msg->header: everything up to and with the blank line, at most MOXD_HEADER_MAX bytes. */
int imap_msg_header(struct imap_msg *msg, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Loads msg->structure: from the store's note, else parsed and kept there. */
int imap_msg_structure(struct imap_msg *msg, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* For a client that takes ASCII headers only: an internationalized message becomes one that it understands
 * (RFC 6857), whatever is asked of it from now on. Not for searching. */
int imap_msg_downgrade(struct imap_msg *msg, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* The byte range of a section: 0; 1 when the message has none; -1 with *err. The header fields of a
 * section are those of the range. */
int imap_msg_range(struct imap_msg *msg, const struct moxd_imap_section *sec, uint64_t *start,
                   uint64_t *end, struct moxd_err *err) MOXD_SUSPENDS;

/* The part of a run of bytes that a partial names: so many are left out, then so many let through. */
struct imap_clip {
    uint64_t skip, left;
};
/* Of `total` bytes `count` from `offset` on; past the end nothing. */
static inline struct imap_clip imap_clip_of(uint64_t offset, uint64_t count, uint64_t total)
{
    uint64_t skip = offset < total ? offset : total;

    return (struct imap_clip){ skip, total - skip < count ? total - skip : count };
}
/* What is let through of the next n bytes. */
static inline struct moxd_str imap_clip(struct imap_clip *c, const char *p, size_t n)
{
    size_t skip = c->skip < n ? (size_t)c->skip : n;

    c->skip -= skip;
    n -= skip;
    if (n > c->left)
        n = (size_t)c->left;
    c->left -= n;
    return moxd_str(p + skip, n);
}

/* Work on that many bytes of a message: here when they are few, on a worker when they would keep the others
 * waiting. */
void imap_msg_work(uint64_t bytes, void (*fn)(void *arg), void *arg) MOXD_SUSPENDS;
/* The previews that are there already, of n messages; p NULL for the others. */
int imap_previews(struct imap_session *s, const struct store_msg *v, size_t n, struct moxd_arena *a,
                  struct moxd_str **out, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* The threads that n messages are in, 0 for those that are in none yet. */
int imap_threads(struct imap_session *s, const struct store_msg *v, size_t n, struct moxd_arena *a,
                 uint64_t **out, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Of one: sets msg->thread. */
int imap_msg_thread(struct imap_msg *msg, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Appends the item PREVIEW; as imap_fetch_item. */
int imap_put_preview(struct imap_msg *msg, bool lazy, struct moxd_err *err) MOXD_SUSPENDS;

/* Appends one fetch item to the response, sending what is large at once. -1 connection lost; 1 this
 * message's data cannot be had (*err), nothing was appended. */
int imap_fetch_item(struct imap_msg *msg, const struct moxd_imap_item *item,
                    struct moxd_err *err) MOXD_SUSPENDS;

#endif
