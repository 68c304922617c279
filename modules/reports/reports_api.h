/* reports/2: what reports about TLS and about DMARC have in common: sending them, those who do not want any, reading and
 * keeping those that come in. */
#ifndef MOXD_REPORTS_H
#define MOXD_REPORTS_H

#include <moxd/arena.h>
#include <moxd/buf.h>
#include <moxd/err.h>
#include <moxd/fiber.h>
#include <moxd/hook.h>
#include <moxmail/report.h>

struct moxd_ctl;
struct moxd_instance;
struct smtp_message;

struct reports_out {
    enum moxd_report_kind kind;
    const char *domain;       /* that it is about, A-labels */
    int64_t begin, end;       /* seconds since 1970 */
    const char *id;           /* letters and digits */
    const char *const *rua;   /* where to: "mailto:..." and, for TLS, "https://..."; NULL-ended */
    const uint64_t *max_size; /* of each, bytes of the message; 0: none told; or NULL */
    struct moxd_str report;   /* JSON or XML */
};
/* A report that came in. Strings in the arena that was passed in, "" where absent. */
struct reports_in {
    uint64_t id;        /* of ours */
    int64_t received;   /* seconds since 1970 */
    const char *domain; /* whose policy it is about */
    const char *from;   /* domain of its author */
    const char *organization, *report_id;
    int64_t begin, end;
    uint64_t good, bad; /* sessions; messages that passed and that did not */
};
/* What a module knows about the reports of its kind. */
struct reports_receiver {
    enum moxd_report_kind kind;
    /* Where reports about the domain go, NULL: nowhere. Valid until the next suspension. */
    const char *(*address)(struct moxd_instance *m, struct moxd_str domain);
    /* Whether a message of this author is believed: of all but those of this server. 0, or -1 with the reason. */
    int (*check)(struct moxd_instance *m, const struct smtp_message *msg, struct moxd_str author,
                 struct moxd_arena *a, struct moxd_err *err) MOXD_SUSPENDS;
    /* Parses a report that must be about the domain; organization, report_id, begin, end, good and bad are set, strings in
     * the arena. On a worker. 0, -1. */
    int (*parse)(struct moxd_str report, struct moxd_str domain, struct moxd_arena *a,
                 struct reports_in *in, struct moxd_err *err);
};
struct reports_v2 {
    /* Our address and the domain after its "@": postmaster at the host name. */
    const char *(*contact)(struct moxd_instance *self);
    const char *(*submitter)(struct moxd_instance *self);
    /* Packs, signs and queues the report for each address that may have it, or posts it. *sent: how many took it; those that
     * are suppressed do not. -1: somebody could not be reached for now (TEMP), or it cannot be made; the others have
     * it. NOTFOUND: there is no queue. */
    int (*send)(struct moxd_instance *self, const struct reports_out *out, unsigned *sent,
                struct moxd_err *err) MOXD_SUSPENDS;

    /* A message that comes in: when it says that it is such a report about a domain of ours, and goes to the address for
     * that, the report is read, checked and kept. It is delivered in any case; what is wrong is said in a field of its
     * header. What on_message returns: NEXT, or 451 when the server stops. */
    enum moxd_verdict (*receive)(struct moxd_instance *self, struct moxd_instance *m,
                                 const struct reports_receiver *r, const struct smtp_message *msg,
                                 struct moxd_reply *reply) MOXD_SUSPENDS;
    /* The same as commands: a line for each that came in, the oldest first; sums by domain. */
    int (*print_list)(struct moxd_instance *self, enum moxd_report_kind kind, struct moxd_ctl *c,
                      struct moxd_err *err) MOXD_SUSPENDS;
    int (*print_sums)(struct moxd_instance *self, enum moxd_report_kind kind, struct moxd_ctl *c,
                      struct moxd_err *err) MOXD_SUSPENDS;
    /* The one that the list shows with this id, in the arena, and parsed on a worker. NOTFOUND; errors of `parse`. */
    int (*load)(struct moxd_instance *self, enum moxd_report_kind kind, const char *id,
                struct moxd_arena *a,
                int (*parse)(void *arg, struct moxd_str report, struct moxd_err *err), void *arg,
                struct moxd_err *err) MOXD_SUSPENDS;
};

#endif
