/* The PRECIS profile OpaqueString for passwords (RFC 8265 4.2). Pure. */
#ifndef AUTH_PRECIS_H
#define AUTH_PRECIS_H

#include <moxd/buf.h>
#include <moxd/err.h>

enum {
    AUTH_PASSWORD_MIN = 8,   /* code points; for new passwords */
    AUTH_PASSWORD_MAX = 480, /* bytes; below CRYPT_MAX_PASSPHRASE_SIZE (512) */
};

/* Enforces the profile: UTF-8 of FreeformClass code points only (RFC 8264 4.3), other spaces become
 * SPACE, then NFC. Appends the result to `out`, at most AUTH_PASSWORD_MAX bytes. INVALID when the
 * profile refuses it (empty, not UTF-8, a code point that is not allowed), LIMIT when too long. */
int auth_precis_opaque(struct moxd_str s, struct moxd_buf *out, struct moxd_err *err) MOXD_CHECKED;

/* Number of code points in well-formed UTF-8. */
size_t auth_precis_length(struct moxd_str s);

/* A login name as it is looked up: NFC (AUTH-15). False when it is not UTF-8 or does not fit. */
bool auth_precis_login(struct moxd_str s, char *out, size_t cap) MOXD_CHECKED;

#endif
