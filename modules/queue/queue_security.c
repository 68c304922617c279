#include "queue_security.h"

static void skip(struct queue_plan *p, int code, const char *enhanced, const char *text)
{
    p->skip = true;
    (void)moxd_reply_set(&p->reply, code, enhanced, "%s", text);
}

/* RFC 8689 4.2.2: policies are followed, and nothing comes of it when that is unsuccessful. */
static void plan_optional(const struct queue_security *known, struct queue_plan *p)
{
    p->security.starttls = SMTPCLIENT_TLS_IF_OFFERED;
    p->security.verify_dane = known->dane && known->ntlsa > 0;
    p->security.verify_pkix = known->sts_enforce || known->sts_testing;
    p->security.ignore_errors = true;
    p->fallback = true;
}

/* RFC 8689 4.2.1: a host that is known to be one of the domain, and proves to be that host. */
static void plan_required(const struct queue_demand *d, const struct queue_security *known,
                          struct queue_plan *p)
{
    if (!d->hosts_secure && !known->sts_mx_ok) {
        skip(p, 550, "5.7.10",
             "REQUIRETLS: neither DNSSEC nor MTA-STS says that this host is one of the domain");
        return;
    }
    p->security.starttls = SMTPCLIENT_TLS_REQUIRED;
    p->security.verify_dane = known->dane && known->ntlsa > 0;
    p->security.verify_pkix = !p->security.verify_dane || known->sts_enforce;
    p->requiretls = true;
}

/* Opportunistic without a policy; with one TLS is mandatory: verified by what there is, DANE, PKIX for MTA-STS, or
 * both (RFC 8461 2: neither overrides the other), or not at all when no TLSA record can be used (RFC 7672 2.2). */
static void plan_default(const struct queue_security *known, struct queue_plan *p)
{
    bool policy = known->dane || known->sts_enforce;
    bool watch = known->sts_testing && !policy; /* for reports only (RFC 8461 5) */

    p->security.starttls = policy ? SMTPCLIENT_TLS_REQUIRED : SMTPCLIENT_TLS_IF_OFFERED;
    p->security.verify_dane = known->dane && known->ntlsa > 0;
    p->security.verify_pkix = known->sts_enforce || watch;
    p->security.ignore_errors = watch;
    p->fallback = !policy;
}

void queue_security_plan(const struct queue_demand *d, const struct queue_security *known,
                         struct queue_plan *out)
{
    bool required = d->requiretls == QUEUE_TLS_REQUIRED && !d->null_sender;

    *out = (struct queue_plan){
        .security = { .tlsa = known->tlsa, .ntlsa = known->ntlsa, .dane_names = known->dane_names },
    };
    if (d->requiretls == QUEUE_TLS_OPTIONAL) {
        plan_optional(known, out);
    } else if (known->reply.code != 0) {
        out->skip = true;
        out->reply = known->reply;
    } else if (known->sts_enforce && !known->sts_mx_ok) {
        skip(out, 451, "4.7.5", "the MTA-STS policy of the domain does not list this host");
        if (required)
            skip(out, 550, "5.7.10", "the MTA-STS policy of the domain does not list this host");
    } else if (required) {
        plan_required(d, known, out);
    } else {
        plan_default(known, out);
    }
}
