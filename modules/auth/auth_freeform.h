/* The PRECIS FreeformClass (RFC 8264 4.3, 8, 9) on libunistring's Unicode data. Pure. */
#ifndef AUTH_FREEFORM_H
#define AUTH_FREEFORM_H

#include <moxd/base.h>

/* Whether the code point at cp[i] may stand there; the contextual rules of RFC 5892 look at the
 * whole string. */
bool auth_freeform_allowed(const uint32_t *cp, size_t n, size_t i);
/* General category Zs. */
bool auth_freeform_is_space(uint32_t c);

#endif
