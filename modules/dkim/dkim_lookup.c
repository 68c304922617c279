/* Key records in DNS (RFC 6376 3.6.2, 6.1.2). */
#include "dkim.h"

static void fail(struct dkim_record *out, enum moxd_dkim_result result, const char *reason)
{
    out->why = (struct moxd_dkim_verdict){ result, reason };
}

static enum smtp_dnssec dnssec(const struct moxd_dns_answer *answer)
{
    if (answer->status == MOXD_DNS_BOGUS)
        return SMTP_DNSSEC_BOGUS;
    if (answer->status == MOXD_DNS_TEMP)
        return SMTP_DNSSEC_NONE;
    return answer->secure ? SMTP_DNSSEC_SECURE : SMTP_DNSSEC_INSECURE;
}

/* Records that are none of DKIM's are passed over, as a wildcard may bring them. More than one that is: the
 * order of records is not defined, so there is no telling which one is meant. */
static void choose(struct dkim_record *out, const struct moxd_dns_answer *answer,
                   struct moxd_arena *a)
{
    size_t found = 0;

    fail(out, MOXD_DKIM_PERMERROR, "no key");
    for (size_t i = 0; i < answer->n && found < 2; i++) {
        struct moxd_dkim_verdict why;
        struct moxd_dkim_key key;
        if (moxd_dkim_key_parse(answer->rr[i].text, a, &key, &why) < 0) {
            if (found == 0)
                out->why = why;
            continue;
        }
        out->text = answer->rr[i].text;
        out->key = key;
        out->why.reason = NULL;
        found++;
    }
    if (found > 1)
        fail(out, MOXD_DKIM_PERMERROR, "several key records");
}

void dkim_lookup(struct moxd_str selector, struct moxd_str domain, struct moxd_arena *a,
                 struct dkim_record *out)
{
    struct moxd_dns_answer answer = { .status = MOXD_DNS_TEMP };

    *out = (struct dkim_record){ .name = moxd_dkim_key_name(selector, domain, a) };
    if (strlen(out->name) > DKIM_NAME_MAX) {
        fail(out, MOXD_DKIM_PERMERROR, "no key: the name is too long");
        return;
    }
    (void)moxd_dns_query(out->name, MOXD_DNS_TXT, a, &answer,
                         moxd_deadline(DKIM_LOOKUP_S * MOXD_SEC));
    out->dnssec = dnssec(&answer);
    if (answer.status == MOXD_DNS_BOGUS)
        fail(out, MOXD_DKIM_TEMPERROR, "bogus answer for the key");
    else if (answer.status == MOXD_DNS_TEMP)
        fail(out, MOXD_DKIM_TEMPERROR, "no answer for the key");
    else
        choose(out, &answer, a);
}

int dkim_key(struct moxd_instance *m, const struct moxd_dkim_sig *sig, struct moxd_arena *a,
             struct moxd_dkim_key *out, enum smtp_dnssec *secure, struct moxd_dkim_verdict *why)
{
    struct dkim_record record;

    (void)m;
    dkim_lookup(sig->selector, sig->domain, a, &record);
    *secure = record.dnssec;
    *why = record.why;
    if (record.why.reason)
        return -1;
    *out = record.key;
    return moxd_dkim_key_check(out, sig, why);
}
