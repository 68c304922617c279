/* The header section of an incoming message: where it ends, what is in it, what is taken out. Pure. */
#ifndef SMTP_HEADERS_H
#define SMTP_HEADERS_H

#include <moxd/arena.h>
#include <moxd/buf.h>
#include <moxd/err.h>

#include "smtp_api.h"

/* Finds the blank line that ends a header section in data that comes in pieces. */
struct smtp_header_end {
    unsigned state;
};
void smtp_header_end_init(struct smtp_header_end *e);
/* Index in p after the blank line, or -1: not in this piece. */
ptrdiff_t smtp_header_end_find(struct smtp_header_end *e, const char *p, size_t n);

/* How often fields are there, and the values of some (with their folding). */
struct smtp_header_facts {
    size_t from, sender, received, date, message_id, return_path, tls_required;
    struct moxd_str from_value, sender_value, tls_required_value;
};
void smtp_header_facts(struct moxd_str header, struct smtp_header_facts *out);
/* Appends the header without fields that must not get further; everything else stays byte for byte:
 * of a submission Bcc (RFC 5322 3.6.3), Return-Path (RFC 5321 4.4) and X-Mox-Extra-...; Authentication-Results that claim
 * to be from us, `hostname`, that cannot be read and have our name in them, or that are of a version that
 * we do not know (RFC 8601 5). */
void smtp_header_strip(struct moxd_buf *out, struct moxd_str header, bool submission,
                       const char *hostname);

/* smtp_extra.c */
/* Whether it is the name of a field X-Mox-Extra-KEY. */
bool smtp_is_extra(struct moxd_str name);
/* What those fields of a header say: keys in lower case, values as UTF-8, in the arena. INVALID, 550 5.6.0: one is there
 * twice, has no key, or there is more than the limits allow. */
int smtp_extra_read(struct moxd_str header, struct moxd_arena *a, const struct smtp_extra **out,
                    size_t *n, struct moxd_err *err) MOXD_CHECKED;

#endif
