/* DNS for SPF and iprev. */
#include "spf.h"

#include <netinet/in.h>

void spf_dns_query(struct spf_dns *dns, const char *name, enum moxd_dns_type type,
                   struct moxd_arena *a, struct moxd_dns_answer *out)
{
    if (moxd_dns_query(name, type, a, out, dns->deadline) != MOXD_OK)
        *out = (struct moxd_dns_answer){ .status = MOXD_DNS_TEMP };
    dns->dnssec = smtp_dnssec_add(dns->dnssec, out);
}

/* As names are written for a resolver (RFC 1035 5.1): a backslash is a character of its own here. */
static const char *presentation(const char *name, struct moxd_arena *a)
{
    size_t n = strlen(name), k = 0;
    char *out = moxd_arena_alloc(a, 2 * n + 1);

    for (size_t i = 0; i < n; i++) {
        if (name[i] == '\\')
            out[k++] = '\\';
        out[k++] = name[i];
    }
    return out;
}

static void take_record(const struct moxd_dns_record *rr, enum moxd_spf_type type,
                        struct moxd_spf_rr *out)
{
    switch (type) {
    case MOXD_SPF_TYPE_TXT:
        out->text = rr->text;
        break;
    case MOXD_SPF_TYPE_A:
        memcpy(out->ip, &((const struct sockaddr_in *)&rr->addr)->sin_addr, 4);
        break;
    case MOXD_SPF_TYPE_AAAA:
        memcpy(out->ip, &((const struct sockaddr_in6 *)&rr->addr)->sin6_addr, 16);
        break;
    case MOXD_SPF_TYPE_MX:
    case MOXD_SPF_TYPE_PTR:
        out->text = moxd_cstr(rr->name);
    }
}

void spf_dns_lookup(void *arg, const char *name, enum moxd_spf_type type, struct moxd_arena *a,
                    struct moxd_spf_answer *out)
{
    static const enum moxd_dns_type types[] = {
        [MOXD_SPF_TYPE_TXT] = MOXD_DNS_TXT,   [MOXD_SPF_TYPE_A] = MOXD_DNS_A,
        [MOXD_SPF_TYPE_AAAA] = MOXD_DNS_AAAA, [MOXD_SPF_TYPE_MX] = MOXD_DNS_MX,
        [MOXD_SPF_TYPE_PTR] = MOXD_DNS_PTR,
    };
    struct moxd_dns_answer ans;

    spf_dns_query(arg, presentation(name, a), types[type], a, &ans);
    *out = (struct moxd_spf_answer){ .status = MOXD_SPF_NOTFOUND };
    if (ans.status == MOXD_DNS_TEMP || ans.status == MOXD_DNS_BOGUS)
        out->status = MOXD_SPF_ERROR;
    if (ans.status != MOXD_DNS_OK)
        return;
    out->status = MOXD_SPF_FOUND;
    out->n = ans.n;
    out->v = moxd_arena_calloc(a, ans.n, sizeof(*out->v));
    for (size_t i = 0; i < ans.n; i++)
        take_record(&ans.rr[i], type, &out->v[i]);
}
