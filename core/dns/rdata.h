/* Record data as in DNS messages, uncompressed (RFC 1035 3.3, RFC 3596, RFC 2782): pure. */
#ifndef MOXD_CORE_RDATA_H
#define MOXD_CORE_RDATA_H

#include <moxd/dns.h>

/* Decodes data into *rr by type; types without fields of their own only keep the raw data. -1 when it
 * is malformed. Everything lives in `a`. */
int core_rdata_decode(enum moxd_dns_type type, struct moxd_str data, struct moxd_arena *a,
                      struct moxd_dns_record *rr) MOXD_CHECKED;
/* A name in text: lower case, without the final dot; "" is the root. */
char *core_dns_canonical(const char *name, struct moxd_arena *a);

#endif
