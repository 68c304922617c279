/* on_security: what DANE says of a host to which mail is about to go. */
#include "dane.h"

/* Each record as DNS has it (RFC 8460 4.4). */
static const char *const *record_lines(const struct dane_found *found, struct moxd_arena *a)
{
    const char **lines = moxd_arena_calloc(a, found->nall + 1, sizeof(*lines));

    for (size_t i = 0; i < found->nall; i++) {
        struct moxd_buf b = MOXD_BUF_INIT(2 * found->all[i].data.n + 20);
        moxd_tlsa_put(&b, &found->all[i]);
        lines[i] = moxd_arena_strdup(a, moxd_buf_cstr(&b));
        moxd_buf_fini(&b);
    }
    return lines;
}

static void add_policy(const struct dane_found *found, const char *failure, const char *detail,
                       struct moxd_arena *a, struct queue_security *out)
{
    struct queue_tls_policy *p = moxd_arena_alloc(a, sizeof(*p));

    *p = (struct queue_tls_policy){ .type = "tlsa",
                                    .domain = found->base,
                                    .strings = record_lines(found, a),
                                    .failure = failure,
                                    .detail = detail };
    if (out->npolicies < MOXD_NELEMS(out->policies))
        out->policies[out->npolicies++] = p;
}

/* A lookup that fails hides records, if there are any (RFC 7672 2.1.2, DANE-03). */
static enum moxd_verdict refuse(const struct dane *d, const struct queue_host *ev,
                                const struct dane_found *found, const struct moxd_err *err,
                                struct queue_security *out)
{
    moxd_metric_inc(d->lookups, "failed", NULL);
    add_policy(found, found->bogus ? "dnssec-invalid" : "validation-failure",
               moxd_arena_strdup(ev->arena, err->priv), ev->arena, out);
    return moxd_reply_set(&out->reply, 451, "4.4.3", "%s", err->pub);
}

static void fill(const struct dane *d, const struct queue_host *ev, const struct dane_found *found,
                 struct queue_security *out)
{
    const char *failure = found->nusable == 0 ? "tlsa-invalid" : NULL;

    out->dane = true;
    out->tlsa = found->usable;
    out->ntlsa = found->nusable;
    out->dane_names = found->names;
    add_policy(found, failure, failure ? "no record can be used for SMTP" : NULL, ev->arena, out);
    moxd_metric_inc(d->lookups, failure ? "unusable" : "secure", NULL);
}

enum moxd_verdict dane_on_security(struct moxd_instance *m, const struct queue_host *ev,
                                   struct queue_security *out)
{
    const struct dane *d = MOXD_CONTAINER(m, struct dane, m);
    struct dane_host h = { .host = ev->host,
                           .port = ev->port,
                           .addresses = ev->addresses,
                           .domain = ev->domain,
                           .hosts = ev->hosts };
    struct smtpclient_addresses ad;
    struct dane_found found;
    struct moxd_err err = { 0 };
    int rc = h.addresses ? dane_lookup(d, &h, ev->arena, &found, &err)
                         : dane_lookup_host(d, &h, &ad, ev->arena, &found, &err);

    if (rc < 0 && err.kind == MOXD_ERR_NOTFOUND) /* only the proxy knows the host */
        return MOXD_NEXT;
    if (rc < 0)
        return refuse(d, ev, &found, &err, out);
    if (found.secure)
        fill(d, ev, &found, out);
    else
        moxd_metric_inc(d->lookups, "none", NULL);
    return MOXD_NEXT;
}
