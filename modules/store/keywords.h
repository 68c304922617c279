/* Keywords: sets as the interface has them, and the list of a mailbox by which they are numbered. */
#ifndef STORE_KEYWORDS_H
#define STORE_KEYWORDS_H

#include "tx.h"

/* The keywords ever used in a mailbox; a message names them by index. In tx->arena. */
struct store_kwlist {
    uint32_t mailbox;
    struct moxd_str *v;
    size_t n, cap;
    bool changed;
};
/* INVALID/LIMIT unless lower-case IMAP atoms, sorted, without duplicates, few and short enough. */
int store_keywords_check(struct store_keywords kw, struct moxd_err *err) MOXD_CHECKED;

int store_kwlist_load(struct store_tx *tx, uint32_t mailbox, struct store_kwlist **out,
                      struct moxd_err *err) MOXD_CHECKED;
/* Writes it when it changed, and tells watchers. */
int store_kwlist_save(struct store_tx *tx, struct store_kwlist *l, struct moxd_err *err)
    MOXD_CHECKED;
/* Numbers of the keywords, ascending, into idx (room for STORE_KEYWORDS_MAX); new ones are added to the
 * list. LIMIT when it is full. */
int store_kwlist_numbers(struct store_tx *tx, struct store_kwlist *l, struct store_keywords kw,
                         uint16_t *idx, unsigned *n, struct moxd_err *err) MOXD_CHECKED;
/* The same for those that the list has; others are left out. */
void store_kwlist_known(const struct store_kwlist *l, struct store_keywords kw, uint16_t *idx,
                        unsigned *n);
/* The keywords by their numbers, sorted, copied into a. CORRUPT for a number that the list lacks. */
int store_kwlist_names(struct store_tx *tx, const struct store_kwlist *l, const uint16_t *idx,
                       unsigned n, struct moxd_arena *a, struct store_keywords *out,
                       struct moxd_err *err) MOXD_CHECKED;
/* The whole list, sorted and copied into a. */
struct store_keywords store_kwlist_all(const struct store_kwlist *l, struct moxd_arena *a);
struct store_keywords store_keywords_copy(struct store_keywords kw, struct moxd_arena *a);

#endif
