/* DMARC (RFC 9989): what the owner of a domain wants done with mail in its name that proves nothing.
 *
 * Pure but for the resolver that the caller gives: what asks it suspends where that does. Domains are
 * A-labels, without a final dot. */
#ifndef MOXMAIL_DMARC_H
#define MOXMAIL_DMARC_H

#include <moxd/arena.h>
#include <moxd/buf.h>
#include <moxd/err.h>
#include <moxmail/psl.h>

enum {
    MOXD_DMARC_QUERIES_MAX = 8,   /* of a walk up the tree (RFC 9989 4.10) */
    MOXD_DMARC_RECORD_MAX = 4096, /* bytes; a record with ten addresses has some hundred */
    MOXD_DMARC_URIS_MAX = 20,     /* report addresses of a tag that are kept */
};

enum moxd_dmarc_policy {
    MOXD_DMARC_ABSENT, /* no such tag */
    MOXD_DMARC_NONE,
    MOXD_DMARC_QUARANTINE,
    MOXD_DMARC_REJECT,
};
const char *moxd_dmarc_policy_name(enum moxd_dmarc_policy p); /* "none"; "" when absent */

/* ---- records */

enum moxd_dmarc_psd { MOXD_DMARC_PSD_U, MOXD_DMARC_PSD_Y, MOXD_DMARC_PSD_N };
enum moxd_dmarc_fo {                        /* when failure reports are wanted */
                     MOXD_DMARC_FO_ALL = 1, /* "0", the default */
                     MOXD_DMARC_FO_ANY = 2, /* "1" */
                     MOXD_DMARC_FO_DKIM = 4,
                     MOXD_DMARC_FO_SPF = 8,
};
struct moxd_dmarc_uri {
    struct moxd_str uri; /* as written, without the size that RFC 7489 allowed behind "!" */
    uint64_t max_size;   /* bytes; 0: none told */
};
struct moxd_dmarc_record {
    enum moxd_dmarc_policy p, sp, np;
    enum moxd_dmarc_psd psd;
    bool adkim_strict, aspf_strict;
    bool testing; /* t=y */
    unsigned fo;  /* enum moxd_dmarc_fo */
    const struct moxd_dmarc_uri *rua, *ruf;
    size_t nrua, nruf;
    struct moxd_str text; /* all of it, as it was read */
};
/* Whether a TXT record is one of DMARC: its first tag is v=DMARC1. */
bool moxd_dmarc_is_record(struct moxd_str txt);
/* Parses a record. Unknown tags, those of old (pct, rf, ri), and what is malformed behind the version are
 * passed over, as RFC 9989 4.7 wants. A record without a valid p, or with an invalid sp or np, counts as
 * p=none when it has a rua, and is no record otherwise (4.10.1). -1: no record. The views point into `txt`. */
int moxd_dmarc_record_parse(struct moxd_str txt, struct moxd_arena *a,
                            struct moxd_dmarc_record *out, struct moxd_err *err) MOXD_CHECKED;
/* Appends the record as it is to be published; tags that have their default are left out. */
void moxd_dmarc_record_write(struct moxd_buf *b, const struct moxd_dmarc_record *r);
/* Appends "mailto:" and the address, with all escaped that means something in a URI or in a tag list
 * (RFC 6068 2, RFC 9989 4.7): the one way in which report addresses are written (DMARC-03). */
void moxd_dmarc_mailto(struct moxd_buf *b, struct moxd_str localpart, struct moxd_str domain);
/* The address of a "mailto:" URI, unescaped, without its header fields; -1 when it is none. */
int moxd_dmarc_uri_address(struct moxd_str uri, struct moxd_arena *a, struct moxd_str *localpart,
                           struct moxd_str *domain) MOXD_CHECKED;

/* ---- the tree */

