/* Inside of the rejects module: refused messages are kept for a while, for their users to see. */
#ifndef REJECTS_H
#define REJECTS_H

#include <moxd/accounts.h>
#include <moxd/module.h>
#include <moxd/smtp.h>
#include <moxd/store.h>

enum {
    REJECTS_HASH = 32,              /* SHA-256 */
    REJECTS_HASHED_MAX = 64 * 1024, /* bytes of a message without Message-ID that are compared */
    REJECTS_REMOVE_MAX = 1000,      /* records that are removed in one transaction */
};
#define REJECTS_TIDY_EVERY (3600 * MOXD_SEC)

/* account { rejects { } } */
struct rejects_conf {
    struct moxd_conf_head head;
    const char *mailbox;
    int64_t keep, max;
    bool keep_all;
};
extern const struct moxd_block rejects_block;

struct rejects {
    struct moxd_instance m;
    const struct accounts_v1 *accounts;
    struct moxd_instance *accounts_self;
    const struct store_v1 *store;
    struct moxd_instance *store_self;
    struct moxd_metric_handle *messages;
};
/* What an account wants, copied into the arena; mailbox NULL: nothing is kept. */
struct rejects_conf rejects_conf_of(const struct rejects *r, const char *account,
                                    struct moxd_arena *a);

/* rejects_hooks.c */
enum moxd_verdict rejects_on_reject(struct moxd_instance *m, const struct smtp_copy *ev,
                                    struct smtp_placing *placing) MOXD_SUSPENDS;

/* rejects_known.c: notes that a message was refused, by its Message-ID or, without one, its beginning. 1: it was noted
 * before; 0; -1. */
int rejects_note(const struct rejects *r, struct store_account *acc, const struct smtp_message *msg,
                 struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Forgets those from before. */
int rejects_forget(const struct rejects *r, struct store_account *acc, int64_t before,
                   struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

/* rejects_tidy.c: removes messages that are marked as refused: those that came before `before` (ns, wall), and of the
 * others the oldest, so that there are at most `max`. No such mailbox is fine. */
int rejects_tidy(const struct rejects *r, struct store_account *acc, const char *mailbox,
                 int64_t before, size_t max, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* A fiber that does so with all accounts from time to time. */
void rejects_tidier(void *arg) MOXD_SUSPENDS;

#endif
