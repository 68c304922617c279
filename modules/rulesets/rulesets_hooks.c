/* A copy of a message meets the rulesets of the address that it is for. */
#include "rulesets.h"

#include <moxd/config.h>
#include <moxd/offload.h>
#include <moxmail/header.h>
#include <moxmail/header_address.h>

static void add_domains(const struct rulesets *rs, const struct smtp_mail *mail,
                        struct rulesets_facts *f)
{
    const struct smtp_auth_result *r;

    for (size_t i = 0; f->ndomains < RULESETS_DOMAINS_MAX && (r = rs->smtp->auth_result(mail, i));
         i++)
        if (moxd_str_eqs(r->shown.result, "pass") && r->domain.n > 0 && !r->unaligned &&
            (moxd_str_eqs(r->shown.method, "spf") || moxd_str_eqs(r->shown.method, "dkim")))
            f->domains[f->ndomains++] = r->domain;
}

/* The address in From, when there is one only. */
static struct moxd_str author(const struct smtp_message *msg)
{
    struct moxd_hdraddr_iter it MOXD_CLEANUP(moxd_hdraddr_fini) = { 0 };
    struct moxd_str found = MOXD_STR("");
    struct moxd_hdraddr ha;
    struct moxd_field from;

    if (!moxd_header_find(msg->header, "From", &from))
        return found;
    moxd_hdraddr_init(&it, from.value);
    while (moxd_hdraddr_next(&it, &ha)) {
        if (ha.kind != MOXD_HDRADDR_MAILBOX)
            continue;
        if (found.n > 0)
            return MOXD_STR("");
        found = moxd_cstr(moxd_arena_printf(msg->mail->arena, "%" MOXD_STRF "@%" MOXD_STRF,
                                            MOXD_STRA(ha.localpart), MOXD_STRA(ha.domain)));
    }
    return found;
}

struct job {
    const struct rulesets_conf *conf;
    struct rulesets_facts facts;
    int found, gave_up;
};

static void run(void *arg)
{
    struct job *job = arg;

    job->found = rulesets_find(job->conf, &job->facts, &job->gave_up);
}

/* RULES-02, RULES-04, RULES-07: what of a suspicion the ruleset sets aside. */
static void overrule(const struct rulesets_ruleset_conf *r, const struct rulesets_facts *facts,
                     const struct smtp_suspicion *sus, struct smtp_placing *placing)
{
    if (rulesets_verified(facts, r->list_allow_domain) ||
        (r->is_forward && strcmp(sus->reason, "dmarc") == 0)) {
        placing->accept = true;
    } else if (r->accept_rejects) {
        placing->accept = placing->reject = true;
        placing->mailbox = r->accept_rejects;
    }
}

static bool is_plain(const char *label)
{
    for (; *label; label++)
        if (*label < ' ' || *label > '~')
            return false;
    return true;
}

static const struct smtp_onward *onward(const struct rulesets_ruleset_conf *r, struct moxd_arena *a)
{
    const char **to = moxd_arena_calloc(a, r->forward_to.n + 1, sizeof(*to));
    struct smtp_onward *o = moxd_arena_alloc(a, sizeof(*o));

    for (size_t i = 0; i < r->forward_to.n; i++)
        to[i] = moxd_arena_strdup(a, r->forward_to.v[i]);
    *o = (struct smtp_onward){ to, r->forward_keep_copy, r->forward_unauthenticated };
    return o;
}

static void answer(const struct smtp_copy *ev, const struct rulesets_ruleset_conf *r,
                   const struct rulesets_facts *facts, struct smtp_placing *placing)
{
    struct moxd_arena *a = ev->message->mail->arena;

    placing->mailbox = r->mailbox;
    if (ev->suspicion)
        overrule(r, facts, ev->suspicion, placing);
    placing->mailbox = moxd_arena_strdup(a, placing->mailbox);
    if (r->forward_to.n > 0)
        placing->onward = onward(r, a);
    placing->reason = is_plain(r->head.label)
                          ? moxd_arena_printf(a, "ruleset \"%.100s\"", r->head.label)
                          : "ruleset";
}

static void log_slow(const struct smtp_copy *ev, const struct rulesets_ruleset_conf *r)
{
    moxd_warn(ev->message->mail->conn->log, "a ruleset takes too long and does not match",
              moxd_kvs("account", ev->account), moxd_kvs("address", ev->address),
              moxd_kvs("ruleset", r->head.label));
}

/* The configuration must stay until the expressions were tried. */
enum moxd_verdict rulesets_on_mailbox(struct moxd_instance *m, const struct smtp_copy *ev,
                                      struct smtp_placing *placing)
{
    struct rulesets *rs = MOXD_CONTAINER(m, struct rulesets, m);
    const struct smtp_mail *mail = ev->message->mail;
    struct job job = { .conf = ev->conf ? moxd_conf_ext(ev->conf, "rulesets") : NULL };

    if (!job.conf || job.conf->rulesets.n == 0 || mail->conn->submission)
        return MOXD_NEXT;
    struct moxd_conf *held = moxd_conf_ref(moxd_conf_current());
    job.facts.mail_from = mail->from.text;
    job.facts.msg_from = author(ev->message);
    job.facts.header = ev->message->header;
    add_domains(rs, mail, &job.facts);
    (void)moxd_offload(MOXD_LANE_CPU, run, &job);
    if (job.gave_up >= 0)
        log_slow(ev, job.conf->rulesets.v[job.gave_up]);
    moxd_metric_inc(rs->matches, job.found >= 0 ? "match" : "none", NULL);
    if (job.found >= 0)
        answer(ev, job.conf->rulesets.v[job.found], &job.facts, placing);
    moxd_conf_unref(held);
    return job.found >= 0 ? MOXD_ANSWER : MOXD_NEXT;
}
