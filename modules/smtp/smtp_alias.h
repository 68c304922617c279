/* Lists of addresses (aliases): who may post to one, and which members get a copy. */
#ifndef SMTP_ALIAS_H
#define SMTP_ALIAS_H

#include "smtp.h"

/* Who gets a copy; all in the transaction's arena. */
struct smtp_member {
    const char *account, *mailbox;
    const char *address, *list; /* as the message may have them; list NULL: named directly */
};

/* At RCPT: 0 when the client may post to the list, as far as MAIL tells, and a member takes mail now.
 * Else -1 with the reply in *err: 550 5.7.2 for who is no member of a list for members (ALIAS-05), or why
 * the members refuse (ALIAS-02). */
int smtp_alias_admit(struct smtp *smtp, const struct smtp_rcpt *ev,
                     const struct accounts_target *list,
                     struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

/* After DATA: the members that get a copy of the message, in *out and *n. Those in its From field get
 * none (ALIAS-04), and those that cannot take it now do not keep it from the others (ALIAS-02); *n may be 0,
 * when only authors are on the list. -1 with *err: the author is no member, no member takes it, or the
 * list is gone (450 4.2.1). list: its canonical address. */
int smtp_alias_expand(struct smtp *smtp, const struct smtp_message *msg, const char *list,
                      struct smtp_member **out, size_t *n,
                      struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

/* An address as it may stand in the header of the message: UTF-8 only where that may have it (RFC 6532 3.2). */
const char *smtp_alias_written(const struct smtp_message *msg, const char *address);

/* What an address of the configuration, or as a client wrote it, leads to; as accounts_v1.resolve. */
int smtp_alias_resolve(const struct smtp *smtp, const char *address, struct moxd_arena *a,
                       struct accounts_target *out, struct moxd_err *err) MOXD_CHECKED;

/* smtp_local.c: 0 when the account takes a message of that size now. An account whose data is damaged, or
 * that is full, must not hold up the others of the same message. */
int smtp_local_try(const struct smtp *smtp, const char *account, uint64_t size,
                   struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* What an address that refuses mail (P-CORE-19) says. -1. */
int smtp_local_refused(const struct accounts_target *to, struct moxd_err *err);

#endif
