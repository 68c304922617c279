/* dkim/1: signatures for messages that the server itself sends (reports, notifications). What users submit is signed
 * in on_submit. */
#ifndef MOXD_DKIM_H
#define MOXD_DKIM_H

#include <moxd/arena.h>
#include <moxd/buf.h>
#include <moxd/err.h>
#include <moxd/smtp.h>
#include <moxmail/dkim.h>

struct moxd_instance;
struct store_draft;

enum { DKIM_FIELDS_MAX = 8 * 8192 /* bytes of all signatures of a message */ };

struct dkim_v1 {
    /* Appends to out the DKIM-Signature fields of a message with CRLF line ends: they go before its header. It is signed
     * with the keys of `domain`, or where that is empty with those of the domain in From, or of the next domain above that
     * is ours and signs. header: all of it that will be signed, with its blank line; the body is in the draft from
     * body_start on. 1: signed; 0: no domain of ours signs for it; -1: it should be signed and cannot be (a key that
     * cannot be read: TEMP, INVALID; CANCELLED). */
    int (*sign)(struct moxd_instance *self, struct moxd_str domain, struct moxd_str header,
                struct store_draft *draft, uint64_t body_start, struct moxd_buf *out,
                struct moxd_err *err) MOXD_SUSPENDS;

    /* 1.1 */
    /* The domains (d=, A-labels in lower case) of signatures over all of a message in a draft, which begins with its
     * header, that verify with keys for the service: "tlsrpt" (RFC 8460 3). CANCELLED. */
    int (*verify)(struct moxd_instance *self, const char *service, struct moxd_str header,
                  struct store_draft *draft, struct moxd_arena *a, struct moxd_str **domains,
                  size_t *n, struct moxd_err *err) MOXD_SUSPENDS;

    /* 1.2 */
    /* The key for a signature, also for one of ARC: looked up in DNS, and checked for this use (RFC 6376 6.1.2). -1
     * with *why: there is none, DNS does not say, or it must not be used. *dnssec in any case; results in the arena. */
    int (*key)(struct moxd_instance *self, const struct moxd_dkim_sig *sig, struct moxd_arena *a,
               struct moxd_dkim_key *out, enum smtp_dnssec *dnssec,
               struct moxd_dkim_verdict *why) MOXD_SUSPENDS;

    /* 1.3 */
    /* What a domain signs with when there can be one signature only (a set of ARC), RSA before other keys, since all
     * verifiers know it: the domain (which is not empty; or the next one above it that is ours and signs), the selector
     * and names for *how, in the arena, and the key, which the caller unrefs. utf8: the header is internationalized
     * (RFC 8616 5). 1; 0: no domain of ours signs for it; -1: as sign. */
    int (*signer)(struct moxd_instance *self, struct moxd_str domain, bool utf8,
                  struct moxd_arena *a, struct moxd_dkim_signing *how,
                  struct moxd_dkim_private **key, struct moxd_err *err) MOXD_SUSPENDS;
};

#endif
