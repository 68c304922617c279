/* What the files of this module share. */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <moxd/dns.h>
#include <moxd/module.h>
#include <moxd/smtp.h>

/* `example { ... }` in moxd.conf; example_conf.c fills it. */
struct example_conf {
    struct moxd_conf_head head; /* always first */
    const char *zone;           /* the list; NULL: nothing is checked */
    struct moxd_strings except; /* recipients that are never refused */
};

/* The instance: all that the module knows. There is one; core allocates it zeroed. */
struct example {
    struct moxd_instance m; /* always first */
    const struct example_conf *conf;
    struct moxd_metric_handle *checks;
};

/* What the module remembers about a message while it is received: its slot at "smtp-message". */
struct example_msg {
    bool asked;
    bool listed;
    char why[200]; /* what the list says about the domain; public */
};

extern const struct moxd_block example_block;

/* Whether the list has the domain. 1: it has, and why[] says the reason; 0: it has not; -1 with *err:
 * the list does not answer, or the fiber was cancelled. */
int example_listed(const char *zone, struct moxd_str domain, char *why, size_t cap,
                   struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

enum moxd_verdict example_on_rcpt(struct moxd_instance *m, const struct smtp_rcpt *ev,
                                  struct moxd_reply *reply) MOXD_SUSPENDS;
int example_cmd_check(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                      struct moxd_err *err) MOXD_SUSPENDS;

#endif
