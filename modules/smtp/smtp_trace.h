/* Trace information and the other fields that we add to a message. Pure. */
#ifndef SMTP_TRACE_H
#define SMTP_TRACE_H

#include <moxd/buf.h>

/* What a Received field says (RFC 5321 4.4). */
struct smtp_received {
    struct moxd_str from;  /* argument of EHLO */
    const char *remote_ip; /* or NULL: not told */
    const char *by;        /* our name */
    bool esmtp, tls, authenticated, smtputf8;
    bool requiretls; /* told in a comment (SMTPIN-08) */
    const char *tls_version, *tls_cipher; /* NULL without TLS */
    const char *id;
    struct moxd_str for_path; /* the only recipient; empty: none or several */
    int64_t time;             /* wall, ns */
};
/* Appends the field, folded. */
void smtp_received_write(struct moxd_buf *b, const struct smtp_received *r);
/* The WITH keyword (RFC 3848, RFC 6531 3.7.3). */
const char *smtp_with(bool esmtp, bool smtputf8, bool tls, bool authenticated);
/* "[192.0.2.1]", "[IPv6:2001:db8::1]" (RFC 5321 4.1.3). */
void smtp_address_literal(struct moxd_buf *b, const char *ip);
/* "Fri, 21 Nov 2026 08:00:00 +0000" (RFC 5322 3.3) in the zone of this machine, as RFC 5321 4.4 wants. */
void smtp_date(struct moxd_buf *b, int64_t time);
/* A new msg-id without <>: random text @ our name (RFC 5322 3.6.4). */
void smtp_message_id(struct moxd_buf *b, const char *hostname);
/* Minutes east of UTC here at that time. */
int smtp_local_zone(int64_t time);

#endif
