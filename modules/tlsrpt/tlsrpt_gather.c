/* on_connected: what a connection says about the policies that were applied to it (RFC 8460 4.2, 4.3). */
#include "tlsrpt.h"

static const char *const names[] = {
    [SMTPCLIENT_TLS_NOT_OFFERED] = "starttls-not-supported",
    [SMTPCLIENT_TLS_HOST_MISMATCH] = "certificate-host-mismatch",
    [SMTPCLIENT_TLS_EXPIRED] = "certificate-expired",
    [SMTPCLIENT_TLS_NOT_TRUSTED] = "certificate-not-trusted",
    [SMTPCLIENT_TLS_TLSA_INVALID] = "tlsa-invalid",
    [SMTPCLIENT_TLS_FAILED] = "validation-failure",
};
static const char *const none[] = { NULL };

/* Why TLS was not as the policy wants it; NULL: it was. */
static const char *failure_of(const struct queue_connected *ev, const struct queue_tls_policy *p,
                              const char **why)
{
    const struct smtpclient_facts *f = ev->facts;
    bool sts = strcmp(p->type, "sts") == 0, dane = strcmp(p->type, "tlsa") == 0;
    bool secret = f->tls_version != NULL;

    *why = f->tls_error ? f->tls_error : "";
    if (p->failure) {
        *why = p->detail ? p->detail : "";
        return p->failure;
    }
    if (sts && !ev->security->sts_mx_ok) {
        *why = "the host is not listed in the policy";
        return "validation-failure";
    }
    if (secret && (sts ? f->pkix_ok : dane ? f->dane_ok || ev->security->ntlsa == 0 : true))
        return NULL;
    if (f->tls_result != SMTPCLIENT_TLS_OK && (unsigned)f->tls_result < MOXD_NELEMS(names) &&
        names[f->tls_result])
        return names[f->tls_result];
    return dane ? "tlsa-invalid" : sts ? "certificate-not-trusted" : "validation-failure";
}

static void add(struct tlsrpt *t, const struct queue_connected *ev,
                const struct queue_tls_policy *p)
{
    const char *why, *failure = failure_of(ev, p, &why);
    const struct tlsrpt_delta d = {
        .policy = { .type = p->type,
                    .domain = p->domain,
                    .strings = p->strings ? p->strings : none,
                    .mx = p->mx ? p->mx : none,
                    .successes = !failure,
                    .failures = failure != NULL },
        .failure = { .result = failure,
                     .sending_ip = ev->facts->local_ip,
                     .mx = ev->host->host,
                     .helo = "",
                     .receiving_ip = ev->facts->remote_ip,
                     .info = "",
                     .reason = why,
                     .count = failure != NULL },
    };

    moxd_metric_inc(t->sessions, p->type, failure ? failure : "successful");
    tlsrpt_add(t, &d);
}

/* A connection that never came to TLS says nothing (4.3.4), nor does the plain one after TLS failed. */
void tlsrpt_on_connected(struct moxd_instance *m, const struct queue_connected *ev)
{
    const struct queue_tls_policy unknown = { .type = "no-policy-found",
                                              .domain = ev->host->domain };
    struct tlsrpt *t = tlsrpt_self(m);

    if (!ev->report || t->conf->no_outgoing || !ev->host->domain || !*ev->host->domain ||
        ev->facts->tls_result == SMTPCLIENT_TLS_NONE_TRIED)
        return;
    for (size_t i = 0; i < ev->security->npolicies; i++)
        add(t, ev, ev->security->policies[i]);
    if (ev->security->npolicies == 0)
        add(t, ev, &unknown);
}
