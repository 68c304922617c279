#include "fuzz.h"

#include <moxmail/address.h>

/* Both forms of a domain are the domain. The first byte chooses the flags. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_str s = moxd_str((const char *)data + (size > 0), size - (size > 0));
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_domain d, again;
    struct moxd_err err = { 0 };
    unsigned flags = size > 0 ? data[0] & 15 : 0;

    if (moxd_domain_parse(s, flags, a, &d, &err) == 0) {
        moxd_assert(d.ascii.n > 0 && d.ascii.n <= MOXD_DOMAIN_MAX);
        moxd_assert(moxd_str_is_ascii(d.ascii) && moxd_str_is_utf8(d.utf8));
        int r = moxd_domain_parse(d.ascii, MOXD_ADDRESS_UNDERSCORE, a, &again, NULL);
        moxd_assert(r == 0 && moxd_domain_eq(&d, &again) && moxd_str_eq(d.utf8, again.utf8));
        if (d.utf8.n <= MOXD_DOMAIN_MAX) {
            r = moxd_domain_parse(d.utf8, MOXD_ADDRESS_UTF8 | MOXD_ADDRESS_UNDERSCORE, a, &again,
                                  NULL);
            moxd_assert(r == 0 && moxd_domain_eq(&d, &again));
        }
    } else {
        moxd_assert(err.pub[0] != '\0');
    }
    moxd_arena_free(a);
    return 0;
}
