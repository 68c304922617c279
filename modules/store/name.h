/* Mailbox names: which are allowed, in which form they are stored. Pure. */
#ifndef STORE_NAME_H
#define STORE_NAME_H

#include "record.h"

/* A checked name in stored form: UTF-8 in NFC, "/" between components, INBOX in upper case when it is
 * the first component (P-IMAP-06). NUL-terminated. */
struct store_name {
    char p[STORE_NAME_MAX + 1];
    size_t n;
};
static inline struct moxd_str store_name_str(const struct store_name *name)
{
    return moxd_str(name->p, name->n);
}
/* INVALID: not UTF-8, control characters, "#" at the start, empty components, "." or ".." as one
 * (P-STORE-05), too long, too deep. The text of the error is for the user. */
int store_name_parse(struct moxd_str in, struct store_name *out, struct moxd_err *err) MOXD_CHECKED;
bool store_name_is_inbox(struct moxd_str name);
/* The part before the last "/", or empty. */
struct moxd_str store_name_parent(struct moxd_str name);
/* Whether `name` lies below `parent`. */
bool store_name_below(struct moxd_str name, struct moxd_str parent);

#endif
