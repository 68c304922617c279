/* Inside of the reports module. */
#ifndef REPORTS_H
#define REPORTS_H

#include <moxd/accounts.h>
#include <moxd/dkim.h>
#include <moxd/module.h>
#include <moxd/queue.h>
#include <moxd/reports.h>
#include <moxd/store.h>

struct reports_conf {
    struct moxd_conf_head head;
    int64_t keep;
};
struct reports {
    struct moxd_instance m;
    const struct reports_conf *conf;
    const struct store_v1 *store;
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

/* reports_suppress.c: addresses that get no reports, until when (wall ns). 1, 0, -1. */
int reports_suppressed(struct reports *r, const char *address, struct moxd_err *err) MOXD_SUSPENDS;
extern const struct moxd_command reports_commands[];

/* reports_send.c, reports_read.c, reports_keep.c: reports/1 */
int reports_send(struct moxd_instance *m, const struct reports_out *out, unsigned *sent,
                 struct moxd_err *err) MOXD_SUSPENDS;
bool reports_addressed(struct moxd_instance *m, const struct smtp_message *msg,
                       const char *address);
int reports_read(struct moxd_instance *m, const struct smtp_message *msg,
                 enum moxd_report_kind kind,
                 int (*parse)(void *arg, struct moxd_str report, struct moxd_err *err), void *arg,
                 struct moxd_buf *report, struct moxd_err *err) MOXD_SUSPENDS;
int reports_keep(struct moxd_instance *m, enum moxd_report_kind kind, struct reports_in *in,
                 struct moxd_str report, struct moxd_err *err) MOXD_SUSPENDS;
int reports_list(struct moxd_instance *m, enum moxd_report_kind kind, struct moxd_arena *a,
                 struct reports_in **out, size_t *n, struct moxd_err *err) MOXD_SUSPENDS;
int reports_get(struct moxd_instance *m, enum moxd_report_kind kind, uint64_t id,
                struct moxd_buf *report, struct moxd_err *err) MOXD_SUSPENDS;

#endif
