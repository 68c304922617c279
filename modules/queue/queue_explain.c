#include "queue_explain.h"

#include <moxd/service.h>
#include <moxmail/date.h>

/* The macro with what all steps here have in common. */
#define TELL(q, id, kind, ...) trace_step((q)->trace, (q)->trace_self, (id), (kind), __VA_ARGS__)

const char *queue_explain_id(char out[32])
{
    return moxd_cid_public(moxd_cid_new(), out);
}

static const char *from_text(const char *from)
{
    return from && from[0] ? from : "<>";
}

/* A date when it is to be held; the buffer has room for it. */
static const char *until(struct moxd_buf *b, const struct queue_message *msg,
                         const struct queue_item *item)
{
    if (item->next > msg->queued)
        moxd_date_put_rfc3339(b, item->next / MOXD_SEC);
    return moxd_buf_cstr(b);
}

void queue_explain_queued(struct queue *q, const struct queue_new *new,
                          const struct queue_message *msg, const struct queue_item *item)
{
    struct moxd_buf when = MOXD_BUF_INIT(64);

    if (!q->trace)
        return;
    TELL(q, msg->trace, "queued", moxd_sv("to", item->to), moxd_svi("id", (int64_t)item->id),
         moxd_sv("from", from_text(item->fromid ? item->fromid : msg->from)),
         moxd_sv("account", msg->account),
         moxd_sv("origin", msg->origin && strcmp(msg->origin, "smtp") != 0 ? msg->origin : ""),
         moxd_sv("cause", new->cause), moxd_sv("messageid", msg->message_id),
         moxd_sv("state", item->hold ? "on hold" : ""), moxd_sv("until", until(&when, msg, item)));
    TELL(q, new->cause, "caused", moxd_sv("what", msg->origin), moxd_sv("to", item->to),
         moxd_sv("trace", msg->trace));
    moxd_buf_fini(&when);
}

/* --- attempts ---------------------------------------------------------------------------------- */

struct texts {
    char tls[100], security[200], reply[MOXD_STEP_TEXT_MAX];
};

static void add(char *out, size_t cap, const char *word)
{
    size_t n = strlen(out);

    snprintf(out + n, cap - n, "%s%s", n > 0 ? ", " : "", word);
}

/* What was proven of the other side. */
static void put_facts(struct texts *t, const struct smtpclient_facts *f)
{
    if (!f || !f->tls_version) {
        strcpy(t->tls, f && f->remote_ip[0] ? "no TLS" : "");
        return;
    }
    snprintf(t->tls, sizeof(t->tls), "%s %s", f->tls_version, f->tls_cipher ? f->tls_cipher : "");
    if (f->dane_ok)
        add(t->security, sizeof(t->security), "verified by DANE");
    if (f->pkix_ok)
        add(t->security, sizeof(t->security), "verified by PKIX");
    if (!f->dane_ok && !f->pkix_ok)
        add(t->security, sizeof(t->security), "certificate not verified");
}

static void put_policies(struct texts *t, const struct queue_security *known, bool requiretls)
{
    if (known->dane)
        add(t->security, sizeof(t->security), "DANE wanted");
    if (known->sts_enforce || known->sts_testing)
        add(t->security, sizeof(t->security),
            known->sts_enforce ? "MTA-STS enforced" : "MTA-STS testing");
    if (requiretls)
        add(t->security, sizeof(t->security), "REQUIRETLS");
}

static void put_reply(struct texts *t, const struct smtpclient_reply *r)
{
    if (r && r->ours)
        snprintf(t->reply, sizeof(t->reply), "%d %s %s", r->code, r->enhanced ? r->enhanced : "",
                 r->text ? r->text : "");
    else if (r && r->text)
        (void)!moxd_str_copy(moxd_str_sub(moxd_cstr(r->text), 0, sizeof(t->reply) - 1), t->reply,
                             sizeof(t->reply));
}

void queue_explain_tried(const struct queue_opening *o, const struct smtpclient_facts *facts,
                         const struct smtpclient_reply *reply)
{
    struct queue *q = o->job->q;
    struct texts t = { .tls = "" };

    if (!q->trace)
        return;
    put_facts(&t, facts);
    put_policies(&t, &o->known, o->plan.requiretls);
    put_reply(&t, reply);
    TELL(q, o->job->msg.trace, "tried", moxd_sv("host", o->host.host),
         moxd_sv("ip", facts->remote_ip), moxd_sv("domain", o->host.domain),
         moxd_sv("source", facts->local_ip), moxd_sv("tls", t.tls), moxd_sv("security", t.security),
         moxd_sv("detail", facts->tls_error), moxd_sv("reply", t.reply));
}

void queue_explain_attempt(const struct queue_job *job, const struct queue_outcome_of *o)
{
    struct queue *q = job->q;
    const struct queue_item *item = &job->items[o->i];
    const struct queue_verdict *v = &job->verdicts[o->i];
    const struct smtpclient_facts *f = job->facts;
    struct texts t = { .tls = "" };

    if (!q->trace)
        return;
    put_facts(&t, f);
    put_reply(&t, &v->reply);
    struct moxd_step_value values[] = {
        moxd_sv("outcome", queue_outcome_name(o->outcome)),
        moxd_sv("to", item->to),
        moxd_svi("id", (int64_t)item->id),
        moxd_sv("host", job->host),
        moxd_sv("ip", f ? f->remote_ip : ""),
        moxd_sv("tls", t.tls),
        moxd_sv("security", t.security),
        moxd_svi("attempt", item->attempts + 1),
        moxd_svi("took", moxd_wall() - job->start),
        moxd_sv("reply", t.reply),
        moxd_svi("in", o->next - moxd_wall()),
    };
    trace_steps(q->trace, q->trace_self, job->msg.trace, "attempt", values,
                MOXD_NELEMS(values) - (o->next == 0));
}

void queue_explain_reported(struct queue *q, const struct queue_message *msg,
                            const struct queue_item *item, enum queue_outcome outcome,
                            const struct smtpclient_reply *reply)
{
    struct texts t = { .tls = "" };

    put_reply(&t, reply);
    TELL(q, msg->trace, "attempt", moxd_sv("outcome", queue_outcome_name(outcome)),
         moxd_sv("to", item->to), moxd_svi("id", (int64_t)item->id),
         moxd_sv("reported", "by a notification"), moxd_sv("reply", t.reply));
}

void queue_explain_told(struct queue *q, const struct queue_message *msg,
                        const struct queue_told *told, const char *notification)
{
    TELL(q, msg->trace, "told", moxd_sv("action", moxd_dsn_action_name(told->action)),
         moxd_sv("to", msg->from), moxd_sv("notification", notification));
}

void queue_explain_written(struct queue *q, const char *id, const char *origin, const char *to,
                           const char *cause)
{
    TELL(q, id, "written", moxd_sv("origin", origin), moxd_sv("to", to), moxd_sv("cause", cause));
}
