/* What a signature must be before its key is looked up (RFC 6376 6.1.1, RFC 8301). */
#include "dkim.h"

static bool signs_from(const struct moxd_dkim_sig *sig)
{
    for (size_t i = 0; i < sig->nnames; i++)
        if (moxd_str_caseeqs(sig->names[i], "From"))
            return true;
    return false;
}

static bool is_within(struct moxd_str name, struct moxd_str domain)
{
    if (moxd_str_eq(name, domain))
        return true;
    return name.n > domain.n && moxd_str_ends(name, domain) && name.p[name.n - domain.n - 1] == '.';
}

int moxd_dkim_sig_check(const struct moxd_dkim_sig *sig, int64_t now, bool weak,
                        struct moxd_dkim_verdict *why)
{
    const char *reason = NULL;
    if (sig->alg == MOXD_DKIM_RSA_SHA1 && !weak)
        reason = "rsa-sha1 is historic";
    else if (!signs_from(sig))
        reason = "From is not signed";
    else if (!is_within(sig->identity_domain, sig->domain))
        reason = "identity is not within the signing domain";
    else if (sig->expires >= 0 && sig->signed_at >= 0 && sig->expires <= sig->signed_at)
        reason = "expired before it was signed";
    else if (sig->expires >= 0 && sig->expires + MOXD_DKIM_SLACK < now && !weak)
        reason = "signature expired";
    return reason ? mail_dkim_fail(why, MOXD_DKIM_PERMERROR, reason) : 0;
}

const char *moxd_dkim_key_name(struct moxd_str selector, struct moxd_str domain,
                               struct moxd_arena *a)
{
    return moxd_arena_printf(a, "%" MOXD_STRF "._domainkey.%" MOXD_STRF, MOXD_STRA(selector),
                             MOXD_STRA(domain));
}
