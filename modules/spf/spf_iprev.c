/* iprev (RFC 8601 3 and 2.7.3): does a reverse name of the client lead back to its address? */
#include "spf.h"

#include <netinet/in.h>

const char *spf_iprev_name(enum spf_iprev r)
{
    static const char *const names[] = { "pass", "fail", "temperror", "permerror" };

    return names[r];
}

/* Whether the record has the address; an IPv4-mapped one is IPv4. */
static bool has_address(const struct moxd_dns_record *rr, const struct moxd_spf_args *ip)
{
    const struct sockaddr_in *in = (const void *)&rr->addr;
    const struct sockaddr_in6 *in6 = (const void *)&rr->addr;

    if (ip->ip_len == 4)
        return memcmp(&in->sin_addr, ip->ip, 4) == 0;
    return memcmp(&in6->sin6_addr, ip->ip, 16) == 0;
}

/* Asks for the addresses of one name. */
static enum spf_iprev confirm(const char *name, const struct moxd_spf_args *ip, struct spf_dns *dns,
                              struct moxd_arena *a)
{
    struct moxd_dns_answer ans;

    spf_dns_query(dns, name, ip->ip_len == 4 ? MOXD_DNS_A : MOXD_DNS_AAAA, a, &ans);
    if (ans.status == MOXD_DNS_TEMP || ans.status == MOXD_DNS_BOGUS)
        return SPF_IPREV_TEMPERROR;
    for (size_t i = 0; ans.status == MOXD_DNS_OK && i < ans.n; i++)
        if (has_address(&ans.rr[i], ip))
            return SPF_IPREV_PASS;
    return SPF_IPREV_FAIL;
}

static void take_ip(const struct sockaddr *addr, struct moxd_spf_args *ip)
{
    if (addr->sa_family == AF_INET)
        moxd_spf_ip(ip, &((const struct sockaddr_in *)(const void *)addr)->sin_addr, 4);
    else
        moxd_spf_ip(ip, &((const struct sockaddr_in6 *)(const void *)addr)->sin6_addr, 16);
}

enum spf_iprev spf_iprev_check(const struct sockaddr *addr, struct spf_dns *dns,
                               struct moxd_arena *a, const char **name)
{
    struct moxd_spf_args ip = { 0 };
    struct moxd_dns_answer ptr;
    enum spf_iprev best = SPF_IPREV_FAIL;

    take_ip(addr, &ip);
    spf_dns_query(dns, moxd_dns_reverse(addr, a), MOXD_DNS_PTR, a, &ptr);
    *name = NULL;
    if (ptr.status == MOXD_DNS_TEMP || ptr.status == MOXD_DNS_BOGUS)
        return SPF_IPREV_TEMPERROR;
    if (ptr.status != MOXD_DNS_OK || ptr.n == 0)
        return SPF_IPREV_PERMERROR;
    *name = ptr.rr[0].name;
    for (size_t i = 0; i < ptr.n && i < SPF_IPREV_NAMES_MAX; i++) {
        enum spf_iprev r = confirm(ptr.rr[i].name, &ip, dns, a);
        if (r == SPF_IPREV_PASS) {
            *name = ptr.rr[i].name;
            return r;
        }
        best = r == SPF_IPREV_TEMPERROR ? r : best;
    }
    return best;
}
