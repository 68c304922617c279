/* on_security: what MTA-STS says of a host to which mail is about to go. What becomes of it is the queue's business;
 * DANE is looked at by itself, and nothing here overrides it (RFC 8461 2). */
#include "mtasts_hook.h"

static const struct queue_tls_policy *about(const struct mtasts_record *r, struct moxd_arena *a)
{
    struct queue_tls_policy *p = moxd_arena_alloc(a, sizeof(*p));

    *p = (struct queue_tls_policy){ .type = r->has_policy ? "sts" : "no-policy-found",
                                    .domain = r->domain };
    if (r->has_policy) {
        p->strings = moxd_mtasts_policy_lines(&r->policy, a);
        p->mx = r->policy.mx;
    }
    if (*r->why) { /* it is published, and could not be had: reportable (RFC 8461 6) */
        p->type = "sts";
        p->failure = r->why;
        p->detail = r->what;
    }
    return p;
}

static void fill(const struct mtasts *t, const struct queue_host *ev, const struct mtasts_record *r,
                 struct queue_security *out)
{
    if (r->has_policy && r->policy.mode != MOXD_MTASTS_NONE) {
        out->sts_enforce = r->policy.mode == MOXD_MTASTS_ENFORCE;
        out->sts_testing = r->policy.mode == MOXD_MTASTS_TESTING;
        out->sts_mx_ok = moxd_mtasts_match(&r->policy, moxd_cstr(ev->host));
        moxd_metric_inc(t->applied, moxd_mtasts_mode_name(r->policy.mode), NULL);
    } else if (!*r->why) {
        return;
    }
    if (out->npolicies < MOXD_NELEMS(out->policies))
        out->policies[out->npolicies++] = about(r, ev->arena);
}

enum moxd_verdict mtasts_on_security(struct moxd_instance *m, const struct queue_host *ev,
                                     struct queue_security *out)
{
    struct mtasts *t = MOXD_CONTAINER(m, struct mtasts, m);
    struct mtasts_record r;
    struct moxd_err err = { 0 };

    if (mtasts_policy(t, ev->domain, ev->last_chance, ev->arena, &r, &err) < 0)
        return moxd_reply_set(&out->reply, 451, "4.7.5",
                              "The MTA-STS policy of %.200s is not known now: %.60s", ev->domain,
                              err.priv);
    fill(t, ev, &r, out);
    return MOXD_NEXT;
}
