/* moxctl spf lookup|parse|check */
#include "spf.h"

#include <arpa/inet.h>

#define COMMAND_TIMEOUT (60 * MOXD_SEC)

static const char *const dnssec_words[] = {
    [SMTP_DNSSEC_NONE] = "nothing was looked up",
    [SMTP_DNSSEC_INSECURE] = "not authentic (no DNSSEC)",
    [SMTP_DNSSEC_SECURE] = "authentic (DNSSEC)",
    [SMTP_DNSSEC_BOGUS] = "forged or broken, by DNSSEC",
};

/* Nothing that a terminal would take for more than text. */
static int print(struct moxd_ctl *c, const char *before, struct moxd_str s, const char *after)
{
    return moxd_ctl_printf(c, "%s%s%s", before, moxd_ctl_plain_str(c, s), after);
}

/* The domain's SPF records, one line each. */
int spf_cmd_lookup(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                   struct moxd_err *err)
{
    struct spf_dns dns = { .deadline = moxd_deadline(COMMAND_TIMEOUT) };
    struct moxd_spf_answer ans;
    size_t n = 0;

    (void)m, (void)argc;
    spf_dns_lookup(&dns, argv[0], MOXD_SPF_TYPE_TXT, moxd_ctl_arena(c), &ans);
    if (ans.status == MOXD_SPF_ERROR)
        return moxd_err_set(err, MOXD_ERR_TEMP, "the lookup failed: %s",
                            dns.dnssec == SMTP_DNSSEC_BOGUS ? dnssec_words[dns.dnssec]
                                                            : "no name server gives an answer");
    for (size_t i = 0; i < ans.n; i++)
        if (moxd_spf_is_record(ans.v[i].text)) {
            (void)print(c, "", ans.v[i].text, "\n");
            n++;
        }
    if (n == 0)
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "%s has no SPF record, %s", argv[0],
                            dnssec_words[dns.dnssec]);
    (void)moxd_ctl_printf(c, "%s\n", dnssec_words[dns.dnssec]);
    return n == 1 ? 0 : moxd_err_set(err, MOXD_ERR_INVALID, "there must be one record only");
}

static void print_term(struct moxd_ctl *c, const struct moxd_spf_term *t)
{
    static const char *const names[] = {
        "all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"
    };

    (void)moxd_ctl_printf(c, "%s: %s", moxd_spf_result_name(t->result), names[t->mechanism]);
    (void)print(c, "  ", t->text, "\n");
}

int spf_cmd_parse(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                  struct moxd_err *err)
{
    struct moxd_spf_record r;

    (void)m, (void)argc;
    if (moxd_spf_record_parse(moxd_cstr(argv[0]), moxd_ctl_arena(c), &r, err) < 0)
        return -1;
    for (size_t i = 0; i < r.nterms; i++)
        print_term(c, &r.terms[i]);
    if (r.redirect.n > 0)
        (void)print(c, "else: redirect  ", r.redirect, "\n");
    else
        (void)moxd_ctl_printf(c, "else: neutral\n");
    if (r.exp.n > 0)
        (void)print(c, "explanation of a fail: ", r.exp, "\n");
    for (size_t i = 0; i < r.nothers; i++)
        (void)print(c, "ignored: ", r.others[i].name, "\n");
    return 0;
}

static int take_ip(const char *text, struct moxd_spf_args *args, struct moxd_err *err)
{
    unsigned char ip[16];

    if (inet_pton(AF_INET, text, ip) == 1)
        moxd_spf_ip(args, ip, 4);
    else if (inet_pton(AF_INET6, text, ip) == 1)
        moxd_spf_ip(args, ip, 16);
    else
        return moxd_err_set(err, MOXD_ERR_INVALID, "\"%s\" is no IP address", text);
    return 0;
}

static void print_outcome(struct moxd_ctl *c, const struct moxd_spf_outcome *out,
                          const struct spf_dns *dns)
{
    (void)moxd_ctl_printf(c, "%s\n", moxd_spf_result_name(out->result));
    (void)print(c, "mechanism: ", out->mechanism, "\n");
    (void)print(c, "record of: ", out->domain, "\n");
    if (out->problem)
        (void)print(c, "problem: ", moxd_cstr(out->problem), "\n");
    if (out->explanation.n > 0)
        (void)print(c, "the domain explains: ", out->explanation, "\n");
    (void)moxd_ctl_printf(c, "lookups: %u of %d, void: %u of %d\ndns: %s\n", out->lookups,
                          (int)MOXD_SPF_LOOKUPS_MAX, out->voids, (int)MOXD_SPF_VOIDS_MAX,
                          dnssec_words[dns->dnssec]);
}

/* ADDRESS-OR-DOMAIN IP [HELO] */
int spf_cmd_check(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                  struct moxd_err *err)
{
    struct spf_dns dns = { .deadline = moxd_deadline(COMMAND_TIMEOUT) };
    const struct moxd_spf_resolver resolver = { spf_dns_lookup, &dns };
    struct moxd_str who = moxd_cstr(argv[0]);
    struct moxd_spf_args args = { .receiver = moxd_conf_core()->hostname,
                                  .now = moxd_wall() / MOXD_SEC };
    struct moxd_spf_outcome out;
    ptrdiff_t at = moxd_str_rchr(who, '@');

    (void)m;
    if (take_ip(argv[1], &args, err) < 0)
        return -1;
    args.localpart = moxd_str_sub(who, 0, at < 0 ? 0 : (size_t)at);
    args.domain = moxd_str_from(who, (size_t)(at + 1));
    args.helo = argc > 2 ? moxd_cstr(argv[2]) : args.domain;
    moxd_spf_check(&args, &resolver, moxd_ctl_arena(c), &out);
    print_outcome(c, &out, &dns);
    return 0;
}
