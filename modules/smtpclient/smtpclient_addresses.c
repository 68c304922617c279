/* The addresses of a host, and what DNSSEC says of them (RFC 7672 2.2.2). */
#include "smtpclient.h"

#include <netinet/in.h>

/* "192.0.2.1", "2001:db8::1", or one of the literals of mail: "[192.0.2.1]", "[IPv6:2001:db8::1]". */
static bool is_address(const char *host, struct sockaddr_storage *out)
{
    struct moxd_str s = moxd_cstr(host);
    char text[INET6_ADDRSTRLEN];

    if (s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
        s = moxd_str_sub(s, 1, s.n - 2);
    if (moxd_str_casestarts(s, MOXD_STR("IPv6:")))
        s = moxd_str_from(s, 5);
    return moxd_str_copy(s, text, sizeof(text)) >= 0 && moxd_addr_parse(text, 0, out) > 0;
}

static void add(struct smtpclient_addresses *out, const struct moxd_dns_answer *ans, size_t i)
{
    if (ans->status == MOXD_DNS_OK && i < ans->n && out->n < SMTPCLIENT_ADDRESSES_MAX)
        out->v[out->n++] = ans->rr[i].addr;
}

/* One of IPv6, one of IPv4, and so on. */
static void interleave(const struct moxd_dns_answer *six, const struct moxd_dns_answer *four,
                       struct moxd_arena *a, struct smtpclient_addresses *out)
{
    out->v = moxd_arena_calloc(a, SMTPCLIENT_ADDRESSES_MAX, sizeof(*out->v));
    for (size_t i = 0; i < SMTPCLIENT_ADDRESSES_MAX; i++) {
        add(out, six, i);
        add(out, four, i);
    }
}

/* Whether the host's own name is in a zone that is not signed. Of an alias whose target is insecure only a
 * query for the alias itself says so (RFC 7672 2.1.3). */
static int own_zone(const char *host, bool alias, struct moxd_arena *a,
                    struct smtpclient_addresses *out, int64_t deadline, struct moxd_err *err)
{
    struct moxd_dns_answer ans;

    out->unsigned_host = !out->secure;
    if (out->secure || !alias)
        return 0;
    if (smtpclient_ask(host, MOXD_DNS_CNAME, a, &ans, deadline, err) < 0)
        return -1;
    if (ans.status == MOXD_DNS_TEMP || ans.status == MOXD_DNS_BOGUS)
        return smtpclient_dns_failed(host, &ans, err);
    out->unsigned_host = !ans.secure;
    return 0;
}

/* The families come from one zone: what cannot be proved of one must not be taken from the other. A server that
 * does not answer for one of them only does not keep mail from the other. */
static int judge(const char *host, const struct moxd_dns_answer *six,
                 const struct moxd_dns_answer *four, struct moxd_arena *a,
                 struct smtpclient_addresses *out, struct moxd_err *err)
{
    const struct moxd_dns_answer *known = four->status == MOXD_DNS_TEMP ? six : four;

    if (six->status == MOXD_DNS_BOGUS || four->status == MOXD_DNS_BOGUS)
        return smtpclient_dns_failed(host, six->status == MOXD_DNS_BOGUS ? six : four, err);
    interleave(six, four, a, out);
    if (out->n == 0 && (six->status == MOXD_DNS_TEMP || four->status == MOXD_DNS_TEMP))
        return smtpclient_dns_failed(host, six->status == MOXD_DNS_TEMP ? six : four, err);
    if (out->n == 0)
        return moxd_err_smtp_set(err, MOXD_ERR_NOTFOUND, 550, "5.4.4", "%s has no address", host);
    out->canonical = known->canonical;
    out->secure = (six->secure || six->status == MOXD_DNS_TEMP) &&
                  (four->secure || four->status == MOXD_DNS_TEMP);
    out->canonical_secure = out->secure;
    return 0;
}

int smtpclient_addresses(struct moxd_instance *m, const char *host, struct moxd_arena *a,
                         struct smtpclient_addresses *out, struct moxd_err *err)
{
    const struct smtpclient *sc = MOXD_CONTAINER(m, struct smtpclient, m);
    int64_t deadline = moxd_deadline(sc->conf->dns);
    struct moxd_dns_answer four, six;
    struct sockaddr_storage address;

    *out = (struct smtpclient_addresses){ .canonical = moxd_arena_strdup(a, host) };
    if (is_address(host, &address)) {
        out->v = moxd_arena_dup(a, &address, sizeof(address));
        out->n = 1;
        out->unsigned_host = true;
        return 0;
    }
    if (smtpclient_ask(host, MOXD_DNS_A, a, &four, deadline, err) < 0 ||
        smtpclient_ask(host, MOXD_DNS_AAAA, a, &six, deadline, err) < 0 ||
        judge(host, &six, &four, a, out, err) < 0)
        return -1;
    bool alias = !moxd_str_caseeqs(moxd_cstr(host), out->canonical);
    return own_zone(host, alias, a, out, deadline, err);
}
