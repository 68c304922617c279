/* MTA Strict Transport Security (RFC 8461): TXT records, policy files, names of hosts. Pure.
 *
 * Domains are A-labels, without a final dot. */
#ifndef MOXMAIL_MTASTS_H
#define MOXMAIL_MTASTS_H

#include <moxd/arena.h>
#include <moxd/buf.h>
#include <moxd/err.h>

enum {
    MOXD_MTASTS_ID_MAX = 32,            /* characters of an id (RFC 8461 3.1) */
    MOXD_MTASTS_RECORD_MAX = 1024,      /* bytes of a TXT record; one has about 40 */
    MOXD_MTASTS_POLICY_MAX = 64000,     /* bytes of a policy file (3.3) */
    MOXD_MTASTS_MX_MAX = 1000,          /* patterns of a policy */
    MOXD_MTASTS_AGE_MAX = 31557600,     /* seconds (3.2) */
};

/* Whether a TXT record begins with "v=STSv1;": others at the same name do not count (3.1). */
bool moxd_mtasts_is_record(struct moxd_str txt);
/* The id of a record, a view into `txt`. SYNTAX: not of the grammar; unknown fields are ignored, of a field
 * that is there twice the first counts. */
int moxd_mtasts_record_parse(struct moxd_str txt, struct moxd_str *id,
                             struct moxd_err *err) MOXD_CHECKED;

enum moxd_mtasts_mode { MOXD_MTASTS_NONE, MOXD_MTASTS_TESTING, MOXD_MTASTS_ENFORCE };
const char *moxd_mtasts_mode_name(enum moxd_mtasts_mode mode); /* "none" */

struct moxd_mtasts_policy {
    enum moxd_mtasts_mode mode;
    uint32_t max_age; /* seconds */
    const char *const
        *mx; /* patterns: "mail.example.org", "*.example.net", lower case; NULL-ended */
    size_t nmx;
};
/* Parses a policy file (3.2), with CRLF or LF; it may be empty lines at its end. SYNTAX: a line that is no key
 * and value, a required key that is missing or has no valid value; LIMIT: too long, too many patterns. Unknown
 * keys are ignored, of a key but mx that is there twice the first counts. All in the arena. */
int moxd_mtasts_policy_parse(struct moxd_str file, struct moxd_arena *a,
                             struct moxd_mtasts_policy *out, struct moxd_err *err) MOXD_CHECKED;
/* The lines that say the policy, as RFC 8460 4.5 wants it in reports: "version: STSv1", "mode: enforce", ...;
 * NULL-ended, in the arena. */
const char *const *moxd_mtasts_policy_lines(const struct moxd_mtasts_policy *p,
                                            struct moxd_arena *a);
/* Appends the file that publishes the policy, with CRLF. */
void moxd_mtasts_policy_write(struct moxd_buf *b, const struct moxd_mtasts_policy *p);
/* Whether a host is one of the policy's (4.1): "*" stands for exactly one label. */
bool moxd_mtasts_match(const struct moxd_mtasts_policy *p, struct moxd_str host);

#endif
