/* Records of modules, inside a transaction: what store_v1.tx_* do. */
#ifndef STORE_TABLE_H
#define STORE_TABLE_H

#include "tx.h"

int store_table_get(struct store_tx *tx, const char *table, struct moxd_str key,
                    struct moxd_buf *out, struct moxd_err *err);
int store_table_put(struct store_tx *tx, const char *table, struct moxd_str key,
                    struct moxd_str value, struct moxd_err *err);
int store_table_del(struct store_tx *tx, const char *table, struct moxd_str key,
                    struct moxd_err *err);
int store_table_each(struct store_tx *tx, const char *table, struct moxd_str prefix,
                     int (*fn)(void *arg, struct moxd_str key, struct moxd_str value), void *arg,
                     struct moxd_err *err);
/* Keys from `from` on that begin with the prefix. */
int store_table_from(struct store_tx *tx, const char *table, struct moxd_str prefix,
                     struct moxd_str from,
                     int (*fn)(void *arg, struct moxd_str key, struct moxd_str value), void *arg,
                     struct moxd_err *err);
/* tx_messages and tx_body, in items.c. */
int store_tx_messages(struct store_tx *tx, uint32_t mailbox, const struct store_uids *uids,
                      unsigned with, store_item_fn *fn, void *arg, struct moxd_err *err);
int store_tx_body(struct store_tx *tx, const struct store_item *item, struct moxd_str *out,
                  struct moxd_err *err);

#endif
