/* The networks that an address counts in. */
#include "ratelimit.h"

int ratelimit_net_parse(struct moxd_str s, struct moxd_network *out)
{
    return moxd_network_parse(s, out) == 0 && moxd_network_is_exact(out) ? 0 : -1;
}

struct moxd_network ratelimit_net_of(const struct moxd_network *ip, size_t w)
{
    static const unsigned v4[RATELIMIT_WIDTHS] = { MOXD_NETWORK_IPV4 + 32, MOXD_NETWORK_IPV4 + 26,
                                                   MOXD_NETWORK_IPV4 + 21 };
    static const unsigned v6[RATELIMIT_WIDTHS] = { 64, 48, 32 };

    return moxd_network_cut(ip, moxd_network_is_ipv4(ip) ? v4[w] : v6[w]);
}
