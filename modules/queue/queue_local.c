#include "queue_explain.h"

#include <moxmail/address.h>
#include <stdlib.h>

enum { COPY = 64 * 1024 };

int queue_local_find(struct queue *q, const char *address, struct moxd_arena *a,
                     struct moxd_err *err)
{
    struct accounts_target to = { 0 };
    struct moxd_err why = { 0 };
    struct moxd_address ad;

    if (moxd_address_parse(moxd_cstr(address), MOXD_ADDRESS_UTF8, a, &ad, err) < 0)
        return -1;
    if (q->accounts->resolve(q->accounts_self, ad.localpart, ad.domain.ascii, a, &to, &why) < 0) {
        if (why.kind == MOXD_ERR_INVALID)
            return 0;
        *err = why;
        return -1;
    }
    return to.match == ACCOUNTS_ALIAS ? 0 : 1;
}

int queue_local_give(struct queue *q, const struct smtp_given *given, struct moxd_err *err)
{
    return q->smtp->give(q->smtp_self, given, err);
}

int queue_local_copy(struct queue *q, struct store_body *body, struct store_draft *draft,
                     struct moxd_err *err)
{
    char *p = moxd_xmalloc(COPY);
    uint64_t off = 0;
    int rc = 0;
    long n;

    while (rc == 0 && (n = q->store->body_read(body, off, p, COPY, err)) != 0) {
        rc = n < 0 ? -1 : q->store->draft_write(draft, p, (size_t)n, err);
        off += n > 0 ? (uint64_t)n : 0;
    }
    free(p);
    return rc;
}

/* What others wrote, or users, is not ours. */
static bool is_own(const struct queue_message *msg)
{
    return !msg->account && !(msg->origin && strcmp(msg->origin, "forward") == 0);
}

static int give(struct queue_job *job, const struct queue_item *item, struct store_draft *draft,
                struct moxd_err *err) MOXD_SUSPENDS;
static int give(struct queue_job *job, const struct queue_item *item, struct store_draft *draft,
                struct moxd_err *err)
{
    const struct queue_message *msg = &job->msg;
    const struct smtp_given given = {
        .from = msg->from,
        .to = item->to,
        .account = msg->account,
        .origin = msg->origin ? msg->origin : "queue",
        .id = item->id,
        .trace = msg->trace,
        .prefix = job->prefix,
        .draft = draft,
        .own = is_own(msg),
        .smtputf8 = msg->smtputf8,
        .body8bit = msg->body8bit,
        .requiretls = item->requiretls == QUEUE_TLS_REQUIRED,
        .tls_optional = item->requiretls == QUEUE_TLS_OPTIONAL,
    };

    return queue_local_give(job->q, &given, err);
}

static struct smtpclient_reply taken(void)
{
    struct smtpclient_reply reply =
        queue_reply_ours(SMTPCLIENT_BODY, 250, "2.0.0", "it is in the mailbox");

    reply.permanent = false;
    return reply;
}

static struct smtpclient_reply refused(struct queue_job *job, const struct moxd_err *err)
{
    struct smtpclient_reply reply = queue_reply_err(job, SMTPCLIENT_RCPT, err);

    reply.permanent = reply.code / 100 == 5;
    return reply;
}

bool queue_local_deliver(struct queue_job *job)
{
    struct queue *q = job->q;
    struct moxd_err err = { 0 };

    if (q->conf->local ||
        !q->accounts->is_local_domain(q->accounts_self, moxd_cstr(job->items[0].domain)))
        return false;
    struct store_draft *draft = q->store->draft_new(q->store_self);
    int rc = queue_local_copy(q, job->body, draft, &err);
    for (size_t i = 0; i < job->n; i++) {
        struct queue_verdict *v = &job->verdicts[i];
        if (i > 0 && rc == 0)
            moxd_err_clear(&err);
        v->ok = rc == 0 && give(job, &job->items[i], draft, &err) == 0;
        v->in_mailbox = v->ok;
        v->reply = v->ok ? taken() : refused(job, &err);
    }
    q->store->draft_free(draft);
    return true;
}
