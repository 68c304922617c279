/* SPF (RFC 7208): may a client use a domain in HELO or MAIL FROM?
 *
 * Pure but for the resolver that the caller gives: moxd_spf_check suspends where that does. Domains are
 * A-labels (RFC 8616 4). */
#ifndef MOXMAIL_SPF_H
#define MOXMAIL_SPF_H

#include <moxd/arena.h>
#include <moxd/buf.h>
#include <moxd/err.h>

enum {
    MOXD_SPF_LOOKUPS_MAX = 10,     /* terms that ask DNS, of one check (RFC 7208 4.6.4) */
    MOXD_SPF_VOIDS_MAX = 2,        /* lookups that find nothing (4.6.4) */
    MOXD_SPF_NAMES_MAX = 10,       /* hosts of one "mx", names of one "ptr" (4.6.4) */
    MOXD_SPF_RECORD_MAX = 8192,    /* bytes; 3.4 wants 450, flattened lists have some thousand */
    MOXD_SPF_EXPANDED_MAX = 4096,  /* bytes of an expanded macro string: a name has 253 */
    MOXD_SPF_EXPLANATION_MAX = 400 /* bytes: it goes into a reply line (RFC 5321 4.5.3.1.5) */
};

enum moxd_spf_result {
    MOXD_SPF_NONE,
    MOXD_SPF_NEUTRAL,
    MOXD_SPF_PASS,
    MOXD_SPF_FAIL,
    MOXD_SPF_SOFTFAIL,
    MOXD_SPF_TEMPERROR,
    MOXD_SPF_PERMERROR,
};
const char *moxd_spf_result_name(enum moxd_spf_result r); /* "pass" */

/* ---- records */

enum moxd_spf_mechanism {
    MOXD_SPF_ALL,
    MOXD_SPF_INCLUDE,
    MOXD_SPF_A,
    MOXD_SPF_MX,
    MOXD_SPF_PTR,
    MOXD_SPF_IP4,
    MOXD_SPF_IP6,
    MOXD_SPF_EXISTS,
};
struct moxd_spf_term {
    struct moxd_str text; /* as written */
    enum moxd_spf_mechanism mechanism;
    enum moxd_spf_result result; /* of a match: what the qualifier says */
    struct moxd_str domain;      /* domain-spec with its macros; empty: none */
    unsigned char ip[16];        /* of ip4 and ip6 */
    unsigned prefix4, prefix6;   /* 32 and 128 when not told */
};
struct moxd_spf_modifier {
    struct moxd_str name, value;
};
struct moxd_spf_record {
    struct moxd_spf_term *terms;
    size_t nterms;
    struct moxd_str redirect, exp; /* domain-specs; empty: not there */
    struct moxd_spf_modifier *others;
    size_t nothers;
};
/* Whether a TXT record is one of SPF: begins with "v=spf1" and then ends or goes on with a blank (4.5). */
bool moxd_spf_is_record(struct moxd_str txt);
/* Parses a record and checks all of its syntax, macros too (4.6). Views of `txt`. -1: permerror. */
int moxd_spf_record_parse(struct moxd_str txt, struct moxd_arena *a, struct moxd_spf_record *out,
                          struct moxd_err *err) MOXD_CHECKED;

/* ---- checks */

enum moxd_spf_type { MOXD_SPF_TYPE_TXT, MOXD_SPF_TYPE_A, MOXD_SPF_TYPE_AAAA, MOXD_SPF_TYPE_MX, MOXD_SPF_TYPE_PTR };
enum moxd_spf_status {
    MOXD_SPF_FOUND,    /* there are records */
    MOXD_SPF_NOTFOUND, /* no such name, or no records of the type */
    MOXD_SPF_ERROR,    /* SERVFAIL, bogus, timeout, cancelled */
};
struct moxd_spf_rr {
    struct moxd_str text; /* TXT: its strings joined; MX, PTR: the name, without its last dot */
    unsigned char ip[16]; /* A: 4 bytes, AAAA: 16 */
};
struct moxd_spf_answer {
    enum moxd_spf_status status;
    struct moxd_spf_rr *v; /* in the arena of the call */
    size_t n;
};
struct moxd_spf_resolver {
    /* `name`: labels with dots, without escapes and last dot, 253 bytes at most, no empty or long label;
     * printable ASCII, also what is no part of host names: a stranger's localpart or HELO may be in it. */
    void (*lookup)(void *arg, const char *name, enum moxd_spf_type type, struct moxd_arena *a,
                   struct moxd_spf_answer *out) MOXD_SUSPENDS;
    void *arg;
};
struct moxd_spf_args {
    unsigned char ip[16]; /* of the client; set by moxd_spf_ip */
    unsigned ip_len;      /* 4, 16 */
    struct moxd_str localpart, domain; /* the identity: MAIL FROM, or an empty localpart and the name in
                                          HELO; a literal or an invalid name gives NONE */
    struct moxd_str helo;
    const char *receiver;     /* our host name */
    int64_t now;              /* seconds since 1970 */
    bool local_names;         /* domains of one label are checked too, against RFC 7208 4.3 */
};
/* An address in network order, 4 or 16 bytes; an IPv4-mapped one becomes IPv4 (5). */
void moxd_spf_ip(struct moxd_spf_args *args, const void *ip, size_t n);

struct moxd_spf_outcome {
    enum moxd_spf_result result;
    struct moxd_str mechanism;   /* that matched, as written; "default" when none did */
    struct moxd_str domain;      /* whose record it was in: after a redirect not that of the identity */
    const char *problem;         /* of TEMPERROR and PERMERROR, else NULL */
    struct moxd_str explanation; /* of FAIL, by the domain: printable ASCII; empty: none */
    unsigned lookups, voids;     /* what was counted for the limits */
};
/* check_host() of RFC 7208 4. All of *out is in the arena. Time is the resolver's to limit: when its
 * answers become MOXD_SPF_ERROR, the result is TEMPERROR. */
void moxd_spf_check(const struct moxd_spf_args *args, const struct moxd_spf_resolver *r,
                    struct moxd_arena *a, struct moxd_spf_outcome *out) MOXD_SUSPENDS;

/* Appends the Received-SPF field (9.1) for a check of the identity "mailfrom" or "helo". */
void moxd_spf_received(struct moxd_buf *b, const struct moxd_spf_args *args,
                       const struct moxd_spf_outcome *o, const char *identity);

#endif
