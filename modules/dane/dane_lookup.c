/* The TLSA records of a host (RFC 7672 2.2). */
#include "dane.h"

/* The names under which TLSA records are looked for: what an alias leads to when that is proved, then the host itself
 * (2.2.2). Nothing is asked of a zone that is not signed: some of their servers do not even answer. */
static size_t candidates(const struct dane_host *h, const char *out[2])
{
    const struct smtpclient_addresses *ad = h->addresses;
    bool alias = !moxd_str_caseeqs(moxd_cstr(h->host), ad->canonical);
    size_t n = 0;

    if (ad->unsigned_host)
        return 0;
    if (alias && ad->canonical_secure)
        out[n++] = ad->canonical;
    out[n++] = h->host;
    return n;
}

static void take_records(const struct moxd_dns_answer *ans, struct moxd_arena *a,
                         struct dane_found *out)
{
    struct moxd_tlsa *all = moxd_arena_calloc(a, ans->n, sizeof(*all));
    struct moxd_tlsa *usable = moxd_arena_calloc(a, ans->n, sizeof(*usable));

    out->all = all;
    out->usable = usable;
    for (size_t i = 0; i < ans->n; i++) {
        if (moxd_tlsa_parse(ans->rr[i].data, &all[out->nall], NULL) < 0)
            continue;
        if (moxd_tlsa_usable(&all[out->nall]))
            usable[out->nusable++] = all[out->nall];
        out->nall++;
    }
}

/* The names that the certificate may have (3.2.2): the base domain, the domain that the mail is for, and what that is
 * an alias of. */
static void add_name(const char **names, size_t *n, const char *name)
{
    for (size_t i = 0; i < *n; i++)
        if (moxd_str_caseeqs(moxd_cstr(names[i]), name))
            return;
    names[(*n)++] = name;
}

static void make_names(const struct dane_host *h, struct moxd_arena *a, struct dane_found *out)
{
    const char **names = moxd_arena_calloc(a, 4, sizeof(*names));
    size_t n = 0;

    add_name(names, &n, out->base);
    add_name(names, &n, h->domain);
    if (h->hosts && h->hosts->have_mx)
        add_name(names, &n, h->hosts->domain);
    out->names = names;
}

static int failed(const char *name, const struct moxd_dns_answer *ans, struct dane_found *out,
                  struct moxd_err *err)
{
    out->bogus = ans->status == MOXD_DNS_BOGUS;
    return moxd_err_smtp_set(err, MOXD_ERR_TEMP, 451, "4.4.3", "TLSA records of %s: %s%s", name,
                             out->bogus ? "forged or broken, by DNSSEC: "
                                        : "no name server gives an answer",
                             out->bogus && ans->why_bogus ? ans->why_bogus : "");
}

/* 1: there are records that are proved. */
static MOXD_SUSPENDS int ask(const char *base, unsigned port, struct moxd_arena *a,
                             struct dane_found *out, int64_t deadline, struct moxd_err *err)
{
    const char *name = moxd_arena_printf(a, "_%u._tcp.%s", port, base);
    struct moxd_dns_answer ans;

    out->base = base;
    if (moxd_dns_query(name, MOXD_DNS_TLSA, a, &ans, deadline) == MOXD_CANCELLED)
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "lookup of %s: cancelled", name);
    if (ans.status == MOXD_DNS_TEMP || ans.status == MOXD_DNS_BOGUS)
        return failed(name, &ans, out, err);
    if (ans.status != MOXD_DNS_OK || !ans.secure)
        return 0;
    take_records(&ans, a, out);
    return 1;
}

int dane_lookup(const struct dane *d, const struct dane_host *h, struct moxd_arena *a,
                struct dane_found *out, struct moxd_err *err)
{
    int64_t deadline = moxd_deadline(d->conf->timeout);
    const char *names[2];
    int rc = 0;

    *out = (struct dane_found){ .base = h->host };
    if (h->hosts && !h->hosts->secure)
        return 0;
    size_t n = candidates(h, names);
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = ask(names[i], h->port, a, out, deadline, err);
    if (rc < 0)
        return -1;
    out->secure = rc > 0;
    if (out->secure)
        make_names(h, a, out);
    return 0;
}

int dane_lookup_host(const struct dane *d, struct dane_host *h, struct smtpclient_addresses *ad,
                     struct moxd_arena *a, struct dane_found *out, struct moxd_err *err)
{
    *out = (struct dane_found){ .base = h->host };
    if (d->client->addresses(d->client_self, h->host, a, ad, err) < 0)
        return -1;
    h->addresses = ad;
    return dane_lookup(d, h, a, out, err);
}
