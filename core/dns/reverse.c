#include <moxd/dns.h>
#include <netinet/in.h>

static const char *reverse4(const unsigned char *p, struct moxd_arena *a)
{
    return moxd_arena_printf(a, "%u.%u.%u.%u.in-addr.arpa", p[3], p[2], p[1], p[0]);
}

/* RFC 3596 2.5. */
static const char *reverse6(const unsigned char *p, struct moxd_arena *a)
{
    static const char hex[] = "0123456789abcdef";
    char text[16 * 4 + 1] = "";

    for (size_t i = 0; i < 16; i++) {
        char *q = text + 4 * (15 - i);
        q[0] = hex[p[i] & 15], q[1] = '.', q[2] = hex[p[i] >> 4], q[3] = '.';
    }
    return moxd_arena_printf(a, "%sip6.arpa", text);
}

const char *moxd_dns_reverse(const struct sockaddr *sa, struct moxd_arena *a)
{
    const struct sockaddr_in *in = (const void *)sa;
    const struct sockaddr_in6 *in6 = (const void *)sa;

    if (sa->sa_family == AF_INET)
        return reverse4((const unsigned char *)&in->sin_addr, a);
    moxd_assert(sa->sa_family == AF_INET6);
    if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
        return reverse4(in6->sin6_addr.s6_addr + 12, a);
    return reverse6(in6->sin6_addr.s6_addr, a);
}
