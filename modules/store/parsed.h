/* What parsing a message gives, kept beside it (P-STORE-09): the summary of its header
 * (<moxmail/summary.h>) and its MIME structure (<moxmail/message.h>), a record each. They are derived from
 * the message, may be missing, and are made again when they are, or when the form of either changes. */
#ifndef STORE_PARSED_H
#define STORE_PARSED_H

#include "head.h"
#include "message.h"

#include <moxmail/reader.h>

struct store_source;

struct store_parsed {
    struct moxd_buf header, structure; /* the records */
    struct store_head head;            /* what threads are made of */
};
void store_parsed_init(struct store_parsed *p);
void store_parsed_fini(struct store_parsed *p);
/* Reads the whole message. Errors of the reader. Pure; for workers. */
int store_parse(const struct moxd_reader *r, struct store_parsed *out,
                struct moxd_err *err) MOXD_CHECKED;
/* Its header, for the head only. */
int store_parse_head(const struct moxd_reader *r, struct store_head *out,
                     struct moxd_err *err) MOXD_CHECKED;

/* A prefix in front of a source, as one message; both must stay. */
struct store_joined {
    struct moxd_str prefix;
    const struct store_source *src;
};
struct moxd_reader store_joined_reader(const struct store_joined *j);

/* --- records, in a transaction ------------------------------------------------------------------- */

struct store_place {
    uint32_t mailbox, uid;
};
int store_parsed_put(struct store_tx *tx, struct store_place at, const struct store_parsed *p,
                     struct moxd_err *err) MOXD_CHECKED;
/* As far as they are there. */
int store_parsed_copy(struct store_tx *tx, struct store_place from, struct store_place to,
                      struct moxd_err *err) MOXD_CHECKED;
int store_parsed_del(struct store_tx *tx, struct store_place at, struct moxd_err *err) MOXD_CHECKED;
/* 1 when both are there in their current form, 0, -1. */
int store_parsed_there(struct store_tx *tx, struct store_place at,
                       struct moxd_err *err) MOXD_CHECKED;

/* Whether every message of the account has them in their current form: 1, 0, -1. */
int store_parsed_complete(struct store_tx *tx, struct moxd_err *err) MOXD_CHECKED;
int store_parsed_set_complete(struct store_tx *tx, bool complete,
                              struct moxd_err *err) MOXD_CHECKED;

#endif
