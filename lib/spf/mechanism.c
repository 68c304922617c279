/* Mechanisms (RFC 7208 5). */
#include "spf.h"

#include <moxd/network.h>

int mail_spf_stop(struct mail_spf *c, enum moxd_spf_result r, const char *problem)
{
    c->out->result = r;
    c->out->problem = problem;
    return -1;
}

int mail_spf_count(struct mail_spf *c)
{
    if (++c->out->lookups > MOXD_SPF_LOOKUPS_MAX)
        return mail_spf_stop(c, MOXD_SPF_PERMERROR, "more than 10 terms that need DNS");
    return 0;
}

bool mail_spf_name_ok(struct moxd_str name)
{
    size_t label = 0;

    for (size_t i = 0; i < name.n; i++) {
        if ((unsigned char)name.p[i] < ' ' || (unsigned char)name.p[i] > '~')
            return false;
        label = name.p[i] == '.' ? 0 : label + 1;
        if (label > 63 || (name.p[i] == '.' && (i == 0 || name.p[i - 1] == '.')))
            return false;
    }
    return name.n > 0 && name.n <= 253 && name.p[name.n - 1] != '.';
}

enum moxd_spf_status mail_spf_ask(struct mail_spf *c, struct moxd_str name, enum moxd_spf_type type,
                                  struct moxd_arena *a, struct moxd_spf_answer *out)
{
    *out = (struct moxd_spf_answer){ .status = MOXD_SPF_NOTFOUND };
    if (mail_spf_name_ok(name))
        c->resolver->lookup(c->resolver->arg, moxd_arena_cstr(a, name), type, a, out);
    if (out->status == MOXD_SPF_FOUND && out->n == 0)
        out->status = MOXD_SPF_NOTFOUND;
    return out->status;
}

int mail_spf_lookup(struct mail_spf *c, struct moxd_str name, enum moxd_spf_type type,
                    struct moxd_arena *a, struct moxd_spf_answer *out)
{
    switch (mail_spf_ask(c, name, type, a, out)) {
    case MOXD_SPF_FOUND:
        return 1;
    case MOXD_SPF_ERROR:
        return mail_spf_stop(
            c, MOXD_SPF_TEMPERROR,
            moxd_arena_printf(c->a, "DNS lookup of %" MOXD_STRF " failed", MOXD_STRA(name)));
    case MOXD_SPF_NOTFOUND:
        break;
    }
    if (++c->out->voids > MOXD_SPF_VOIDS_MAX)
        return mail_spf_stop(c, MOXD_SPF_PERMERROR, "more than 2 DNS lookups that found nothing");
    return 0;
}

static enum moxd_spf_type address_type(const struct mail_spf *c)
{
    return c->args->ip_len == 4 ? MOXD_SPF_TYPE_A : MOXD_SPF_TYPE_AAAA;
}

static bool any_covers(const struct mail_spf *c, const struct moxd_spf_answer *ans, unsigned bits)
{
    for (size_t i = 0; i < ans->n; i++)
        if (moxd_bits_equal(ans->v[i].ip, c->args->ip, bits))
            return true;
    return false;
}

/* Whether one of the host's addresses, with the term's prefix, is the client's. */
static int host_matches(struct mail_spf *c, struct moxd_str host, const struct moxd_spf_term *t,
                        struct moxd_arena *a)
{
    struct moxd_spf_answer ans;
    int rc = mail_spf_lookup(c, host, address_type(c), a, &ans);

    return rc <= 0 ? rc : any_covers(c, &ans, c->args->ip_len == 4 ? t->prefix4 : t->prefix6);
}

static int mx_matches(struct mail_spf *c, struct moxd_str domain, const struct moxd_spf_term *t,
                      struct moxd_arena *a)
{
    struct moxd_spf_answer mx;
    int rc = mail_spf_lookup(c, domain, MOXD_SPF_TYPE_MX, a, &mx);

    if (rc <= 0)
        return rc;
    if (mx.n > MOXD_SPF_NAMES_MAX)
        return mail_spf_stop(c, MOXD_SPF_PERMERROR, "more than 10 MX hosts");
    rc = 0;
    for (size_t i = 0; rc == 0 && i < mx.n; i++)
        rc = host_matches(c, mx.v[i].text, t, a);
    return rc;
}

