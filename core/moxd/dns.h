/* DNS through libunbound, validating. Every answer says whether DNSSEC proved it. */
#ifndef MOXD_DNS_H
#define MOXD_DNS_H

#include <moxd/arena.h>
#include <moxd/err.h>
#include <moxd/fiber.h>
#include <sys/socket.h>

enum moxd_dns_status {
    MOXD_DNS_OK,       /* records are there */
    MOXD_DNS_NODATA,   /* the name exists, not this type */
    MOXD_DNS_NXDOMAIN,
    MOXD_DNS_TEMP,     /* SERVFAIL, timeout, no network: try again later */
    MOXD_DNS_BOGUS,    /* DNSSEC validation failed: treat as TEMP, never as an answer */
};
enum moxd_dns_type {
    MOXD_DNS_A = 1, MOXD_DNS_NS = 2, MOXD_DNS_CNAME = 5, MOXD_DNS_PTR = 12, MOXD_DNS_MX = 15,
    MOXD_DNS_TXT = 16, MOXD_DNS_AAAA = 28, MOXD_DNS_SRV = 33, MOXD_DNS_TLSA = 52,
};
struct moxd_dns_record {
    struct moxd_str data;     /* raw rdata */
    /* decoded by type: */
    const char *name;         /* MX, CNAME, PTR, NS, SRV: target, no final dot, lower case */
    unsigned pref;            /* MX preference, SRV priority */
    struct moxd_str text;     /* TXT: its strings joined */
    struct sockaddr_storage addr; /* A, AAAA */
};
struct moxd_dns_answer {
    enum moxd_dns_status status;
    bool secure;              /* proven by DNSSEC, also for NODATA and NXDOMAIN */
    const char *why_bogus;    /* or NULL */
    const char *canonical;    /* final name after CNAMEs */
    uint32_t ttl;
    struct moxd_dns_record *rr;
    size_t n;
};
/* Looks up an absolute name (no final dot needed; ASCII). Everything in *out lives in `a`. Returns
 * MOXD_OK with any status, or MOXD_TIMEOUT (also as TEMP in out->status), MOXD_CANCELLED. */
int moxd_dns_query(const char *name, enum moxd_dns_type type, struct moxd_arena *a,
                   struct moxd_dns_answer *out, int64_t deadline) MOXD_SUSPENDS;
/* The reverse name of an address: "1.2.0.192.in-addr.arpa". */
const char *moxd_dns_reverse(const struct sockaddr *sa, struct moxd_arena *a);

/* Set once from the configuration before the first query. All may be NULL or empty. */
struct moxd_dns_stub {
    const char *zone, *server; /* "example.", "127.0.0.1@5353" */
};
struct moxd_dns_opts {
    const char *trust_anchor_file;      /* default: the system's dns-root-data */
    const char *const *forward;         /* "192.0.2.1" or "192.0.2.1@53": forwarders; NULL-ended */
    const struct moxd_dns_stub *stubs;  /* for tests and split horizon */
    size_t nstubs;
    const char *const *local_data;      /* "name. 300 IN A 192.0.2.1": answered locally, for tests;
                                           NULL-ended. Under test. and invalid. nothing else exists */
    bool local_only;                    /* nothing but local_data exists, and nobody is asked */
};
int moxd_dns_setup(const struct moxd_dns_opts *opts, struct moxd_err *err) MOXD_CHECKED;
void moxd_dns_fini(void);

#endif
