/* Local delivery: from the routes of recipients to copies in mailboxes. */
#ifndef SMTP_LOCAL_H
#define SMTP_LOCAL_H

#include "smtp_alias.h"

/* What a route to one of our addresses leads to; in the transaction's arena, as what it points to. */
struct smtp_target {
    const char *list;          /* canonical; or NULL, and: */
    struct smtp_member member; /* .address as the client wrote it */
};

/* What is to become of a message; in the transaction's arena. */
struct smtp_planned {
    struct smtp_member to;
    struct smtp_placing at; /* .mailbox NULL: refused, and not kept */
    const char *destined;   /* where it would have gone if it were wanted */
    bool refused;
};
struct smtp_plan {
    struct smtp_planned *v;
    size_t n, cap;
    size_t nrefused;
    const char **lists; /* that got it, canonical */
    size_t nlists, lists_cap;
};

/* smtp_copies.c: functions of struct smtp_route. judge asks for each copy where it goes, and whether its account
 * refuses it. All accept or all refuse: when one accepts, what the others refuse goes where they keep such mail, if
 * they do; members of a list who do not get none; somebody else who does not makes all refuse. */
int smtp_copies_judge(struct moxd_instance *m, const struct smtp_message *msg,
                      struct moxd_str prefix, void *const *targets, size_t n,
                      struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
int smtp_copies_deliver(struct moxd_instance *m, const struct smtp_message *msg,
                        struct moxd_str prefix, void *const *targets, size_t n,
                        struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* smtp_copies_store.c: adds every copy that has a mailbox, all or none. */
int smtp_plan_store(struct smtp *smtp, const struct smtp_plan *plan, const struct smtp_message *msg,
                    struct moxd_str prefix, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Where the copies go, as steps. plan may be NULL. */
void smtp_plan_tell(const struct smtp_plan *plan, smtp_step_fn *fn, void *arg);

#endif
