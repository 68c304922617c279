#include <moxd/network.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

enum { BITS = 128 };

static void map(unsigned char out[16], const struct in_addr *in)
{
    memset(out, 0, 10);
    memset(out + 10, 0xff, 2);
    memcpy(out + 12, in, 4);
}

int moxd_network_parse(struct moxd_str s, struct moxd_network *out)
{
    struct moxd_str bits = s, ip = moxd_str_cut(&bits, '/');
    char text[INET6_ADDRSTRLEN];
    struct in_addr in;
    uint64_t n = BITS;

    if (moxd_str_copy(ip, text, sizeof(text)) < 0)
        return -1;
    bool v4 = inet_pton(AF_INET, text, &in) == 1;
    if (v4)
        map(out->addr, &in);
    else if (inet_pton(AF_INET6, text, out->addr) != 1)
        return -1;
    if (bits.p && moxd_str_u64(bits, v4 ? BITS - MOXD_NETWORK_IPV4 : BITS, &n) < 0)
        return -1;
    out->bits = (unsigned char)(n + (v4 && bits.p ? MOXD_NETWORK_IPV4 : 0));
    return 0;
}

int moxd_network_of(const struct sockaddr *sa, struct moxd_network *out)
{
    out->bits = BITS;
    if (sa->sa_family == AF_INET)
        map(out->addr, &((const struct sockaddr_in *)(const void *)sa)->sin_addr);
    else if (sa->sa_family == AF_INET6)
        memcpy(out->addr, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr,
               sizeof(out->addr));
    else
        return -1;
    return 0;
}

bool moxd_network_is_ipv4(const struct moxd_network *net)
{
    static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

    return net->bits >= MOXD_NETWORK_IPV4 && memcmp(net->addr, mapped, sizeof(mapped)) == 0;
}

struct moxd_network moxd_network_cut(const struct moxd_network *net, unsigned bits)
{
    struct moxd_network cut = { .bits = (unsigned char)bits };
    unsigned whole = bits / 8;

    memcpy(cut.addr, net->addr, whole);
    if (bits % 8 > 0)
        cut.addr[whole] = net->addr[whole] & (unsigned char)(0xff << (8 - bits % 8));
    return cut;
}

bool moxd_network_is_exact(const struct moxd_network *net)
{
    struct moxd_network cut = moxd_network_cut(net, net->bits);

    return memcmp(cut.addr, net->addr, sizeof(cut.addr)) == 0;
}

bool moxd_network_has(const struct moxd_network *net, const struct moxd_network *ip)
{
    return net->bits <= ip->bits && moxd_bits_equal(net->addr, ip->addr, net->bits);
}

const char *moxd_network_text(const struct moxd_network *net, char out[MOXD_NETWORK_TEXT])
{
    bool v4 = moxd_network_is_ipv4(net);
    char text[INET6_ADDRSTRLEN] = "";

    (void)inet_ntop(v4 ? AF_INET : AF_INET6, net->addr + (v4 ? MOXD_NETWORK_IPV4 / 8 : 0), text,
                    sizeof(text));
    if (net->bits == BITS)
        (void)snprintf(out, MOXD_NETWORK_TEXT, "%s", text);
    else
        (void)snprintf(out, MOXD_NETWORK_TEXT, "%s/%u", text,
                       net->bits - (v4 ? MOXD_NETWORK_IPV4 : 0u));
    return out;
}

bool moxd_bits_equal(const void *a, const void *b, unsigned bits)
{
    const unsigned char *p = a, *q = b;
    unsigned rest = bits % 8;

    if (memcmp(p, q, bits / 8) != 0)
        return false;
    return rest == 0 || (p[bits / 8] ^ q[bits / 8]) >> (8 - rest) == 0;
}
