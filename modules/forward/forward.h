/* Inside of the forward module. */
#ifndef FORWARD_H
#define FORWARD_H

#include <moxd/accounts.h>
#include <moxd/arc.h>
#include <moxd/module.h>
#include <moxd/queue.h>
#include <moxd/smtp.h>

enum {
    FORWARD_TO_MAX = 10,    /* addresses that an address is forwarded to: a list is an alias */
    FORWARD_ALIAS_MAX = 200 /* of an alias: each message is sent so many times */
};

/* domains.conf: address "x" { forward { } }, and alias "x" { forward { } } */
struct forward_conf {
    struct moxd_conf_head head;
    struct moxd_strings to;
    const char *owner; /* of an alias */
    bool keep_copy, unauthenticated;
};
extern const struct moxd_block forward_block, forward_alias_block;

struct forward {
    struct moxd_instance m;
    const struct smtp_v1 *smtp;
    const struct queue_v1 *queue;
    const struct accounts_v1 *accounts;
    const struct arc_v1 *arc; /* or NULL: nothing is sealed */
    struct moxd_instance *queue_self, *accounts_self, *arc_self;
    struct moxd_metric_handle *forwarded;
};

/* forward_may.c: why the copy stays here, a word for the log and metrics; NULL: it may be forwarded. */
const char *forward_may(const struct forward *f, const struct smtp_copy *ev, bool unauthenticated);
/* Whether From names the address: authors get no copy of what they write to a list (ALIAS-04). */
bool forward_is_author(const struct smtp_message *msg, const char *address);

/* forward_plan.c: where a copy goes; all in the transaction arena, copied before anything waits. */
struct forward_plan {
    const char *from; /* reverse-path: who is told of failures */
    struct queue_rcpt *rcpts;
    size_t n;
    bool keep_copy, unauthenticated;
};
/* What is configured for the address or the alias; n is 0 when nothing is. */
struct forward_plan forward_plan_conf(const struct forward *f, const struct smtp_copy *ev);
/* What a ruleset says. */
struct forward_plan forward_plan_onward(const struct smtp_copy *ev);

enum moxd_verdict forward_on_deliver(struct moxd_instance *m, const struct smtp_copy *ev,
                                     struct smtp_handing *handing) MOXD_SUSPENDS;

/* forward_edit.c: changes of domains.conf. */
struct forward_edit {
    const struct forward *f;
    struct moxd_arena *a;
    const char *address;      /* whose mail is forwarded: of an account, or an alias */
    const char *const *words; /* addresses, or options "NAME=VALUE" */
    size_t n;
};
int forward_edit_add(struct moxd_node *root, void *edit, struct moxd_err *err);
int forward_edit_rm(struct moxd_node *root, void *edit, struct moxd_err *err);
int forward_edit_set(struct moxd_node *root, void *edit, struct moxd_err *err);

/* forward_command.c */
extern const struct moxd_command forward_commands[];

#endif