static int exists(struct mail_spf *c, struct moxd_str domain, struct moxd_arena *a)
{
    struct moxd_spf_answer ans;

    return mail_spf_lookup(c, domain, MOXD_SPF_TYPE_A, a, &ans);
}

bool mail_spf_within(struct moxd_str name, struct moxd_str domain)
{
    return moxd_str_caseends(name, domain) &&
           (name.n == domain.n || name.p[name.n - domain.n - 1] == '.');
}

static struct moxd_str reverse_name(const struct mail_spf *c)
{
    const unsigned char *ip = c->args->ip;
    struct moxd_buf b = MOXD_BUF_INIT(100);

    for (unsigned i = c->args->ip_len; i-- > 0;)
        if (c->args->ip_len == 4)
            moxd_buf_addf(&b, "%u.", ip[i]);
        else
            moxd_buf_addf(&b, "%x.%x.", ip[i] & 15U, ip[i] >> 4);
    moxd_buf_adds(&b, c->args->ip_len == 4 ? "in-addr.arpa" : "ip6.arpa");
    struct moxd_str name = moxd_arena_str(c->a, moxd_buf_str(&b));
    moxd_buf_fini(&b);
    return name;
}

/* RFC 7208 5.5: errors skip a name, those over the limit are ignored. That nothing is found does not count
 * (4.6.4): the client's reverse names are not the domain's doing. */
int mail_spf_names(struct mail_spf *c)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = NULL;
    struct moxd_spf_answer ptr, ans;

    if (c->names_known)
        return 0;
    c->names_known = true;
    a = moxd_arena_new(0);
    if (mail_spf_ask(c, reverse_name(c), MOXD_SPF_TYPE_PTR, a, &ptr) != MOXD_SPF_FOUND)
        return 0;
    for (size_t i = 0; i < ptr.n && i < MOXD_SPF_NAMES_MAX; i++)
        if (mail_spf_ask(c, ptr.v[i].text, address_type(c), a, &ans) == MOXD_SPF_FOUND &&
            any_covers(c, &ans, 8 * c->args->ip_len))
            c->names[c->nnames++] = moxd_arena_str(c->a, ptr.v[i].text);
    return 0;
}

static int ptr_matches(struct mail_spf *c, struct moxd_str domain)
{
    if (mail_spf_names(c) < 0)
        return -1;
    for (size_t i = 0; i < c->nnames; i++)
        if (mail_spf_within(c->names[i], domain))
            return 1;
    return 0;
}

static int network_matches(const struct mail_spf *c, const struct moxd_spf_term *t)
{
    bool four = t->mechanism == MOXD_SPF_IP4;

    return c->args->ip_len == (four ? 4 : 16) &&
           moxd_bits_equal(t->ip, c->args->ip, four ? t->prefix4 : t->prefix6);
}

static int asks_dns(struct mail_spf *c, const struct moxd_spf_term *t, struct moxd_arena *a)
{
    struct moxd_str domain;
    int rc;

    if (mail_spf_count(c) < 0)
        return -1;
    if ((rc = mail_spf_target(c, t->domain, &domain)) <= 0)
        return rc;
    switch (t->mechanism) {
    case MOXD_SPF_INCLUDE:
        return mail_spf_include(c, domain);
    case MOXD_SPF_A:
        return host_matches(c, domain, t, a);
    case MOXD_SPF_MX:
        return mx_matches(c, domain, t, a);
    case MOXD_SPF_PTR:
        return ptr_matches(c, domain);
    default:
        return exists(c, domain, a);
    }
}

int mail_spf_matches(struct mail_spf *c, const struct moxd_spf_term *t)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = NULL;

    if (t->mechanism == MOXD_SPF_ALL)
        return 1;
    if (t->mechanism == MOXD_SPF_IP4 || t->mechanism == MOXD_SPF_IP6)
        return network_matches(c, t);
    a = moxd_arena_new(0);
    return asks_dns(c, t, a);
}
