/* The hosts of a domain (RFC 5321 5.1). */
#include "smtpclient.h"

#include <stdlib.h>

int smtpclient_ask(const char *name, enum moxd_dns_type type, struct moxd_arena *a,
                   struct moxd_dns_answer *out, int64_t deadline, struct moxd_err *err)
{
    if (moxd_dns_query(name, type, a, out, deadline) == MOXD_CANCELLED)
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "lookup of %s: cancelled", name);
    return 0;
}

int smtpclient_dns_failed(const char *name, const struct moxd_dns_answer *ans, struct moxd_err *err)
{
    if (ans->status == MOXD_DNS_BOGUS)
        return moxd_err_smtp_set(err, MOXD_ERR_TEMP, 451, "4.4.3",
                                 "the DNS answer for %s is forged or broken, by DNSSEC: %s", name,
                                 ans->why_bogus ? ans->why_bogus : "bogus");
    return moxd_err_smtp_set(err, MOXD_ERR_TEMP, 451, "4.4.3",
                             "no name server gives an answer for %s", name);
}

static int no_domain(const char *domain, const char *why, struct moxd_err *err)
{
    return moxd_err_smtp_set(err, MOXD_ERR_NOTFOUND, 550, "5.1.2", "%s: %s", domain, why);
}

/* --- MX records -------------------------------------------------------------------------------- */

/* Names of hosts have letters, digits, hyphens (RFC 1123 2.1); underscores are seen, others are mistakes. */
static bool is_host(const char *name)
{
    for (const char *p = name; *p; p++)
        if (!moxd_is_alpha(*p) && !moxd_is_digit(*p) && *p != '-' && *p != '.' && *p != '_')
            return false;
    return *name;
}

static int by_pref(const void *x, const void *y)
{
    const struct smtpclient_mx *a = x, *b = y;

    return (a->pref > b->pref) - (a->pref < b->pref);
}

static uint32_t below(uint32_t n)
{
    uint32_t r;

    moxd_random(&r, sizeof(r));
    return r % n;
}

/* Equal ones are tried in any order, so that they share the load (RFC 5321 5.1). */
static void shuffle(struct smtpclient_mx *v, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t k = below((uint32_t)i);
        struct smtpclient_mx one = v[k];
        v[k] = v[i - 1];
        v[i - 1] = one;
    }
}

static void take_hosts(const struct moxd_dns_answer *ans, struct moxd_arena *a,
                       struct smtpclient_hosts *out)
{
    out->v = moxd_arena_calloc(a, ans->n, sizeof(*out->v));
    for (size_t i = 0; i < ans->n; i++)
        if (is_host(ans->rr[i].name))
            out->v[out->n++] = (struct smtpclient_mx){ ans->rr[i].name, ans->rr[i].pref };
    shuffle(out->v, out->n);
    qsort(out->v, out->n, sizeof(*out->v), by_pref);
}

/* qsort may be unstable, but it sorts what is shuffled. */
static int mx_records(const char *domain, const struct moxd_dns_answer *ans, struct moxd_arena *a,
                      struct smtpclient_hosts *out, struct moxd_err *err)
{
    out->have_mx = true;
    if (ans->n == 1 && *ans->rr[0].name == '\0')
        return moxd_err_smtp_set(err, MOXD_ERR_DENIED, 556, "5.1.10",
                                 "%s does not accept mail (null MX)", domain);
    take_hosts(ans, a, out);
    if (out->n == 0)
        return no_domain(domain, "its MX records name no hosts", err);
    out->n = out->n < SMTPCLIENT_MX_MAX ? out->n : SMTPCLIENT_MX_MAX;
    return 0;
}

static void the_domain_itself(const char *domain, struct moxd_arena *a,
                              struct smtpclient_hosts *out)
{
    out->v = moxd_arena_alloc(a, sizeof(*out->v));
    out->v[0].host = moxd_arena_strdup(a, domain);
    out->n = 1;
}

/* The implicit MX (RFC 5321 5.1): the name that was given, whose aliases count when its addresses are looked
 * up. Without any it is no domain for mail. */
static int implicit_mx(struct moxd_instance *m, const char *domain, struct moxd_arena *a,
                       struct smtpclient_hosts *out, struct moxd_err *err)
{
    struct smtpclient_addresses addresses;
    struct moxd_err why = { 0 };

    if (smtpclient_addresses(m, domain, a, &addresses, &why) < 0) {
        if (why.kind == MOXD_ERR_NOTFOUND)
            return no_domain(domain, "has neither MX records nor addresses", err);
        if (err)
            *err = why;
        return -1;
    }
    the_domain_itself(domain, a, out);
    return 0;
}

int smtpclient_hosts(struct moxd_instance *m, const char *domain, struct moxd_arena *a,
                     struct smtpclient_hosts *out, struct moxd_err *err)
{
    const struct smtpclient *sc = MOXD_CONTAINER(m, struct smtpclient, m);
    struct moxd_dns_answer ans;

    *out = (struct smtpclient_hosts){ .domain = moxd_arena_strdup(a, domain) };
    if (*domain == '[') {
        the_domain_itself(domain, a, out);
        return 0;
    }
    if (smtpclient_ask(domain, MOXD_DNS_MX, a, &ans, moxd_deadline(sc->conf->dns), err) < 0)
        return -1;
    out->secure = ans.secure;
    out->domain = ans.canonical;
    switch (ans.status) {
    case MOXD_DNS_OK:
        return mx_records(domain, &ans, a, out, err);
    case MOXD_DNS_NODATA:
        return implicit_mx(m, domain, a, out, err);
    case MOXD_DNS_NXDOMAIN:
        return no_domain(domain, "there is no such domain", err);
    case MOXD_DNS_TEMP:
    case MOXD_DNS_BOGUS:
        break;
    }
    return smtpclient_dns_failed(domain, &ans, err);
}
