/* What the files of the tlsrpt module share. */
#ifndef TLSRPT_H
#define TLSRPT_H

#include <jansson.h>
#include <moxd/accounts.h>
#include <moxd/dkim.h>
#include <moxd/module.h>
#include <moxd/queue.h>
#include <moxd/reports.h>
#include <moxd/smtp.h>
#include <moxd/store.h>
#include <moxmail/tlsrpt.h>

enum {
    TLSRPT_PENDING_MAX = 10000, /* connections that wait for the disk: more are counted, not kept */
    TLSRPT_DETAILS_MAX = 100, /* different failures of a domain in a day: of more only the number */
    TLSRPT_DAY = 86400,       /* seconds */
    TLSRPT_SPREAD = 4 * 3600, /* seconds after midnight in which reports go out (RFC 8460 4.1) */
    TLSRPT_DAYS_MAX = 3,      /* that results wait for a report that cannot be sent */
};

struct tlsrpt_conf {
    struct moxd_conf_head head;
    bool no_outgoing, all_success;
    const char *host_address;
};
/* domains.conf: domain "x" { tlsrpt { } } */
struct tlsrpt_domain_conf {
    struct moxd_conf_head head;
    const char *address;
};
struct tlsrpt_pending;
struct tlsrpt {
    struct moxd_instance m;
    const struct tlsrpt_conf *conf;
    const struct store_v1 *store;
    const struct reports_v2 *reports;
    const struct smtp_v1 *smtp;
    const struct accounts_v1 *accounts;
    const struct dkim_v1 *dkim; /* or NULL */
    struct moxd_instance *store_self, *reports_self, *accounts_self, *dkim_self;
    struct moxd_metric_handle *sessions, *dropped;
    struct tlsrpt_pending *pending;
    size_t npending;
    struct moxd_waitq more; /* for pending not to be empty */
    struct moxd_fifolock writing, sending;
};
static inline struct tlsrpt *tlsrpt_self(struct moxd_instance *m)
{
    return MOXD_CONTAINER(m, struct tlsrpt, m);
}

/* tlsrpt_gather.c: on_connected. */
void tlsrpt_on_connected(struct moxd_instance *m, const struct queue_connected *ev);

/* tlsrpt_results.c: the table "tlsrpt.results": day, policy domain and type -> a policy of a report. */
struct tlsrpt_delta {                   /* what a connection adds; strings are copied */
    struct moxd_tlsrpt_policy policy;   /* counts are 0 or 1 */
    struct moxd_tlsrpt_failure failure; /* with count 0: none */
};
void tlsrpt_add(struct tlsrpt *t, const struct tlsrpt_delta *d);
void tlsrpt_flush(struct tlsrpt *t) MOXD_SUSPENDS;
void tlsrpt_writer(void *arg) MOXD_SUSPENDS;
struct tlsrpt_result {
    int64_t day; /* since 1970 */
    struct moxd_tlsrpt_policy policy;
};
/* All, by day and domain; in the arena. */
int tlsrpt_results(struct tlsrpt *t, struct moxd_arena *a, struct tlsrpt_result **out, size_t *n,
                   struct moxd_err *err) MOXD_SUSPENDS;
/* Forgets those of a domain and day. */
int tlsrpt_forget(struct tlsrpt *t, int64_t day, const char *domain,
                  struct moxd_err *err) MOXD_SUSPENDS;

/* tlsrpt_send.c: reports that are due; `now`: all, that of today too. *sent: how many. */
int tlsrpt_send(struct tlsrpt *t, bool now, unsigned *sent, struct moxd_err *err) MOXD_SUSPENDS;
void tlsrpt_sender(void *arg) MOXD_SUSPENDS;
/* When the report about a domain and day goes out, seconds since 1970. */
int64_t tlsrpt_due(int64_t day, const char *domain);
/* The record of a domain. 1, 0: none, -1: DNS does not say. */
int tlsrpt_lookup(const char *domain, struct moxd_arena *a, struct moxd_tlsrpt_record *out,
                  struct moxd_err *err) MOXD_SUSPENDS;

/* tlsrpt_receive.c */
enum moxd_verdict tlsrpt_on_message(struct moxd_instance *m, const struct smtp_message *ev,
                                    struct moxd_reply *reply) MOXD_SUSPENDS;
enum moxd_verdict tlsrpt_on_deliver(struct moxd_instance *m, const struct smtp_copy *ev,
                                    struct smtp_handing *handing) MOXD_SUSPENDS;

/* tlsrpt_command.c */
extern const struct moxd_command tlsrpt_commands[];

#endif
