/* Inside of the dmarc module. */
#ifndef DMARC_H
#define DMARC_H

#include <moxd/accounts.h>
#include <moxd/arc.h>
#include <moxd/dns.h>
#include <moxd/module.h>
#include <moxd/reports.h>
#include <moxd/smtp.h>
#include <moxd/store.h>
#include <moxmail/dmarc.h>
#include <moxmail/dmarc_report.h>

enum {
    DMARC_AUTHORS_MAX = 4, /* domains in From that are looked at; nearly all messages have one */
    DMARC_AUTHS_MAX = 64,  /* domains that passed something: more than smtp keeps results */
};

struct dmarc_conf {
    struct moxd_conf_head head;
    int64_t timeout, keep;
    bool enforce, defer_temperror, no_outgoing;
    int64_t interval; /* hours */
    const char *psl;  /* path; NULL: none */
};
/* domains.conf: domain "x" { dmarc { } } */
struct dmarc_domain_conf {
    struct moxd_conf_head head;
    const char *address;
};
struct dmarc {
    struct moxd_instance m;
    const struct dmarc_conf *conf;
    const struct smtp_v1 *smtp;
    const struct store_v1 *store;
    const struct reports_v2 *reports;   /* or NULL: none are sent or taken */
    const struct accounts_v1 *accounts; /* or NULL */
    const struct arc_v1 *arc;           /* or NULL */
    struct moxd_instance *store_self, *reports_self, *accounts_self, *arc_self;
    struct moxd_psl *psl; /* or NULL: the tree alone says what an organization is */
    struct moxd_metric_handle *results, *dropped;
    struct dmarc_pending *pending; /* evaluations that wait for the disk, the newest first */
    size_t npending;
    uint64_t serial;
    struct moxd_waitq more; /* for pending not to be empty */
    struct moxd_fifolock writing, sending;
};

/* The lookups for one domain: how long they may take, and what DNSSEC said of all of them. */
struct dmarc_dns {
    const struct moxd_psl *psl; /* or NULL */
    int64_t deadline;
    enum smtp_dnssec dnssec;
};
struct moxd_dmarc_resolver dmarc_resolver(struct dmarc_dns *dns);
/* dmarc_psl.c: the public suffix list in a file. NULL with *err. */
struct moxd_psl *dmarc_psl_load(const char *path, struct moxd_err *err);

/* A domain in From. */
struct dmarc_author {
    struct moxd_str domain; /* A-labels, lower case */
    struct dmarc_dns dns;
    struct moxd_dmarc_walk walk;
    struct moxd_dmarc_verdict verdict;
    const char *arc; /* why its policy was set aside: the chain of a trusted sealer; or NULL */
};
/* At each message; in the transaction's arena. */
struct dmarc_msg {
    struct dmarc_author *authors;
    size_t n;
    bool too_many;
    bool suspected; /* what becomes of it is not known when it is evaluated */
    bool denied;    /* for good, if nobody wants it */
};

/* dmarc_from.c: the domains of the From field, each once. */
void dmarc_authors(struct moxd_str header, struct moxd_arena *a, struct dmarc_msg *msg);

/* dmarc_lookup.c: on_message, at the same time as SPF and DKIM: looks for policies. */
enum moxd_verdict dmarc_on_message(struct moxd_instance *m, const struct smtp_message *ev,
                                   struct moxd_reply *reply) MOXD_SUSPENDS;
/* dmarc_decide.c: on_message, when all is known: the verdict; what the policy wants done is a suspicion. */
enum moxd_verdict dmarc_decide(struct moxd_instance *m, const struct smtp_message *ev,
                               struct moxd_reply *reply) MOXD_SUSPENDS;

/* What became of a suspected message: then its evaluation is kept. */
void dmarc_on_delivered(struct moxd_instance *m, const struct smtp_message *ev);
void dmarc_on_refused(struct moxd_instance *m, const struct smtp_message *ev);

/* dmarc_keep.c: remembers the evaluation if the domain asks for reports; writes what waits; a fiber that does
 * so from time to time. */
void dmarc_keep(struct dmarc *d, const struct smtp_mail *mail, const struct dmarc_author *author,
                bool refused, bool optional);
void dmarc_flush(struct dmarc *d) MOXD_SUSPENDS;
void dmarc_writer(void *arg) MOXD_SUSPENDS;

int dmarc_cmd_evaluations(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                          struct moxd_err *err) MOXD_SUSPENDS;
int dmarc_cmd_lookup(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                     struct moxd_err *err) MOXD_SUSPENDS;
int dmarc_cmd_parserecord(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                          struct moxd_err *err) MOXD_SUSPENDS;
int dmarc_cmd_verify(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                     struct moxd_err *err) MOXD_SUSPENDS;
int dmarc_cmd_checkreportaddrs(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                               struct moxd_err *err) MOXD_SUSPENDS;

/* dmarc_group.c: evaluations of intervals that are over, added up for reports. */
struct dmarc_group {
    int64_t begin, end;              /* seconds; end is the first one behind it */
    const char *domain;              /* whose policy */
    const char *const *rua;          /* NULL-ended */
    const uint64_t *sizes;           /* of each: bytes that it takes ("!10m"); 0: none told */
    bool wanted;                     /* not all of them are about reports (P-AUTHN-09) */
    struct moxd_dmarc_report report; /* policy and rows */
};
/* Those that no report was sent about yet; `now`: of the interval that is still going on, too. All in the arena. */
int dmarc_groups(struct dmarc *d, bool now, struct moxd_arena *a, struct dmarc_group **out,
                 size_t *n, struct moxd_err *err) MOXD_SUSPENDS;
/* Remembers that there was a report. */
int dmarc_reported(struct dmarc *d, const struct dmarc_group *g,
                   struct moxd_err *err) MOXD_SUSPENDS;
/* dmarc_interval.c: begin of the interval in which the time lies, and the first second behind it: they are aligned to UTC
 * days. */
int64_t dmarc_interval_begin(int64_t sec, int64_t hours);
int64_t dmarc_interval_end(int64_t sec, int64_t hours);

/* dmarc_send.c */
int dmarc_send(struct dmarc *d, bool now, unsigned *sent, struct moxd_err *err) MOXD_SUSPENDS;
void dmarc_sender(void *arg) MOXD_SUSPENDS;

/* dmarc_receive.c: a report about a domain of ours in a message that DMARC lets pass, or in one of this server. */
enum moxd_verdict dmarc_receive(struct moxd_instance *m, const struct smtp_message *ev,
                                struct moxd_reply *reply) MOXD_SUSPENDS;
enum moxd_verdict dmarc_on_deliver(struct moxd_instance *m, const struct smtp_copy *ev,
                                   struct smtp_handing *handing) MOXD_SUSPENDS;

/* dmarc_reports.c */
int dmarc_cmd_send(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                   struct moxd_err *err) MOXD_SUSPENDS;
int dmarc_cmd_list(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                   struct moxd_err *err) MOXD_SUSPENDS;
int dmarc_cmd_show(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                   struct moxd_err *err) MOXD_SUSPENDS;
int dmarc_cmd_summary(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                      struct moxd_err *err) MOXD_SUSPENDS;

#endif
