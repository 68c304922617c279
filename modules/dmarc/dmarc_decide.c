/* The verdict, once SPF, DKIM and the policy are known (RFC 9989 5.3). */
#include "dmarc.h"

#include <stdio.h>

static bool has_prop(const struct smtp_auth_result *r, const char *name)
{
    for (size_t i = 0; i < r->shown.nprops; i++)
        if (moxd_str_eqs(r->shown.props[i].name, name))
            return true;
    return false;
}

/* Of SPF the identity of MAIL FROM counts, which is HELO's for the null path (RFC 7208 2.4). */
static bool counts(const struct smtp_mail *mail, const struct smtp_auth_result *r)
{
    if (moxd_str_eqs(r->shown.method, "dkim"))
        return !r->unaligned;
    return moxd_str_eqs(r->shown.method, "spf") &&
           has_prop(r, mail->from.domain.n > 0 ? "mailfrom" : "helo");
}

static size_t collect(const struct dmarc *d, const struct smtp_mail *mail,
                      struct moxd_dmarc_auth *out)
{
    const struct smtp_auth_result *r;
    size_t n = 0;

    for (size_t i = 0; n < DMARC_AUTHS_MAX && (r = d->smtp->auth_result(mail, i)); i++) {
        if (!counts(mail, r))
            continue;
        out[n++] = (struct moxd_dmarc_auth){
            .is_spf = moxd_str_eqs(r->shown.method, "spf"),
            .domain = r->domain,
            .result = moxd_str_eqs(r->shown.result, "pass")        ? MOXD_DMARC_AUTH_PASS
                      : moxd_str_eqs(r->shown.result, "temperror") ? MOXD_DMARC_AUTH_TEMPERROR
                                                                   : MOXD_DMARC_AUTH_OTHER,
        };
    }
    return n;
}

static void report(const struct dmarc *d, const struct smtp_mail *mail,
                   const struct dmarc_author *author)
{
    const struct moxd_dmarc_verdict *v = &author->verdict;
    const char *policy = moxd_dmarc_policy_name(v->policy);
    const struct moxd_authres_prop props[] = {
        { MOXD_STR("header"), MOXD_STR("from"), author->domain },
        { MOXD_STR("policy"), MOXD_STR("dmarc"), moxd_cstr(policy) },
    };
    struct smtp_auth_result r = {
        .shown = { .method = MOXD_STR("dmarc"),
                   .result = moxd_cstr(moxd_dmarc_result_name(v->result)),
                   .props = props,
                   .nprops = v->policy == MOXD_DMARC_ABSENT ? 1 : 2 },
        .domain = author->domain,
        .dnssec = author->dns.dnssec,
    };

    if (v->found && !moxd_str_eq(v->found->domain, author->domain))
        r.shown.comment = moxd_cstr(
            moxd_arena_printf(mail->arena, "policy of %" MOXD_STRF, MOXD_STRA(v->found->domain)));
    d->smtp->add_auth_result(mail, &r);
    moxd_metric_inc(d->results, moxd_dmarc_result_name(v->result), *policy ? policy : "absent");
}

/* P-ANALYZE-10: what is to be put in quarantine is refused, so that its sender hears of it. RFC 7372 3.3 for
 * the code. */
static enum moxd_verdict apply(const struct dmarc *d, const struct dmarc_author *author,
                               struct moxd_reply *reply)
{
    const struct moxd_dmarc_verdict *v = &author->verdict;
    bool strict = v->policy >= MOXD_DMARC_QUARANTINE;
    struct moxd_str domain = moxd_str_sub(author->domain, 0, 200);

    (void)snprintf(reply->detail, sizeof(reply->detail), "DMARC %s of %" MOXD_STRF ", policy %s",
                   moxd_dmarc_result_name(v->result), MOXD_STRA(domain),
                   moxd_dmarc_policy_name(v->policy));
    if (v->result == MOXD_DMARC_RESULT_FAIL && strict)
        return moxd_reply_set(reply, 550, "5.7.26",
                              "the DMARC policy of %" MOXD_STRF " does not allow this message",
                              MOXD_STRA(domain));
    if (v->result == MOXD_DMARC_RESULT_TEMPERROR && (v->found ? strict : d->conf->defer_temperror))
        return moxd_reply_set(reply, 451, "4.7.26",
                              "the sender %" MOXD_STRF
                              " cannot be verified now: DNS does not answer",
                              MOXD_STRA(domain));
    return MOXD_NEXT;
}

