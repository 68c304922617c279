/* What a domain publishes: the TXT record, and the policy (RFC 8461 3.1 to 3.3). */
#include "mtasts.h"

#include <moxd/dns.h>
#include <moxd/http_client.h>

/* One record counts; of others that are no record of MTA-STS nothing is said. */
static enum moxd_err_kind take(const struct moxd_dns_answer *ans, struct moxd_arena *a,
                               const char **id, struct moxd_err *err)
{
    const struct moxd_dns_record *found = NULL;
    struct moxd_str s;

    for (size_t i = 0; i < ans->n; i++) {
        if (!moxd_mtasts_is_record(ans->rr[i].text))
            continue;
        if (found) {
            (void)moxd_err_set(err, MOXD_ERR_INVALID, "there is more than one MTA-STS record");
            return MOXD_ERR_INVALID;
        }
        found = &ans->rr[i];
    }
    if (!found) {
        (void)moxd_err_set(err, MOXD_ERR_NOTFOUND, "there is no MTA-STS record");
        return MOXD_ERR_NOTFOUND;
    }
    if (moxd_mtasts_record_parse(found->text, &s, err) < 0)
        return MOXD_ERR_SYNTAX;
    *id = moxd_arena_cstr(a, s);
    return MOXD_ERR_NONE;
}

enum mtasts_published mtasts_lookup(const struct mtasts *t, const char *domain,
                                    struct moxd_arena *a, const char **id, struct moxd_err *err)
{
    const char *name = moxd_arena_printf(a, "_mta-sts.%s", domain);
    struct moxd_dns_answer ans;

    *id = "";
    if (moxd_dns_query(name, MOXD_DNS_TXT, a, &ans, moxd_deadline(t->conf->timeout)) != MOXD_OK ||
        ans.status == MOXD_DNS_TEMP || ans.status == MOXD_DNS_BOGUS) {
        (void)moxd_err_set(err, MOXD_ERR_TEMP, "DNS does not say whether %s has MTA-STS", domain);
        return MTASTS_UNKNOWN;
    }
    if (ans.status != MOXD_DNS_OK)
        ans.n = 0;
    return take(&ans, a, id, err) == MOXD_ERR_NONE ? MTASTS_PRESENT : MTASTS_ABSENT;
}

/* "text/plain", with or without parameters. */
static bool is_plain(const char *type)
{
    struct moxd_str rest = moxd_cstr(type);

    return moxd_str_caseeqs(moxd_str_trim(moxd_str_cut(&rest, ';')), "text/plain");
}

static int get(struct mtasts *t, const char *domain, struct moxd_arena *a,
               struct moxd_http_response *out, const char **why, struct moxd_err *err)
{
    struct moxd_http_request req = { .max = MOXD_MTASTS_POLICY_MAX,
                                     .deadline = moxd_deadline(t->conf->timeout) };

    req.url = t->conf->port == 443
                  ? moxd_arena_printf(a, "https://mta-sts.%s/.well-known/mta-sts.txt", domain)
                  : moxd_arena_printf(a, "https://mta-sts.%s:%u/.well-known/mta-sts.txt", domain,
                                      (unsigned)t->conf->port);
    *why = "sts-policy-fetch-error";
    if (moxd_http_fetch(&req, a, out, err) < 0) {
        if (err->kind == MOXD_ERR_DENIED)
            *why = "sts-webpki-invalid";
        return -1;
    }
    if (out->status != 200)
        return moxd_err_set(err, MOXD_ERR_TEMP, "HTTP status %d instead of 200", out->status);
    *why = "sts-policy-invalid";
    return is_plain(out->content_type)
               ? 0
               : moxd_err_set(err, MOXD_ERR_INVALID, "the policy is %.100s instead of text/plain",
                              *out->content_type ? out->content_type : "without a type");
}

int mtasts_fetch(struct mtasts *t, struct moxd_arena *a, struct mtasts_record *r, const char **why,
                 struct moxd_err *err)
{
    struct moxd_mtasts_policy policy;
    struct moxd_http_response res;
    struct moxd_err own = { 0 };
    int rc = get(t, r->domain, a, &res, why, &own);

    if (rc == 0)
        rc = moxd_mtasts_policy_parse(res.body, a, &policy, &own);
    moxd_metric_inc(t->fetches, rc == 0 ? "ok" : *why, NULL);
    if (rc < 0) {
        *err = own;
        return -1;
    }
    r->policy = policy;
    r->has_policy = true;
    r->file = res.body;
    r->fetched = moxd_wall();
    *why = "";
    return 0;
}
