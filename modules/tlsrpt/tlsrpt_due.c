/* Reports about a day go out in the four hours after it (RFC 8460 4.1), each domain at a time of its own, which is the same
 * after a restart. */
#include "tlsrpt.h"

#include <moxd/hash.h>

int64_t tlsrpt_due(int64_t day, const char *domain)
{
    const struct moxd_hash_key key = { { 0x746c73, (uint64_t)day } };

    return (day + 1) * TLSRPT_DAY + 60 +
           (int64_t)(moxd_hash(&key, moxd_cstr(domain)) % (TLSRPT_SPREAD - 120));
}
