/* Who wrote a message, and whether that is proven. Pure: on workers too. */
#include "reputation.h"

#include <libpsl.h>
#include <moxmail/address.h>
#include <moxmail/header.h>
#include <moxmail/header_address.h>

/* Of what stands alone (a public suffix, an address literal): itself. */
static struct moxd_str organization(struct moxd_str domain)
{
    const char *org = psl_registrable_domain(psl_builtin(), domain.p);

    return org ? moxd_cstr(org) : domain; /* points into the domain */
}

static struct moxd_str lower(struct moxd_str s, struct moxd_arena *a)
{
    char *p = moxd_arena_alloc(a, s.n + 1);

    for (size_t i = 0; i < s.n; i++)
        p[i] = moxd_lower(s.p[i]);
    return moxd_str(p, s.n);
}

bool reputation_who(struct moxd_str from, struct moxd_arena *a, struct reputation_who *out)
{
    struct moxd_hdraddr_iter it MOXD_CLEANUP(moxd_hdraddr_fini) = { 0 };
    struct moxd_address ad = { 0 };
    struct moxd_hdraddr ha;
    size_t n = 0;

    if (from.n > REPUTATION_NAME_MAX)
        return false;
    moxd_hdraddr_init(&it, from);
    while (moxd_hdraddr_next(&it, &ha))
        if (ha.kind == MOXD_HDRADDR_MAILBOX &&
            (n++ > 0 ||
             moxd_address_make(ha.localpart, ha.domain, MOXD_ADDRESS_UTF8, a, &ad, NULL) < 0))
            return false;
    if (n == 0 || ad.domain.ascii.n == 0)
        return false;
    *out = (struct reputation_who){ lower(ad.localpart, a), ad.domain.ascii,
                                    organization(ad.domain.ascii) };
    return true;
}

bool reputation_who_of(const struct smtp_message *msg, struct moxd_arena *a,
                       struct reputation_who *out)
{
    struct moxd_field from;

    return moxd_header_find(msg->header, "From", &from) && reputation_who(from.value, a, out);
}

static bool proves(const struct smtp_auth_result *r, const struct reputation_who *who,
                   struct moxd_arena *a)
{
    if (!moxd_str_eqs(r->shown.result, "pass") || r->domain.n == 0 || r->unaligned)
        return false;
    if (moxd_str_eqs(r->shown.method, "dmarc"))
        return moxd_str_eq(r->domain, who->domain);
    struct moxd_str domain = moxd_cstr(moxd_arena_printf(a, "%" MOXD_STRF, MOXD_STRA(r->domain)));
    return moxd_str_eq(organization(domain), who->org);
}

static bool is_check(struct moxd_str method)
{
    return moxd_str_eqs(method, "spf") || moxd_str_eqs(method, "dkim") ||
           moxd_str_eqs(method, "dmarc");
}

bool reputation_verified(const struct smtp_message *msg, const struct reputation_who *who)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    bool checked = false;

    for (size_t i = 0; i < msg->nresults; i++) {
        if (!is_check(msg->results[i]->shown.method))
            continue;
        checked = true;
        if (proves(msg->results[i], who, a))
            return true;
    }
    return !checked || msg->mail->conn->account;
}