/* A list or forwarder that we trust has seen the message pass before it was changed (RFC 8617 7.2.1). */
static bool set_aside(const struct dmarc *d, const struct smtp_message *ev,
                      struct dmarc_author *author)
{
    if (!d->arc)
        return false;
    author->arc = d->arc->vouched(d->arc_self, ev->mail, author->domain);
    if (author->arc)
        d->smtp->note(ev, "dmarc-override", author->arc);
    return author->arc != NULL;
}

/* The strictest of several authors' policies counts (RFC 7489 6.6.1). */
static enum moxd_verdict apply_all(const struct dmarc *d, const struct smtp_message *ev,
                                   const struct dmarc_msg *msg, struct moxd_reply *reply)
{
    enum moxd_verdict v = MOXD_NEXT;

    if (msg->too_many)
        return moxd_reply_set(reply, 550, "5.7.26", "From has addresses of more than %d domains",
                              (int)DMARC_AUTHORS_MAX);
    for (size_t i = 0; i < msg->n && v != MOXD_DENY; i++) {
        struct moxd_reply one = { 0 };
        enum moxd_verdict w = apply(d, &msg->authors[i], &one);
        if (w == MOXD_NEXT || set_aside(d, ev, &msg->authors[i]))
            continue;
        v = w;
        *reply = one;
    }
    return v;
}

static void keep_all(struct dmarc *d, const struct smtp_message *ev, bool refused)
{
    struct dmarc_msg *msg = moxd_slot(ev->mail->slots, "smtp-message", &d->m);

    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_str domain;
    bool optional = moxd_report_claim(ev->header, MOXD_REPORT_DMARC, a, &domain) ||
                    moxd_report_claim(ev->header, MOXD_REPORT_TLS, a, &domain);

    for (size_t i = 0; i < msg->n; i++)
        dmarc_keep(d, ev->mail, &msg->authors[i], refused, optional);
}

enum moxd_verdict dmarc_decide(struct moxd_instance *m, const struct smtp_message *ev,
                               struct moxd_reply *reply)
{
    struct dmarc *d = MOXD_CONTAINER(m, struct dmarc, m);
    struct dmarc_msg *msg = moxd_slot(ev->mail->slots, "smtp-message", m);
    struct moxd_dmarc_auth auths[DMARC_AUTHS_MAX];
    size_t n = collect(d, ev->mail, auths);

    for (size_t i = 0; i < msg->n; i++) {
        struct dmarc_author *author = &msg->authors[i];
        author->dns.deadline = moxd_deadline(d->conf->timeout);
        const struct moxd_dmarc_resolver r = dmarc_resolver(&author->dns);
        moxd_dmarc_evaluate(&author->walk, auths, n, &r, ev->mail->arena, &author->verdict);
        report(d, ev->mail, author);
    }
    (void)reply;
    struct moxd_reply refusal = { 0 };
    enum moxd_verdict v = d->conf->enforce ? apply_all(d, ev, msg, &refusal) : MOXD_NEXT;
    msg->suspected = v != MOXD_NEXT;
    msg->denied = v == MOXD_DENY;
    if (msg->suspected)
        d->smtp->suspect(ev, "dmarc", &refusal);
    else
        keep_all(d, ev, false);
    return MOXD_NEXT;
}

/* In spite of the policy: recipients have the last word. */
void dmarc_on_delivered(struct moxd_instance *m, const struct smtp_message *ev)
{
    const struct dmarc_msg *msg = moxd_slot(ev->mail->slots, "smtp-message", m);

    if (msg->suspected)
        keep_all(MOXD_CONTAINER(m, struct dmarc, m), ev, false);
}

void dmarc_on_refused(struct moxd_instance *m, const struct smtp_message *ev)
{
    const struct dmarc_msg *msg = moxd_slot(ev->mail->slots, "smtp-message", m);

    if (msg->suspected)
        keep_all(MOXD_CONTAINER(m, struct dmarc, m), ev, msg->denied);
}
