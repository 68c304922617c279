/* Which of our addresses connections come from. */
#include "queue_job.h"

#include <netinet/in.h>

#include <moxd/dns.h>

#define PTR_KEPT                                                                                   \
    (INT64_C(3600) * MOXD_SEC) /* how long an answer about our reverse DNS is believed */

/* P-QUEUE-04: an address that is listened on, that others can answer to: not loopback, not all, not private unless
 * the other side is. */
static bool is_public(const struct sockaddr_storage *ss)
{
    if (ss->ss_family == AF_INET) {
        uint32_t ip = ntohl(((const struct sockaddr_in *)ss)->sin_addr.s_addr);
        return ip != 0 && ip >> 24 != 127 && ip >> 24 != 10 && ip >> 20 != 0xac1 &&
               ip >> 16 != 0xc0a8 && ip >> 16 != 0xa9fe && ip >> 22 != 0x191;
    }
    const struct in6_addr *ip = &((const struct sockaddr_in6 *)ss)->sin6_addr;
    return !IN6_IS_ADDR_LOOPBACK(ip) && !IN6_IS_ADDR_UNSPECIFIED(ip) &&
           !IN6_IS_ADDR_LINKLOCAL(ip) && (ip->s6_addr[0] & 0xfe) != 0xfc;
}

struct finding {
    int family;
    const char *before;
    struct sockaddr_storage *out;
    bool found, same;
};

static void look(struct finding *f, const struct moxd_listener_conf *l)
{
    /* Behind NAT the listened addresses are private, and the kernel knows best. */
    if (l->nat_addresses.n > 0)
        return;
    for (size_t i = 0; i < l->addresses.n && !f->same; i++) {
        struct sockaddr_storage ss;
        if (moxd_addr_parse(l->addresses.v[i], 0, &ss) == 0 || ss.ss_family != f->family ||
            !is_public(&ss))
            continue;
        f->same = f->before && strcmp(f->before, l->addresses.v[i]) == 0;
        if (!f->found || f->same)
            *f->out = ss;
        f->found = true;
    }
}

static bool find(int family, const char *before, struct sockaddr_storage *out)
{
    const struct moxd_core_conf *core = moxd_conf_core();
    struct finding f = { .family = family, .before = before, .out = out };

    for (size_t i = 0; i < core->listeners.n; i++)
        look(&f, core->listeners.v[i]);
    return f.found;
}

bool queue_source(struct queue *q, const struct sockaddr_storage *to, const char *before,
                  struct sockaddr_storage *out)
{
    (void)q;
    return is_public(to) && find(to->ss_family, before, out);
}

/* Receivers refuse mail over IPv6 from addresses without a name; without IPv6 here at all it does no harm. */
bool queue_source_skip_ipv6(struct queue *q)
{
    struct moxd_arena *a;
    struct moxd_dns_answer answer;
    struct sockaddr_storage ss;
    int64_t now = moxd_mono();

    if (q->ptr_until > now)
        return q->skip_ipv6;
    if (!find(AF_INET6, NULL, &ss))
        return false;
    a = moxd_arena_new(0);
    int rc = moxd_dns_query(moxd_dns_reverse((struct sockaddr *)&ss, a), MOXD_DNS_PTR, a, &answer,
                            moxd_deadline(10 * MOXD_SEC));
    if (rc == MOXD_OK) {
        bool missing = answer.status == MOXD_DNS_NODATA || answer.status == MOXD_DNS_NXDOMAIN;
        if (missing && !q->skip_ipv6)
            moxd_warn(&q->m.log, "IPv6 is not used for sending: our address has no reverse DNS");
        q->skip_ipv6 = missing;
        q->ptr_until = now + PTR_KEPT;
    }
    moxd_arena_free(a);
    return q->skip_ipv6;
}
