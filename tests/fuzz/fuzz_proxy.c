/* The header of the PROXY protocol: the first byte says how the rest is cut into pieces, which must not change
 * anything. */
#include "fuzz.h"

#include "listen/proxy_header.h"

#include <string.h>

static size_t feed(struct core_proxy_header *h, const uint8_t *p, size_t n, size_t piece)
{
    size_t used = 0;

    while (used < n && h->state == CORE_PROXY_MORE) {
        size_t k = n - used < piece ? n - used : piece, fed = core_proxy_feed(h, p + used, k);
        moxd_assert(fed == k || (fed < k && h->state != CORE_PROXY_MORE));
        used += fed;
    }
    return used;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct core_proxy_header whole = { 0 }, cut = { 0 };

    if (size == 0)
        return 0;
    size_t a = feed(&whole, data + 1, size - 1, size),
           b = feed(&cut, data + 1, size - 1, data[0] % 7 + 1);
    moxd_assert(a == b && whole.state == cut.state && whole.known == cut.known);
    moxd_assert(memcmp(&whole.remote, &cut.remote, sizeof(cut.remote)) == 0);
    moxd_assert(!whole.known || whole.remote.sa.sa_family == whole.local.sa.sa_family);
    moxd_assert(a <= CORE_PROXY_V2_HEAD + CORE_PROXY_V2_MAX);
    return 0;
}
