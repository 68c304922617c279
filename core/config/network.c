/* Networks: "192.0.2.1", "192.0.2.0/24", "2001:db8::/32". */
#include "config/conf.h"

#include <arpa/inet.h>
#include <netinet/in.h>

struct network {
    unsigned char p[16]; /* IPv4 as ::ffff:192.0.2.1 */
    unsigned bits;
};

static void map(unsigned char out[16], const struct in_addr *in)
{
    memset(out, 0, 10);
    memset(out + 10, 0xff, 2);
    memcpy(out + 12, in, 4);
}

static int parse(struct moxd_str text, struct network *out)
{
    struct moxd_str bits = text, ip = moxd_str_cut(&bits, '/');
    char buf[INET6_ADDRSTRLEN];
    struct in_addr in;
    uint64_t n = 128;

    if (moxd_str_copy(ip, buf, sizeof(buf)) < 0)
        return -1;
    bool v4 = inet_pton(AF_INET, buf, &in) == 1;
    if (v4)
        map(out->p, &in);
    else if (inet_pton(AF_INET6, buf, out->p) != 1)
        return -1;
    if (bits.p && moxd_str_u64(bits, v4 ? 32 : 128, &n) < 0)
        return -1;
    out->bits = (unsigned)n + (v4 && bits.p ? 96 : 0);
    return 0;
}

static bool same_bits(const unsigned char *a, const unsigned char *b, unsigned bits)
{
    unsigned rest = bits % 8;

    if (memcmp(a, b, bits / 8) != 0)
        return false;
    return rest == 0 || ((a[bits / 8] ^ b[bits / 8]) >> (8 - rest)) == 0;
}

bool core_network_has(const char *network, const struct sockaddr *sa)
{
    unsigned char addr[16];
    struct network n;

    if (parse(moxd_cstr(network), &n) < 0)
        return false;
    if (sa->sa_family == AF_INET)
        map(addr, &((const struct sockaddr_in *)(const void *)sa)->sin_addr);
    else if (sa->sa_family == AF_INET6)
        memcpy(addr, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, sizeof(addr));
    else
        return false;
    return same_bits(n.p, addr, n.bits);
}

/* Bits behind the prefix are a mistake: nobody knows which part was meant. */
int conf_check_network(struct moxd_str value, struct moxd_err *err)
{
    struct network n;

    if (parse(value, &n) < 0)
        return moxd_err_set(err, MOXD_ERR_SYNTAX,
                            "must be an IP address or a network like 192.0.2.0/24");
    for (unsigned i = n.bits; i < 128; i++)
        if (n.p[i / 8] & (0x80 >> i % 8))
            return moxd_err_set(err, MOXD_ERR_SYNTAX, "the address has bits behind the prefix");
    return 0;
}
