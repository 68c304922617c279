/* moxctl dmarc lookup|parserecord|verify|checkreportaddrs */
#include "dmarc.h"

#include <moxmail/address.h>

#define COMMAND_TIMEOUT (60 * MOXD_SEC)

static const char *const dnssec_words[] = {
    [SMTP_DNSSEC_NONE] = "nothing was looked up",
    [SMTP_DNSSEC_INSECURE] = "not authentic (no DNSSEC)",
    [SMTP_DNSSEC_SECURE] = "authentic (DNSSEC)",
    [SMTP_DNSSEC_BOGUS] = "forged or broken, by DNSSEC",
};

/* Nothing that a terminal would take for more than text. */
static void print(struct moxd_ctl *c, const char *before, struct moxd_str s)
{
    (void)moxd_ctl_printf(c, "%s%s\n", before, moxd_ctl_plain_str(c, s));
}

/* A command's domain, in A-labels. */
static int take_domain(struct moxd_ctl *c, const char *word, struct moxd_str *out,
                       struct moxd_err *err)
{
    struct moxd_domain d;

    if (moxd_domain_parse(moxd_cstr(word), MOXD_ADDRESS_UTF8 | MOXD_ADDRESS_UNDERSCORE,
                          moxd_ctl_arena(c), &d, err) < 0)
        return -1;
    *out = d.ascii;
    return d.ip_len == 0 ? 0 : moxd_err_set(err, MOXD_ERR_INVALID, "%s is no domain", word);
}

struct lookup {
    struct dmarc_dns dns;
    struct moxd_dmarc_resolver resolver;
    struct moxd_dmarc_walk walk;
    const struct moxd_dmarc_found *found;
};

/* Walks, and says what was found. -1 when there is no policy. */
static int look_up(const struct moxd_instance *m, struct moxd_ctl *c, const char *word,
                   struct lookup *l, struct moxd_err *err)
{
    struct moxd_str domain;

    *l = (struct lookup){ .dns = { .psl = MOXD_CONTAINER(m, const struct dmarc, m)->psl,
                                   .deadline = moxd_deadline(COMMAND_TIMEOUT) } };
    l->resolver = dmarc_resolver(&l->dns);
    if (take_domain(c, word, &domain, err) < 0)
        return -1;
    moxd_dmarc_walk(domain, &l->resolver, moxd_ctl_arena(c), &l->walk);
    l->found = moxd_dmarc_applies(&l->walk);
    if (l->walk.errors)
        (void)moxd_ctl_printf(c, "warning: DNS did not answer everything\n");
    if (l->found)
        return 0;
    return moxd_err_set(err, l->walk.errors ? MOXD_ERR_TEMP : MOXD_ERR_NOTFOUND,
                        "there is no DMARC policy for %s, %s", word, dnssec_words[l->dns.dnssec]);
}

int dmarc_cmd_lookup(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                     struct moxd_err *err)
{
    struct lookup l;

    (void)argc;
    if (look_up(m, c, argv[0], &l, err) < 0)
        return -1;
    print(c, "policy of: ", l.found->domain);
    print(c, "organization: ", l.walk.org);
    print(c, "record: ", l.found->record.text);
    return moxd_ctl_printf(c, "dns: %s\n", dnssec_words[l.dns.dnssec]);
}

int dmarc_cmd_parserecord(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                          struct moxd_err *err)
{
    struct moxd_buf b = MOXD_BUF_INIT(4 * MOXD_DMARC_RECORD_MAX);
    struct moxd_dmarc_record r;

    (void)m, (void)argc;
    if (moxd_dmarc_record_parse(moxd_cstr(argv[0]), moxd_ctl_arena(c), &r, err) < 0)
        return -1;
    moxd_dmarc_record_write(&b, &r);
    print(c, "", moxd_buf_str(&b));
    moxd_buf_fini(&b);
    return 0;
}

/* spf:DOMAIN or dkim:DOMAIN, which passed. */
static int take_auth(struct moxd_ctl *c, const char *word, struct moxd_dmarc_auth *out,
                     struct moxd_err *err)
{
    *out = (struct moxd_dmarc_auth){ .is_spf = strncmp(word, "spf:", 4) == 0 };
    if (!out->is_spf && strncmp(word, "dkim:", 5) != 0)
        return moxd_err_set(err, MOXD_ERR_INVALID, "%s: neither spf:DOMAIN nor dkim:DOMAIN", word);
    return take_domain(c, strchr(word, ':') + 1, &out->domain, err);
}

int dmarc_cmd_verify(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                     struct moxd_err *err)
{
    struct moxd_dmarc_auth auths[DMARC_AUTHS_MAX];
    struct moxd_dmarc_verdict v;
    size_t n = 0;
    struct lookup l;

    for (int i = 1; i < argc && n < DMARC_AUTHS_MAX; i++)
        if (take_auth(c, argv[i], &auths[n++], err) < 0)
            return -1;
    if (look_up(m, c, argv[0], &l, err) < 0)
        return -1;
    moxd_dmarc_evaluate(&l.walk, auths, n, &l.resolver, moxd_ctl_arena(c), &v);
    (void)moxd_ctl_printf(c, "%s\npolicy: %s\n", moxd_dmarc_result_name(v.result),
                          moxd_dmarc_policy_name(v.policy));
    print(c, "policy of: ", v.found->domain);
    print(c, "organization: ", l.walk.org);
    for (size_t i = 0; i < n; i++)
        print(c, auths[i].aligned ? "aligned: " : "not aligned: ", auths[i].domain);
    return 0;
}

/* One report address: whether its domain wants reports about this one. False: it does not, or it is no
 * address. */
static bool check_uri(struct moxd_ctl *c, struct lookup *l, struct moxd_str uri)
{
    struct moxd_arena *a = moxd_ctl_arena(c);
    struct moxd_str localpart, domain;
    struct moxd_dmarc_walk w;

    if (moxd_dmarc_uri_address(uri, a, &localpart, &domain) < 0) {
        print(c, "no mailto address: ", uri);
        return false;
    }
    moxd_dmarc_walk(domain, &l->resolver, a, &w);
    if (moxd_str_caseeq(w.org, l->walk.org)) {
        print(c, "same organization: ", uri);
        return true;
    }
    int rc = moxd_dmarc_wants_reports(l->found->domain, domain, &l->resolver, a);
    print(c, rc > 0 ? "consent: " : rc == 0 ? "no consent: " : "DNS does not answer: ", uri);
    return rc > 0;
}

/* DMARC-02 */
int dmarc_cmd_checkreportaddrs(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                               struct moxd_err *err)
{
    struct lookup l;
    size_t bad = 0;

    (void)argc;
    if (look_up(m, c, argv[0], &l, err) < 0)
        return -1;
    const struct moxd_dmarc_record *r = &l.found->record;
    for (size_t i = 0; i < r->nrua; i++)
        bad += !check_uri(c, &l, r->rua[i].uri);
    for (size_t i = 0; i < r->nruf; i++)
        bad += !check_uri(c, &l, r->ruf[i].uri);
    if (r->nrua + r->nruf == 0)
        (void)moxd_ctl_printf(c, "the record has no report addresses\n");
    return bad == 0 ? 0
                    : moxd_err_set(err, MOXD_ERR_INVALID, "%zu of the report addresses get nothing",
                                   bad);
}
