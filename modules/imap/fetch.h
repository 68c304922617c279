/* One message while it is fetched or searched: what it needs is loaded when it is asked for, or was read
 * before in one job for many messages. Functions that end in _now do not suspend: they work with what is
 * there, on workers too. */
#ifndef IMAP_FETCH_H
#define IMAP_FETCH_H

#include "imap.h"
#include <moxmail/message.h>
#include <moxmail/summary.h>

struct imap_loaded;

struct imap_msg {
    struct imap_session *s;
    struct store_account *acc; /* that has it */
    struct moxd_arena *a;      /* of this message: reset for the next */
    const struct store_msg *info;
    const struct moxd_imap_item *items;       /* of a FETCH; or NULL */
    const struct moxd_summary_query *queries; /* for each of them */
    const struct moxd_str *names;             /* of each, as it is answered; empty: to be made */
    struct moxd_buf *scratch; /* with names: for the bytes of an item, of at most 2 * MOXD_SUMMARY_MAX */
    struct moxd_summary summary;              /* of the header, when there is one: */
    bool has_summary;
    struct moxd_str stored;    /* its structure as the store has it; empty: not there */
    struct moxd_str data;      /* all of it, when it was read before */
    struct store_body *body;   /* else, NULL until opened */
    struct moxd_reader reader; /* over data or body: */
    bool readable;
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

void imap_msg_init(struct imap_msg *msg, struct imap_session *s, struct store_account *acc,
                   struct moxd_arena *a, const struct store_msg *info);
/* Takes over what was read before; its bytes must stay, as must *msg from then on. */
void imap_msg_use(struct imap_msg *msg, const struct imap_loaded *l);
/* The same for all bytes of the message. */
void imap_msg_use_data(struct imap_msg *msg, struct moxd_str data);
void imap_msg_fini(struct imap_msg *msg); /* closes the body, resets the arena */
/* Opens the body, unless it is readable. -1 with *err (NOTFOUND: expunged; CORRUPT, IO). */
int imap_msg_open(struct imap_msg *msg, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Loads msg->header: everything up to and with the blank line, at most MOXD_HEADER_MAX bytes. */
int imap_msg_header(struct imap_msg *msg, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Loads msg->structure: from what the store has, else parsed. */
int imap_msg_structure(struct imap_msg *msg, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* For a client that takes ASCII headers only: an internationalized message becomes one that it understands
 * (RFC 6857), whatever is asked of it from now on. Not for searching. */
int imap_msg_downgrade(struct imap_msg *msg, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* The same: 1 loaded, 0 when the message must be opened for it, -1 with *err. */
int imap_msg_header_now(struct imap_msg *msg, struct moxd_err *err) MOXD_CHECKED;
int imap_msg_structure_now(struct imap_msg *msg, struct moxd_err *err) MOXD_CHECKED;
/* The value of the first field of that name, folded; empty when there is none. 1, 0, -1 as above. */
int imap_msg_field_now(struct imap_msg *msg, struct moxd_str name, struct moxd_str *value,
                       struct moxd_err *err) MOXD_CHECKED;
/* The same, loading the header if need be; empty also when the message cannot be read. */
struct moxd_str imap_msg_field(struct imap_msg *msg, const char *name) MOXD_SUSPENDS;
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
/* The previews that are there already, of n messages of an account; p NULL for the others. */
int imap_previews(struct imap_session *s, struct store_account *acc, const struct store_msg *v,
                  size_t n, struct moxd_arena *a, struct moxd_str **out,
                  struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* The threads that n messages are in, 0 for those that are in none yet. */
int imap_threads(struct imap_session *s, struct store_account *acc, const struct store_msg *v,
                 size_t n, struct moxd_arena *a, uint64_t **out,
                 struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Of one: sets msg->thread. */
int imap_msg_thread(struct imap_msg *msg, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Appends the item PREVIEW; as imap_fetch_item. */
int imap_put_preview(struct imap_msg *msg, bool lazy, struct moxd_err *err) MOXD_SUSPENDS;

/* The names of items as they are answered, with a blank behind; empty for those that are short. In the arena. */
struct moxd_str *imap_fetch_names(const struct moxd_imap_cmd *cmd, struct moxd_arena *a);
/* Appends one fetch item to the response, sending what is large at once. -1 connection lost; 1 this
 * message's data cannot be had (*err), nothing was appended. */
int imap_fetch_item(struct imap_msg *msg, const struct moxd_imap_item *item,
                    struct moxd_err *err) MOXD_SUSPENDS;

/* --- many messages in one job (load.c) ------------------------------------------------------------ */
/* What is to be read of each message beside its record. */
struct imap_want {
    unsigned with; /* STORE_WITH_* */
    bool body;     /* all of it */
    bool ascii;    /* all of it if its header is UTF-8: for a client that takes no such; structures tell, and bodies */
    struct moxd_summary_query
        fields; /* with HEADER: if the summary does not know these, all of it */
};
/* A message that was read; in the arena. */
struct imap_loaded {
    struct moxd_summary summary;
    bool has_summary;
    struct moxd_str structure, data; /* p NULL: not there; a body in a file never is */
};
/* What the items of a FETCH want, and the query for the fields of each; in the arena. */
void imap_fetch_want(const struct imap_session *s, const struct moxd_imap_cmd *cmd,
                     struct moxd_arena *a, struct imap_want *want,
                     struct moxd_summary_query **queries);
/* Reads messages of a set, as many as fit into memory at once: *infos and *loaded are of n messages, up to
 * the UID *last, which is UINT32_MAX when they are all. */
int imap_load(struct imap_session *s, struct store_account *acc, uint32_t mailbox,
              const struct store_uids *uids, const struct imap_want *want, struct moxd_arena *a,
              struct store_msg **infos, struct imap_loaded **loaded, size_t *n, uint32_t *last,
              struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Deep copy of the record. */
struct store_msg imap_copy_info(const struct store_msg *info, struct moxd_arena *a);
/* Takes all UIDs up to that one out; ranges that change are made in a. */
void imap_uids_after(struct store_uids *uids, uint32_t uid, struct moxd_arena *a);

#endif
