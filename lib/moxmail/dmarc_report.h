/* Aggregate reports of DMARC: written in the form of RFC 9990, read in that form, in that of RFC 7489 appendix C
 * and in those that real senders make of them. Pure; for a worker. */
#ifndef MOXMAIL_DMARC_REPORT_H
#define MOXMAIL_DMARC_REPORT_H

#include <moxd/arena.h>
#include <moxd/buf.h>
#include <moxd/err.h>

enum {
    MOXD_DMARC_ROWS_MAX = 50000,         /* records of a report */
    MOXD_DMARC_SIGNATURES_MAX = 100,     /* DKIM results of a record (RFC 9990 2.2) */
    MOXD_DMARC_REASONS_MAX = 20,         /* of a record */
    MOXD_DMARC_ERRORS_MAX = 100,         /* of a report */
    MOXD_DMARC_REPORT_TEXT_MAX = 1024,   /* bytes of one value that are kept */
    MOXD_DMARC_REPORT_MEMORY = 64 << 20, /* bytes that a report may take in the arena */
};

/* Texts are UTF-8, "" where absent; words (results, policies) are in lower case. */
struct moxd_dmarc_report_reason {
    const char *type, *comment;
};
struct moxd_dmarc_report_auth {
    const char *domain, *selector; /* selector: DKIM only */
    const char *scope;             /* SPF only: "mfrom", "helo" */
    const char *result, *human;
};
/* Messages of one client that were judged alike. */
struct moxd_dmarc_report_row {
    const char *source_ip;
    uint64_t count;
    const char *disposition, *dkim, *spf; /* of the policy: "none", "pass", ...; "pass" or "fail" */
    struct moxd_dmarc_report_reason *reasons;
    size_t nreasons, creasons;
    const char *header_from, *envelope_from, *envelope_to;
    bool null_sender; /* envelope_from is there, and empty */
    struct moxd_dmarc_report_auth *dkims, *spfs;
    size_t ndkims, cdkims, nspfs, cspfs;
};
struct moxd_dmarc_report {
    const char *version, *organization, *email, *contact, *id, *generator;
    int64_t begin, end; /* seconds since 1970 */
    const char **errors;
    size_t nerrors, cerrors;
    /* The policy that was published. */
    const char *domain, *p, *sp, *np, *adkim, *aspf, *fo, *testing, *pct, *discovery;
    struct moxd_dmarc_report_row *v;
    size_t n, cap;
};
/* Appends the report as XML. */
void moxd_dmarc_report_write(struct moxd_buf *b, const struct moxd_dmarc_report *r);
/* Parses one. Broken XML is read as far as it makes sense, whatever is around the report; unknown elements are
 * passed over. SYNTAX: not a report: without a domain, a time, a row; a document type is refused. LIMIT. All in the
 * arena. Of values that are too long the rest is cut off. */
int moxd_dmarc_report_parse(struct moxd_str xml, struct moxd_arena *a,
                            struct moxd_dmarc_report *out, struct moxd_err *err) MOXD_CHECKED;

#endif
