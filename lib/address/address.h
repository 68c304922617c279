/* What the address parsers share. */
#ifndef MAIL_ADDRESS_H
#define MAIL_ADDRESS_H

#include <moxmail/address.h>

/* Sets a 501 reply (or 553 5.6.7 for UTF-8 that is not allowed) and returns -1. */
int mail_address_fail(struct moxd_err *err, const char *text);
int mail_address_fail_utf8(struct moxd_err *err);

/* Character of an atom, without UTF-8 (RFC 5322 3.2.3). */
bool mail_is_atext(char c);
static inline bool mail_is_utf8(char c)
{
    return (unsigned char)c >= 0x80;
}

/* Each consumes one element at the start of *s. */
int mail_localpart_take(struct moxd_str *s, unsigned flags, struct moxd_arena *a,
                        struct moxd_str *out, struct moxd_err *err) MOXD_CHECKED;
int mail_domain_take(struct moxd_str *s, unsigned flags, struct moxd_arena *a,
                     struct moxd_domain *out, struct moxd_err *err) MOXD_CHECKED;
/* `[...]`, the whole of s. */
int mail_literal_parse(struct moxd_str s, unsigned flags, struct moxd_arena *a,
                       struct moxd_domain *out, struct moxd_err *err) MOXD_CHECKED;
/* s in NFC; it is well-formed UTF-8. */
struct moxd_str mail_nfc(struct moxd_str s, struct moxd_arena *a);

#endif
