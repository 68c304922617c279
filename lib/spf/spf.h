/* Inside of SPF. */
#ifndef MAIL_SPF_H
#define MAIL_SPF_H

#include <moxmail/spf.h>

/* One check as it runs. */
struct mail_spf {
    const struct moxd_spf_args *args;
    const struct moxd_spf_resolver *resolver;
    struct moxd_arena *a;
    struct moxd_spf_outcome *out;
    struct moxd_str localpart; /* "postmaster" when there is none */
    struct moxd_str domain;    /* <domain>: whose record is being evaluated */
    unsigned depth;            /* of includes */
    bool unmatchable;          /* a macro gave what cannot be in DNS */
    /* Names of the client that its addresses confirm (5.5), looked up once. */
    bool names_known;
    struct moxd_str names[MOXD_SPF_NAMES_MAX];
    size_t nnames;
};
/* What a term gives: 1 a match, 0 none, -1 the end of the whole check, its result set. */

/* Sets the result; -1. */
int mail_spf_stop(struct mail_spf *c, enum moxd_spf_result r, const char *problem);
/* Counts a term that asks DNS. -1 over the limit. */
int mail_spf_count(struct mail_spf *c) MOXD_CHECKED;
/* A lookup whose error ends the check (5) and whose finding nothing counts (4.6.4). A name that cannot be
 * in DNS is not found. 1, 0, -1. */
int mail_spf_lookup(struct mail_spf *c, struct moxd_str name, enum moxd_spf_type type,
                    struct moxd_arena *a, struct moxd_spf_answer *out) MOXD_CHECKED MOXD_SUSPENDS;
/* The same without these consequences. */
enum moxd_spf_status mail_spf_ask(struct mail_spf *c, struct moxd_str name, enum moxd_spf_type type,
                                  struct moxd_arena *a, struct moxd_spf_answer *out) MOXD_SUSPENDS;
/* Whether labels and length are those of a name in DNS. */
bool mail_spf_name_ok(struct moxd_str name);

/* macro.c */
/* Checks a domain-spec, the macro-string of an unknown modifier, or an explanation (7.1). */
enum mail_spf_macros { MAIL_SPF_DOMAIN_SPEC, MAIL_SPF_MACRO_STRING, MAIL_SPF_EXPLAIN };
bool mail_spf_macros_ok(struct moxd_str s, enum mail_spf_macros kind);
/* Appends what s expands to; it was checked before. Overflow of *b is the caller's to see. -1 when a lookup
 * for %{p} ended the check. */
int mail_spf_expand(struct mail_spf *c, struct moxd_str s,
                    struct moxd_buf *b) MOXD_CHECKED MOXD_SUSPENDS;
/* The <target-name> of a domain-spec: expanded, without its last dot, cut to 253 bytes (7.3); or <domain>
 * when the spec is empty. 0 when it cannot match anything; 1, -1. */
int mail_spf_target(struct mail_spf *c, struct moxd_str spec,
                    struct moxd_str *out) MOXD_CHECKED MOXD_SUSPENDS;

/* mechanism.c */
int mail_spf_matches(struct mail_spf *c, const struct moxd_spf_term *t) MOXD_CHECKED MOXD_SUSPENDS;
/* Finds the client's confirmed names. */
int mail_spf_names(struct mail_spf *c) MOXD_CHECKED MOXD_SUSPENDS;
/* Whether name is domain or below it. */
bool mail_spf_within(struct moxd_str name, struct moxd_str domain);

/* check.c: "include". 1, 0, -1. */
int mail_spf_include(struct mail_spf *c, struct moxd_str domain) MOXD_CHECKED MOXD_SUSPENDS;

/* address.c: as %{i} and %{c} show them. */
void mail_spf_dotted(struct moxd_buf *b, const struct moxd_spf_args *args);
void mail_spf_readable(struct moxd_buf *b, const struct moxd_spf_args *args);

#endif
