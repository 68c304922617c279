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

#endif
