/* Addresses of a host, in the form in which curl takes them. */
#include "http/http_priv.h"
#include "tls/tls_priv.h"

#include <moxd/dns.h>

struct list {
    struct moxd_buf b;
    unsigned n;
};

static void add(struct list *l, const struct moxd_dns_answer *ans)
{
    char ip[64];

    for (size_t i = 0; i < ans->n && l->n < MOXD_HTTP_ADDRESSES_MAX; i++) {
        const struct sockaddr *sa = (const struct sockaddr *)&ans->rr[i].addr;
        bool v6 = sa->sa_family == AF_INET6;
        moxd_buf_addf(&l->b, "%s%s%s%s", l->n++ > 0 ? "," : "", v6 ? "[" : "", moxd_addr_ip(sa, ip),
                      v6 ? "]" : "");
    }
}

static int ask(const char *host, enum moxd_dns_type type, int64_t deadline, struct list *l,
               struct moxd_arena *a, struct moxd_dns_answer *ans)
{
    int r = moxd_dns_query(host, type, a, ans, deadline);

    if (r == MOXD_OK && ans->status == MOXD_DNS_OK)
        add(l, ans);
    return r;
}

static bool unsure(const struct moxd_dns_answer *ans)
{
    return ans->status == MOXD_DNS_TEMP || ans->status == MOXD_DNS_BOGUS;
}

int core_http_resolve(const char *host, unsigned port, int64_t deadline, struct moxd_arena *a,
                      const char **out, struct moxd_err *err)
{
    struct list l = { .b = MOXD_BUF_INIT(4096) };
    struct moxd_dns_answer v6 = { .status = MOXD_DNS_TEMP }, v4 = v6;

    *out = NULL;
    if (core_is_ip(host))
        return 0;
    moxd_buf_addf(&l.b, "%s:%u:", host, port);
    int r = ask(host, MOXD_DNS_AAAA, deadline, &l, a, &v6);
    if (r != MOXD_CANCELLED)
        r = ask(host, MOXD_DNS_A, deadline, &l, a, &v4);
    if (r != MOXD_CANCELLED && l.n > 0)
        *out = moxd_arena_cstr(a, moxd_buf_str(&l.b));
    moxd_buf_fini(&l.b);
    if (*out)
        return 0;
    if (r == MOXD_CANCELLED)
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    if (unsure(&v6) || unsure(&v4))
        return moxd_err_set(err, MOXD_ERR_TEMP, "DNS does not say the addresses of %s", host);
    return moxd_err_set(err, MOXD_ERR_NOTFOUND, "%s has no addresses", host);
}
