/* Messages of accounts by what notifications about them name: their Message-ID, and the envelope id that their sender
 * gave (RFC 3464 2.2.1). For recipients that have no sender of their own (queue_fromid.h).
 *
 * queue.sentid: account NUL hash id -> nothing, from when it is queued until it is forgotten. Who looks something up
 * compares: hashes may be the same. */
#ifndef QUEUE_SENTID_H
#define QUEUE_SENTID_H

#include "queue_record.h"

enum { QUEUE_SENTIDS_MAX = 100 }; /* recipients of one id that are looked at */

/* Into the index, and out of it: of one with a from-id into that of from-ids, of mail of the server into none. */
int queue_sentid_put(const struct store_v1 *store, struct store_tx *tx,
                     const struct queue_message *msg, const struct queue_item *item,
                     struct moxd_err *err);
int queue_sentid_del(const struct store_v1 *store, struct store_tx *tx,
                     const struct queue_message *msg, const struct queue_item *item,
                     struct moxd_err *err);
/* Recipients to whom a message with that envelope id, or else with that Message-ID, may have gone, the first ones;
 * empty: none is known. envid: decoded. How many, or -1. */
int queue_sentid_find(const struct store_v1 *store, struct store_tx *tx, const char *account,
                      struct moxd_str envid, struct moxd_str message_id,
                      uint64_t ids[QUEUE_SENTIDS_MAX], struct moxd_err *err);
/* Whether the message is one with that envelope id or Message-ID. */
bool queue_sentid_is(const struct queue_message *msg, struct moxd_str envid,
                     struct moxd_str message_id, struct moxd_arena *a);

#endif
