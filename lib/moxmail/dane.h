/* TLSA records (RFC 6698, RFC 7671) as SMTP uses them (RFC 7672). Pure. */
#ifndef MOXMAIL_DANE_H
#define MOXMAIL_DANE_H

#include <moxd/arena.h>
#include <moxd/buf.h>
#include <moxd/err.h>

enum moxd_tlsa_usage { /* RFC 7218 2.1 */
                       MOXD_TLSA_PKIX_TA = 0,
                       MOXD_TLSA_PKIX_EE = 1,
                       MOXD_TLSA_DANE_TA = 2,
                       MOXD_TLSA_DANE_EE = 3,
};
enum moxd_tlsa_selector { MOXD_TLSA_CERT = 0, MOXD_TLSA_SPKI = 1 };
enum moxd_tlsa_matching { MOXD_TLSA_FULL = 0, MOXD_TLSA_SHA256 = 1, MOXD_TLSA_SHA512 = 2 };

/* A record. The numbers are as they came: any value. */
struct moxd_tlsa {
    unsigned char usage, selector, matching;
    struct moxd_str data; /* certificate association data */
};

/* Record data as in DNS (RFC 6698 2.1); data is a view of rdata. SYNTAX when a field is missing. */
int moxd_tlsa_parse(struct moxd_str rdata, struct moxd_tlsa *out,
                    struct moxd_err *err) MOXD_CHECKED;
/* Whether SMTP can use it: usage DANE-TA or DANE-EE (RFC 7672 3.1.3), a selector and a matching type that are
 * known, and data that can be of them (RFC 6698 4.1). */
bool moxd_tlsa_usable(const struct moxd_tlsa *t);
/* Appends it as zone files have it: "3 1 1 0b9fa5a5..." (RFC 6698 2.2). */
void moxd_tlsa_put(struct moxd_buf *b, const struct moxd_tlsa *t);

/* "3" or "DANE-EE", "1" or "SPKI", "1" or "SHA2-256" (RFC 7218 2.1 to 2.3, in any case); -1: none of them. */
int moxd_tlsa_usage_number(const char *text);
int moxd_tlsa_selector_number(const char *text);
int moxd_tlsa_matching_number(const char *text);
/* The record for a certificate in PEM, or with selector SPKI also for a public or private key. The data is in the
 * arena. SYNTAX: no such thing in it; INVALID: a selector or matching type that there is not, a key where a
 * certificate is needed. */
int moxd_tlsa_make(unsigned usage, unsigned selector, unsigned matching, struct moxd_str pem,
                   struct moxd_arena *a, struct moxd_tlsa *out, struct moxd_err *err) MOXD_CHECKED;

enum {
    MOXD_DANE_RECORDS_MAX = 32, /* usable records that are compared, the first ones */
    MOXD_DANE_CHAIN_MAX = 16,   /* certificates */
};
enum moxd_dane_result {
    MOXD_DANE_OK,
    MOXD_DANE_NO_MATCH,      /* no record is about any of the certificates */
    MOXD_DANE_HOST_MISMATCH, /* under DANE-TA: the certificate has none of the names */
    MOXD_DANE_EXPIRED,       /* under DANE-TA: a certificate is out of its time */
    MOXD_DANE_NOT_TRUSTED,   /* under DANE-TA: the chain does not lead to what a record is about */
};
struct moxd_dane_server {
    const struct moxd_str *chain; /* certificates in DER, as the server sent them */
    size_t nchain;
    const struct moxd_tlsa *records; /* those that are not usable are passed over */
    size_t nrecords;
    const char *const *names; /* reference identifiers (RFC 7672 3.2.2), NULL-ended */
    int64_t now;              /* seconds since 1970 */
};
/* Whether the records vouch for the server (RFC 7672 3.2, RFC 7671 5 and 9). *matched (may be NULL): the record that
 * does, or is about one of the certificates; NULL when there is none. */
enum moxd_dane_result moxd_dane_verify(const struct moxd_dane_server *server,
                                       const struct moxd_tlsa **matched);
/* For people: "no TLSA record matches the certificate", ...; "" for OK. */
const char *moxd_dane_result_text(enum moxd_dane_result r);

#endif