enum moxd_dmarc_status {
    MOXD_DMARC_FOUND,
    MOXD_DMARC_NODATA,
    MOXD_DMARC_NXDOMAIN,
    MOXD_DMARC_ERROR, /* SERVFAIL, bogus, timeout, cancelled */
};
struct moxd_dmarc_resolver {
    /* Asks for TXT records; their text goes to *txt (strings joined), in the arena. */
    enum moxd_dmarc_status (*txt)(void *arg, const char *name, struct moxd_arena *a,
                                  struct moxd_str **txt, size_t *n) MOXD_SUSPENDS;
    void *arg;
    /* Organizations are those of this list (RFC 7489 3.2), unless a record says psd=y or psd=n; NULL: those that the
     * walk finds. */
    const struct moxd_psl *psl;
};
/* A record that a walk found. */
struct moxd_dmarc_found {
    struct moxd_str domain;
    struct moxd_dmarc_record record;
};
struct moxd_dmarc_walk {
    struct moxd_str start; /* where it began */
    struct moxd_str org;   /* the organizational domain (RFC 9989 4.10.2) */
    struct moxd_dmarc_found v[MOXD_DMARC_QUERIES_MAX]; /* the longest name first */
    size_t n;
    bool errors; /* an answer was missing: there may be more, and org may be wrong */
};
/* Walks from the domain up the tree. All in the arena. */
void moxd_dmarc_walk(struct moxd_str domain, const struct moxd_dmarc_resolver *r,
                     struct moxd_arena *a, struct moxd_dmarc_walk *out) MOXD_SUSPENDS;

/* The policy for the domain where the walk began (4.10.1): that of its own record, of its organization, or
 * of its public suffix. NULL when there is none. */
const struct moxd_dmarc_found *moxd_dmarc_applies(const struct moxd_dmarc_walk *w);
/* What the record says for the domain `from`: p of its own, else np when that domain does not exist, sp;
 * with t=y one level less (4.7). Never ABSENT. */
enum moxd_dmarc_policy moxd_dmarc_policy_for(const struct moxd_dmarc_found *f, struct moxd_str from,
                                             bool exists);

/* ---- verdicts */

enum moxd_dmarc_result {
    MOXD_DMARC_RESULT_NONE, /* no policy */
    MOXD_DMARC_RESULT_PASS,
    MOXD_DMARC_RESULT_FAIL,
    MOXD_DMARC_RESULT_TEMPERROR,
};
const char *moxd_dmarc_result_name(enum moxd_dmarc_result r);

/* A domain that SPF or DKIM looked at. */
struct moxd_dmarc_auth {
    bool is_spf;
    enum { MOXD_DMARC_AUTH_PASS, MOXD_DMARC_AUTH_TEMPERROR, MOXD_DMARC_AUTH_OTHER } result;
    struct moxd_str domain;
    bool aligned; /* set by moxd_dmarc_evaluate: the same as the author's, or of its organization */
};
struct moxd_dmarc_verdict {
    enum moxd_dmarc_result result;
    enum moxd_dmarc_policy policy;        /* of the domain, for this author; ABSENT without one */
    const struct moxd_dmarc_found *found; /* in the walk; NULL: none */
    bool spf_aligned, dkim_aligned;       /* with a pass */
};
/* For the author's domain, whose walk was made: does one of the n domains that passed speak for it? Asks for
 * whether the author's domain exists, and walks from domains that might be of the same organization. A
 * message that may only have failed because of an error is TEMPERROR. */
void moxd_dmarc_evaluate(const struct moxd_dmarc_walk *author, struct moxd_dmarc_auth *auths,
                         size_t n, const struct moxd_dmarc_resolver *r, struct moxd_arena *a,
                         struct moxd_dmarc_verdict *out) MOXD_SUSPENDS;

/* Whether `destination` wants reports about `policy_domain` (RFC 9990 4): it says so in DNS. 1, 0, or -1 when
 * DNS did not answer. Not needed where both are of one organization. */
int moxd_dmarc_wants_reports(struct moxd_str policy_domain, struct moxd_str destination,
                             const struct moxd_dmarc_resolver *r,
                             struct moxd_arena *a) MOXD_CHECKED MOXD_SUSPENDS;

#endif
