/* Does anything that passed speak for the author's domain (RFC 9989 4.4, 4.5)? */
#include <moxmail/dmarc.h>

const char *moxd_dmarc_result_name(enum moxd_dmarc_result r)
{
    static const char *const names[] = { "none", "pass", "fail", "temperror" };

    return (unsigned)r < MOXD_NELEMS(names) ? names[r] : "invalid";
}

/* Whether name is domain or below it. */
static bool within(struct moxd_str name, struct moxd_str domain)
{
    return domain.n > 0 && moxd_str_caseends(name, domain) &&
           (name.n == domain.n || name.p[name.n - domain.n - 1] == '.');
}

/* Both have one organizational domain. That of the author is above both or there is none, which saves most
 * walks. 1, 0, -1: not known. */
static int same_organization(const struct moxd_dmarc_walk *author, struct moxd_str domain,
                             const struct moxd_dmarc_resolver *r, struct moxd_arena *a)
{
    struct moxd_dmarc_walk w;

    if (!author->errors && !within(domain, author->org))
        return 0;
    moxd_dmarc_walk(domain, r, a, &w);
    if (author->errors || w.errors)
        return -1;
    return moxd_str_caseeq(w.org, author->org);
}

static int aligned(const struct moxd_dmarc_walk *author, const struct moxd_dmarc_record *policy,
                   const struct moxd_dmarc_auth *auth, const struct moxd_dmarc_resolver *r,
                   struct moxd_arena *a)
{
    bool strict = auth->is_spf ? policy->aspf_strict : policy->adkim_strict;

    if (moxd_str_caseeq(auth->domain, author->start))
        return 1;
    return strict ? 0 : same_organization(author, auth->domain, r, a);
}

enum { NAME_MAX_BYTES = 253 }; /* of a name in DNS (RFC 1035 2.3.4) */

/* NXDOMAIN says that nothing is there (RFC 8020). When nobody answers the domain gets the benefit. */
static bool exists(struct moxd_str domain, const struct moxd_dmarc_resolver *r,
                   struct moxd_arena *a)
{
    struct moxd_str *txt = NULL;
    size_t n = 0;

    if (domain.n > NAME_MAX_BYTES)
        return false;
    return r->txt(r->arg, moxd_arena_cstr(a, domain), a, &txt, &n) != MOXD_DMARC_NXDOMAIN;
}

/* np= is asked for only where it makes a difference. */
static enum moxd_dmarc_policy policy_of(const struct moxd_dmarc_found *f, struct moxd_str from,
                                        const struct moxd_dmarc_resolver *r, struct moxd_arena *a)
{
    bool ask = f->record.np != MOXD_DMARC_ABSENT && !moxd_str_caseeq(f->domain, from);

    return moxd_dmarc_policy_for(f, from, !ask || exists(from, r, a));
}

void moxd_dmarc_evaluate(const struct moxd_dmarc_walk *author, struct moxd_dmarc_auth *auths,
                         size_t n, const struct moxd_dmarc_resolver *r, struct moxd_arena *a,
                         struct moxd_dmarc_verdict *out)
{
    bool unsure;

    *out = (struct moxd_dmarc_verdict){ .found = moxd_dmarc_applies(author) };
    if (!out->found) {
        out->result = author->errors ? MOXD_DMARC_RESULT_TEMPERROR : MOXD_DMARC_RESULT_NONE;
        return;
    }
    unsure = author->errors && !moxd_str_caseeq(out->found->domain, author->start);
    out->policy = policy_of(out->found, author->start, r, a);
    for (size_t i = 0; i < n; i++) {
        struct moxd_dmarc_auth *auth = &auths[i];
        if (auth->result == MOXD_DMARC_AUTH_OTHER || auth->domain.n == 0)
            continue;
        int rc = aligned(author, &out->found->record, auth, r, a);
        auth->aligned = rc > 0;
        bool pass = auth->result == MOXD_DMARC_AUTH_PASS;
        unsure = unsure || (rc < 0 && pass) || (rc != 0 && !pass);
        out->spf_aligned = out->spf_aligned || (rc > 0 && pass && auth->is_spf);
        out->dkim_aligned = out->dkim_aligned || (rc > 0 && pass && !auth->is_spf);
    }
    out->result = out->spf_aligned || out->dkim_aligned ? MOXD_DMARC_RESULT_PASS
                  : unsure                              ? MOXD_DMARC_RESULT_TEMPERROR
                                                        : MOXD_DMARC_RESULT_FAIL;
}
