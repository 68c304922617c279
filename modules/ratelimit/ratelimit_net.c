/* Networks as bytes: IPv4 lies at ::ffff:0:0/96. */
#include "ratelimit.h"

#include <arpa/inet.h>
#include <stdio.h>

enum { IPV4_AT = 96, BITS = 128 };

static bool is_ipv4(const struct ratelimit_net *net)
{
    static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

    return net->bits >= IPV4_AT && memcmp(net->addr, mapped, sizeof(mapped)) == 0;
}

static int parse_address(const char *text, struct ratelimit_net *out)
{
    unsigned char *v4 = out->addr + IPV4_AT / 8;

    *out = (struct ratelimit_net){ .bits = BITS };
    if (inet_pton(AF_INET6, text, out->addr) == 1)
        return 0;
    memset(out->addr, 0, sizeof(out->addr));
    out->addr[10] = out->addr[11] = 0xff;
    return inet_pton(AF_INET, text, v4) == 1 ? 0 : -1;
}

static void mask(struct ratelimit_net *net, unsigned bits)
{
    net->bits = (unsigned char)bits;
    for (size_t i = 0; i < sizeof(net->addr); i++) {
        unsigned keep = bits > i * 8 ? bits - (unsigned)i * 8 : 0;
        if (keep < 8)
            net->addr[i] &= (unsigned char)(0xff << (8 - keep));
    }
}

int ratelimit_net_parse(struct moxd_str s, struct ratelimit_net *out)
{
    char text[RATELIMIT_NAME_MAX];
    bool single = moxd_str_chr(s, '/') < 0;
    struct moxd_str address = moxd_str_cut(&s, '/');
    uint64_t bits;

    if (moxd_str_copy(address, text, sizeof(text)) < 0 || parse_address(text, out) < 0)
        return -1;
    if (single)
        return 0;
    if (moxd_str_u64(s, is_ipv4(out) ? BITS - IPV4_AT : BITS, &bits) < 0)
        return -1;
    struct ratelimit_net whole = *out;
    mask(out, (unsigned)bits + (is_ipv4(out) ? IPV4_AT : 0));
    return memcmp(whole.addr, out->addr, sizeof(whole.addr)) == 0 ? 0 : -1;
}

struct ratelimit_net ratelimit_net_of(const struct ratelimit_net *ip, size_t w)
{
    static const unsigned v4[RATELIMIT_WIDTHS] = { IPV4_AT + 32, IPV4_AT + 26, IPV4_AT + 21 };
    static const unsigned v6[RATELIMIT_WIDTHS] = { 64, 48, 32 };
    struct ratelimit_net net = *ip;

    mask(&net, is_ipv4(ip) ? v4[w] : v6[w]);
    return net;
}

bool ratelimit_net_has(const struct ratelimit_net *net, const struct ratelimit_net *ip)
{
    struct ratelimit_net part = *ip;

    if (net->bits > ip->bits)
        return false;
    mask(&part, net->bits);
    return memcmp(part.addr, net->addr, sizeof(part.addr)) == 0;
}

const char *ratelimit_net_text(const struct ratelimit_net *net, char out[RATELIMIT_NAME_MAX])
{
    bool v4 = is_ipv4(net);
    unsigned bits = v4 ? net->bits - IPV4_AT : net->bits;
    char text[INET6_ADDRSTRLEN] = "";

    (void)inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? net->addr + IPV4_AT / 8 : net->addr, text,
                    sizeof(text));
    if (net->bits == BITS)
        (void)snprintf(out, RATELIMIT_NAME_MAX, "%s", text);
    else
        (void)snprintf(out, RATELIMIT_NAME_MAX, "%s/%u", text, bits);
    return out;
}
