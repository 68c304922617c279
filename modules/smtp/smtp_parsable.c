/* Pedantic mode takes only messages whose structure can be read to the last part (LOCAL-04). */
#include "smtp.h"

#include <moxd/offload.h>
#include <moxmail/message.h>

/* Why the part is no more than bytes to us, or NULL. An encoded message/global is as it should be
 * (RFC 6532 3.7). */
static const char *part_fault(const struct moxd_part *p)
{
    if (p->flags & MOXD_PART_BROKEN_TYPE)
        return "a Content-Type field is malformed";
    if (!(p->flags & MOXD_PART_OPAQUE) || moxd_part_is(p, "message", "global"))
        return NULL;
    return moxd_part_is(p, "message", "rfc822") ? "a message in the message is encoded"
                                                : "the parts of a multipart cannot be told apart";
}

static const char *fault(const struct moxd_msg *msg)
{
    const char *why = NULL;

    if (msg->flags & MOXD_MSG_LIMITED)
        return "the message has too many parts or fields, or too deep ones";
    for (uint32_t i = 0; !why && i < msg->nparts; i++)
        why = part_fault(&msg->parts[i]);
    return why;
}

struct job {
    struct moxd_reader r;
    struct moxd_arena *a;
    const char *fault;
    int rc;
    struct moxd_err err;
};

static void parse(void *arg)
{
    struct job *job = arg;
    struct moxd_msg *msg;

    job->rc = moxd_msg_parse(job->a, &job->r, &msg, &job->err);
    if (job->rc == 0)
        job->fault = fault(msg);
}

int smtp_parsable(struct smtp_txn *t, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct job job = { .r = smtp_txn_reader(t), .a = a };

    if (!moxd_conf_core()->pedantic)
        return 0;
    (void)moxd_offload(MOXD_LANE_CPU, parse, &job);
    if (job.rc < 0) {
        *err = job.err;
        return -1;
    }
    if (!job.fault)
        return 0;
    return moxd_err_smtp_set(err, MOXD_ERR_INVALID, 550, "5.6.0", "%s", job.fault);
}
