/* What the queue stores, in tables of server.db, and the functions that read and write it inside a transaction.
 *
 *   queue.message  id of the body -> struct queue_message
 *   queue.item     id             -> struct queue_item: one recipient, with the history of its attempts
 *   queue.retired  id             -> struct queue_retired: a recipient that left the queue
 *   queue.expire   time, id       -> nothing: when a retired one is forgotten
 *   queue.fromid   account NUL id in MAIL FROM -> id, see queue_fromid.h
 *   queue.sentid   account NUL hash of Message-ID or envelope id, id -> nothing, see queue_sentid.h
 *   queue.count    "next"         -> the next id of a recipient
 *
 * The recipients of a message have ids in a row. Ids are never reused. */
#ifndef QUEUE_RECORD_H
#define QUEUE_RECORD_H

#include <moxd/store.h>

#include "queue_codec.h"

struct queue_message {
    uint64_t body;       /* its key: id in the store */
    uint64_t first;      /* id of the first recipient */
    uint32_t n, left;    /* recipients in the beginning, and those that are still in the queue */
    const char *account; /* NULL: of the server */
    const char *from;    /* "" for the null path */
    const char *envid, *ret, *message_id, *subject, *origin;
    int64_t queued; /* wall ns, here and below */
    uint64_t size;
    bool smtputf8, body8bit, no_dsn;
    int64_t deadline;      /* of FUTURERELEASE: when it is released; 0 */
    const char *trace;     /* its id for administrators; NULL: of a server that had none */
    struct moxd_str extra; /* see queue_extra.h */
};
/* TLS: enum queue_requiretls. */
struct queue_item {
    uint64_t id;        /* its key */
    uint64_t body;      /* of its message */
    const char *to;     /* as written in RCPT TO */
    const char *domain; /* A-labels, lower case */
    const char *notify, *orcpt, *fromid;
    int64_t queued, next;
    int64_t attempted; /* the last attempt; 0: none yet */
    uint32_t attempts;
    uint32_t requiretls;
    bool hold, delay_told;
    const char *transport;   /* set by the administrator, overrides routes; NULL */
    const char *source;      /* address that the last attempt came from; NULL */
    const char *remote;      /* and that it went to */
    struct moxd_str history; /* of attempts, see queue_history.h */
};
struct queue_retired {
    struct queue_item item;
    struct queue_message msg;
    uint32_t outcome;    /* enum queue_outcome */
    int64_t left, until; /* when it left the queue, and when it is forgotten */
};

/* 1, 0 when it is not there, -1. */
int queue_get_message(const struct store_v1 *store, struct store_tx *tx, uint64_t body,
                      struct moxd_arena *a, struct queue_message *out, struct moxd_err *err);
int queue_get_item(const struct store_v1 *store, struct store_tx *tx, uint64_t id,
                   struct moxd_arena *a, struct queue_item *out, struct moxd_err *err);
int queue_put_message(const struct store_v1 *store, struct store_tx *tx,
                      const struct queue_message *msg, struct moxd_err *err);
int queue_put_item(const struct store_v1 *store, struct store_tx *tx, const struct queue_item *item,
                   struct moxd_err *err);
/* Takes a recipient away, with the message when it was its last one. n: recipients that the message came with. */
int queue_remove_item(const struct store_v1 *store, struct store_tx *tx,
                      const struct queue_item *item, size_t n, struct moxd_err *err);
/* n ids in a row: the first. */
int queue_take_ids(const struct store_v1 *store, struct store_tx *tx, uint32_t n, uint64_t *first,
                   struct moxd_err *err);
int queue_decode_item(struct moxd_str key, struct moxd_str val, struct moxd_arena *a,
                      struct queue_item *out, struct moxd_err *err) MOXD_CHECKED;
/* Only what scheduling needs: no copies of texts. */
struct queue_due {
    uint64_t id;
    int64_t next;
    bool hold;
};

int queue_decode_due(struct moxd_str val, struct queue_due *out) MOXD_CHECKED;

/* An 8-byte key. */
struct queue_key {
    char p[8];
};
struct queue_key queue_key(uint64_t id);
static inline struct moxd_str queue_key_str(const struct queue_key *k)
{
    return moxd_str(k->p, sizeof(k->p));
}
uint64_t queue_key_id(struct moxd_str key); /* 0: not one */

int queue_put_retired(const struct store_v1 *store, struct store_tx *tx,
                      const struct queue_retired *r, struct moxd_err *err);
/* 1, 0, -1. */
int queue_get_retired(const struct store_v1 *store, struct store_tx *tx, uint64_t id,
                      struct moxd_arena *a, struct queue_retired *out, struct moxd_err *err);
int queue_decode_retired(struct moxd_str val, struct moxd_arena *a, struct queue_retired *out,
                         struct moxd_err *err) MOXD_CHECKED;

extern const struct queue_table queue_message_table, queue_item_table, queue_retired_table;

#endif
