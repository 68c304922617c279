/* Inside of the reports module. */
#ifndef REPORTS_H
#define REPORTS_H

#include <moxd/accounts.h>
#include <moxd/dkim.h>
#include <moxd/module.h>
#include <moxd/queue.h>
#include <moxd/reports.h>
#include <moxd/smtp.h>
#include <moxd/store.h>

struct reports_conf {
    struct moxd_conf_head head;
    int64_t keep;
};
struct reports {
    struct moxd_instance m;
    const struct reports_conf *conf;
    const struct store_v1 *store;
    const struct smtp_v1 *smtp;
    const struct queue_v1 *queue; /* or NULL */
    const struct dkim_v1 *dkim;   /* or NULL */
    const struct accounts_v1 *accounts;
    struct moxd_instance *store_self, *queue_self, *dkim_self, *accounts_self;
    struct moxd_metric_handle *sent, *received;
    const char *contact; /* owned */
};
static inline struct reports *reports_self(struct moxd_instance *m)
{
    return MOXD_CONTAINER(m, struct reports, m);
}
extern const char *const reports_kinds[]; /* "dmarc", "tls" */
struct reports_words {
    const char *good, *bad;         /* what its counts are called */
    const char *field;              /* of the header, that says what is wrong with a report */
    const char *received, *refused; /* in the log */
};
extern const struct reports_words reports_words[];

/* reports_suppress.c: addresses that get no reports, until when (wall ns). 1, 0, -1. */
int reports_suppressed(struct reports *r, const char *address, struct moxd_err *err) MOXD_SUSPENDS;
extern const struct moxd_command reports_commands[];

/* reports_address.c */
int reports_cmd_address(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                        struct moxd_err *err) MOXD_SUSPENDS;

/* reports_read.c: what a message is received with. */
struct reports_reading {
    const struct reports_receiver *r;
    struct moxd_arena *a;
    struct moxd_str domain;
    struct reports_in *in;
    struct moxd_buf *report;
};
/* Whether one of the recipients is this address of ours, however it is written. False when `address` is NULL. */
bool reports_addressed(struct reports *r, const struct smtp_message *msg, const char *address);
/* The report in a message, unpacked, the first attachment of which `parse` is content with. 0; NOTFOUND: none; else the
 * last error of parse, or why it cannot be unpacked. */
int reports_read(struct reports *r, const struct smtp_message *msg,
                 const struct reports_reading *to, struct moxd_err *err) MOXD_SUSPENDS;

/* reports_keep.c: keeps one, durably: in->id is set. EXISTS: that domain's author has sent one with that report id. */
int reports_keep(struct reports *r, enum moxd_report_kind kind, struct reports_in *in,
                 struct moxd_str report, struct moxd_err *err) MOXD_SUSPENDS;
/* All of a kind, the oldest first. */
int reports_list(struct reports *r, enum moxd_report_kind kind, struct moxd_arena *a,
                 struct reports_in **out, size_t *n, struct moxd_err *err) MOXD_SUSPENDS;
/* Appends the report. NOTFOUND. */
int reports_get(struct reports *r, enum moxd_report_kind kind, uint64_t id, struct moxd_buf *report,
                struct moxd_err *err) MOXD_SUSPENDS;

/* reports_send.c, reports_receive.c, reports_show.c: reports/2 */
int reports_send(struct moxd_instance *m, const struct reports_out *out, unsigned *sent,
                 struct moxd_err *err) MOXD_SUSPENDS;
enum moxd_verdict reports_receive(struct moxd_instance *self, struct moxd_instance *m,
                                  const struct reports_receiver *r, const struct smtp_message *msg,
                                  struct moxd_reply *reply) MOXD_SUSPENDS;
int reports_print_list(struct moxd_instance *m, enum moxd_report_kind kind, struct moxd_ctl *c,
                       struct moxd_err *err) MOXD_SUSPENDS;
int reports_print_sums(struct moxd_instance *m, enum moxd_report_kind kind, struct moxd_ctl *c,
                       struct moxd_err *err) MOXD_SUSPENDS;
int reports_load(struct moxd_instance *m, enum moxd_report_kind kind, const char *id,
                 struct moxd_arena *a,
                 int (*parse)(void *arg, struct moxd_str report, struct moxd_err *err), void *arg,
                 struct moxd_err *err) MOXD_SUSPENDS;

#endif
