/* Authenticated Received Chains (RFC 8617): what servers on a message's way found out about it, each signed. Bytes in,
 * structs out: DNS is the caller's. Hashes and keys are those of <moxmail/dkim.h>.
 *
 * To verify: read the chain; when it could be good, look up the keys of the last set's ams and of all seals, feed the
 * body hash that the ams wants, verify them, the ams by moxd_dkim_verify. All must pass. */
#ifndef MOXMAIL_ARC_H
#define MOXMAIL_ARC_H

#include <moxmail/authres.h>
#include <moxmail/dkim.h>

enum { MOXD_ARC_SETS_MAX = 50 /* RFC 8617 4.2.1 */ };

enum moxd_arc_status { MOXD_ARC_NONE, MOXD_ARC_FAIL, MOXD_ARC_PASS }; /* RFC 8617 4.4 */
/* "none", "fail", "pass" */
const char *moxd_arc_status_name(enum moxd_arc_status s);

struct moxd_arc_set {
    const struct moxd_field *results_field, *message_field, *seal_field;
    struct moxd_dkim_sig message; /* of the last set only */
    struct moxd_dkim_sig seal;
};
struct moxd_arc_chain {
    enum moxd_arc_status status; /* PASS: as far as can be said without the signatures */
    const char *reason;          /* of FAIL: a constant */
    struct moxd_arc_set *sets;   /* in order of their instances, complete only for PASS */
    size_t n;
    bool ended; /* the last seal says fail: nothing is added any more (RFC 8617 5.1) */
};
/* Steps 1 to 3 of RFC 8617 5.2: the sets of a header, in the arena. Linear. */
void moxd_arc_read(const struct moxd_dkim_header *h, struct moxd_arena *a,
                   struct moxd_arc_chain *out);
/* Step 6 for the i-th set. About as long as a DKIM signature takes. */
struct moxd_dkim_verdict moxd_arc_verify_seal(const struct moxd_arc_chain *c, size_t i,
                                              const struct moxd_dkim_key *key);
/* What the i-th set says that its server found out; values in the arena. -1: not of that grammar. */
int moxd_arc_results(const struct moxd_arc_chain *c, size_t i, struct moxd_arena *a,
                     struct moxd_authres_field *out, struct moxd_err *err) MOXD_CHECKED;

struct moxd_arc_sealing {
    enum moxd_arc_status status;        /* of the chain, once its signatures were verified */
    struct moxd_str id;                 /* authserv-id: our name */
    const struct moxd_authres *results; /* what we found out; arc itself is among them */
    size_t nresults;
    struct moxd_dkim_signing
        how; /* domain, selector, names, signed_at; relaxed, never sealed or expiring */
};
/* Appends the three fields of a set, which go before the header; body: its relaxed hash. Nothing when the chain has
 * ended, or has MOXD_ARC_SETS_MAX sets. LIMIT, INTERNAL as moxd_dkim_sign. */
int moxd_arc_seal(const struct moxd_arc_chain *c, const struct moxd_dkim_header *h,
                  const struct moxd_arc_sealing *s, const struct moxd_dkim_private *k,
                  struct moxd_str body, struct moxd_buf *out, struct moxd_err *err) MOXD_CHECKED;

#endif
