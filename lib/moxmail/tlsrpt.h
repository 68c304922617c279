/* TLS reports (RFC 8460): the TXT record that asks for them, and the reports themselves. Pure; reports are read
 * and written on a worker. */
#ifndef MOXMAIL_TLSRPT_H
#define MOXMAIL_TLSRPT_H

#include <moxd/arena.h>
#include <moxd/buf.h>
#include <moxd/err.h>

enum {
    MOXD_TLSRPT_RECORD_MAX = 4096,   /* bytes of a TXT record */
    MOXD_TLSRPT_URIS_MAX = 20,       /* report addresses that are kept */
    MOXD_TLSRPT_POLICIES_MAX = 1000, /* of a report; a domain has two or three, and its hosts */
    MOXD_TLSRPT_DETAILS_MAX = 10000, /* failures of a report */
    MOXD_TLSRPT_STRINGS_MAX = 1000,  /* lines of a policy, patterns of hosts */
    MOXD_TLSRPT_VALUES_MAX = 400000, /* values in the JSON of a report: bounds memory */
    MOXD_TLSRPT_TEXT_MAX = 1024,     /* bytes of one value that are kept */
};

/* Whether a TXT record begins with "v=TLSRPTv1;": others at the same name do not count (RFC 8460 3). */
bool moxd_tlsrpt_is_record(struct moxd_str txt);
struct moxd_tlsrpt_record {
    const char *const
        *rua; /* "mailto:..." and "https://...", as written; NULL-ended; at least one */
    size_t nrua;
};
/* SYNTAX: not of the grammar, without rua. Addresses of other schemes are left out. */
int moxd_tlsrpt_record_parse(struct moxd_str txt, struct moxd_arena *a,
                             struct moxd_tlsrpt_record *out, struct moxd_err *err) MOXD_CHECKED;

/* A kind of failure (4.3, 4.4). Texts are UTF-8, "" where absent. */
struct moxd_tlsrpt_failure {
    const char *result; /* "certificate-expired" */
    const char *sending_ip, *mx, *helo, *receiving_ip;
    const char *info, *reason; /* additional-information, failure-reason-code */
    uint64_t count;            /* sessions */
};
struct moxd_tlsrpt_policy {
    const char *type;             /* "sts", "tlsa", "no-policy-found" */
    const char *domain;           /* A-labels */
    const char *const *strings;   /* of the policy; NULL-ended, never NULL itself; so are mx */
    const char *const *mx;        /* patterns of an MTA-STS policy */
    uint64_t successes, failures; /* sessions */
    struct moxd_tlsrpt_failure *v;
    size_t n;
};
struct moxd_tlsrpt_report {
    const char *organization, *contact, *id;
    int64_t begin, end; /* seconds since 1970 */
    struct moxd_tlsrpt_policy *v;
    size_t n;
};
/* Appends the report as JSON (4.4). */
void moxd_tlsrpt_write(struct moxd_buf *b, const struct moxd_tlsrpt_report *r);
/* Parses one: I-JSON (RFC 7493), but members that it lacks or that are of another type are taken as absent where
 * that makes sense; mx-host is taken as a string too. SYNTAX: no JSON, no object with policies, no date-range; LIMIT. All
 * in the arena. Of values that are too long the rest is cut off, at a character. */
int moxd_tlsrpt_parse(struct moxd_str json, struct moxd_arena *a, struct moxd_tlsrpt_report *out,
                      struct moxd_err *err) MOXD_CHECKED;

#endif
