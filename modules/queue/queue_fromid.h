/* Recipients have a sender of their own, local+ID@domain, by whose id what comes back is related to what was sent
 * (QUEUE-16). queue.fromid: account NUL id -> id of the recipient, from when it is queued until it is forgotten. */
#ifndef QUEUE_FROMID_H
#define QUEUE_FROMID_H

#include "queue_record.h"

enum { QUEUE_FROMID_LEN = 30 }; /* hex digits: nobody guesses one */

/* The sender with a new id behind the separator, in the arena. NULL: `from` is a quoted string, or has the
 * separator already. */
const char *queue_fromid_make(const char *from, const char *separator, struct moxd_arena *a);
/* The id at the end of such a local part, in lower case; false: it has none. Pure. */
bool queue_fromid_cut(struct moxd_str localpart, char out[QUEUE_FROMID_LEN]);

/* Of an item with a fromid: into the index, and out of it; nothing for others. */
int queue_fromid_put(const struct store_v1 *store, struct store_tx *tx, const char *account,
                     const struct queue_item *item, struct moxd_err *err);
int queue_fromid_del(const struct store_v1 *store, struct store_tx *tx, const char *account,
                     const struct queue_item *item, struct moxd_err *err);
/* The id of the recipient. 1, 0 when the account sent none such, -1. */
int queue_fromid_find(const struct store_v1 *store, struct store_tx *tx, const char *account,
                      const char id[QUEUE_FROMID_LEN], uint64_t *out, struct moxd_err *err);

#endif
