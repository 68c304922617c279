#include "queue_sign.h"

#include <moxmail/header.h>

#include "queue_local.h"

int queue_sign(struct queue *q, struct moxd_str header, struct store_draft *draft,
               struct moxd_arena *a, struct moxd_str *fields, struct moxd_err *err)
{
    struct moxd_buf b = MOXD_BUF_INIT(DKIM_FIELDS_MAX);

    *fields = MOXD_STR("");
    if (!q->dkim)
        return 0;
    int rc = q->dkim->sign(q->dkim_self, MOXD_STR(""), header, draft, header.n, &b, err);
    if (rc > 0)
        *fields = moxd_arena_str(a, moxd_buf_str(&b));
    moxd_buf_fini(&b);
    return rc < 0 ? -1 : 0;
}

static ssize_t read_body(const void *ctx, uint64_t off, void *p, size_t n)
{
    const struct queue_job *job = ctx;

    return job->q->store->body_read(job->body, off, p, n, NULL);
}

static int sign(struct queue_job *job, struct store_draft *draft,
                struct moxd_err *err) MOXD_SUSPENDS;
static int sign(struct queue_job *job, struct store_draft *draft, struct moxd_err *err)
{
    struct moxd_reader r = { .read_at = read_body,
                             .ctx = job,
                             .size = job->q->store->body_size(job->body) };
    struct moxd_str header;

    if (moxd_header_read(&r, job->arena, &header, NULL, err) < 0 ||
        queue_local_copy(job->q, job->body, draft, err) < 0)
        return -1;
    return queue_sign(job->q, header, draft, job->arena, &job->prefix, err);
}

int queue_sign_held(struct queue_job *job)
{
    struct queue *q = job->q;
    struct moxd_err err = { 0 };

    if (!q->dkim || job->msg.deadline == 0 || !job->msg.account)
        return 0;
    struct store_draft *draft = q->store->draft_new(q->store_self);
    int rc = sign(job, draft, &err);
    q->store->draft_free(draft);
    if (rc == 0)
        return 0;
    moxd_error(&q->m.log, "cannot sign a message that was held", moxd_kvu("message", job->msg.body),
               moxd_kve(&err));
    struct smtpclient_reply reply = queue_reply_ours(
        SMTPCLIENT_NEEDS, 451, "4.7.5", "The message could not be signed; this is tried again.");
    reply.permanent = false;
    queue_job_all(job, &reply);
    return -1;
}
