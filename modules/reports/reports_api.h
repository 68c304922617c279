/* reports/1: what reports about TLS and about DMARC have in common: sending them, those who do not want any, reading and
 * keeping those that come in. */
#ifndef MOXD_REPORTS_H
#define MOXD_REPORTS_H

#include <moxd/arena.h>
#include <moxd/buf.h>
#include <moxd/err.h>
#include <moxd/fiber.h>
#include <moxmail/report.h>

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
struct reports_v1 {
    /* Our address and the domain after its "@": postmaster at the host name. */
    const char *(*contact)(struct moxd_instance *self);
    const char *(*submitter)(struct moxd_instance *self);
    /* Packs, signs and queues the report for each address that may have it, or posts it. *sent: how many took it; those that
     * are suppressed do not. -1: somebody could not be reached for now (TEMP), or it cannot be made; the others have
     * it. NOTFOUND: there is no queue. */
    int (*send)(struct moxd_instance *self, const struct reports_out *out, unsigned *sent,
                struct moxd_err *err) MOXD_SUSPENDS;

    /* Whether one of the recipients is this address of ours, however it is written. False when `address` is NULL. */
    bool (*addressed)(struct moxd_instance *self, const struct smtp_message *msg,
                      const char *address);
    /* The report in a message, unpacked, the first attachment of which `parse` is content with; parse runs on a worker. 0;
     * NOTFOUND: none; else the last error of parse, or why it cannot be unpacked. */
    int (*read)(struct moxd_instance *self, const struct smtp_message *msg,
                enum moxd_report_kind kind,
                int (*parse)(void *arg, struct moxd_str report, struct moxd_err *err), void *arg,
                struct moxd_buf *report, struct moxd_err *err) MOXD_SUSPENDS;
    /* Keeps one, durably: in->id is set. EXISTS: that domain's author has sent one with that report id. */
    int (*keep)(struct moxd_instance *self, enum moxd_report_kind kind, struct reports_in *in,
                struct moxd_str report, struct moxd_err *err) MOXD_SUSPENDS;
    /* All of a kind, the oldest first. */
    int (*list)(struct moxd_instance *self, enum moxd_report_kind kind, struct moxd_arena *a,
                struct reports_in **out, size_t *n, struct moxd_err *err) MOXD_SUSPENDS;
    /* Appends the report. NOTFOUND. */
    int (*get)(struct moxd_instance *self, enum moxd_report_kind kind, uint64_t id,
               struct moxd_buf *report, struct moxd_err *err) MOXD_SUSPENDS;
};

#endif
