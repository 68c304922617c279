/* Internationalized messages for clients that enabled neither UTF8=ACCEPT nor IMAP4rev2 (RFC 6855 7, RFC 6857).
 * What makes one is its own header: a message whose header is ASCII is given as it is. */
#include "fetch.h"
#include <moxmail/downgrade.h>

struct job {
    struct imap_msg *msg;
    struct moxd_reader reader;
    struct moxd_err *err;
    int result;
};

static void make(void *arg)
{
    struct job *job = arg;
    struct imap_msg *msg = job->msg;

    job->result = moxd_surrogate_make(msg->a, &msg->reader, msg->structure, &job->reader, job->err);
}

int imap_msg_downgrade(struct imap_msg *msg, struct moxd_err *err)
{
    struct job job = { .msg = msg, .err = err };

    if (msg->looked_at || imap_utf8(msg->s))
        return 0;
    if (msg->has_summary ? !msg->summary.international
                         : !(moxd_msg_form_flags(msg->stored) & MOXD_MSG_INTERNATIONAL)) {
        msg->looked_at = true;
        return 0;
    }
    if (imap_msg_header(msg, err) < 0)
        return -1;
    msg->looked_at = true;
    if (!moxd_header_is_international(msg->header))
        return 0;
    if (imap_msg_structure(msg, err) < 0)
        return -1;
    imap_msg_work(msg->info->size, make, &job);
    if (job.result < 0)
        return -1;
    msg->reader = job.reader;
    msg->surrogate = true;
    msg->header = moxd_str(NULL, 0);
    msg->structure = NULL;
    msg->has_summary = false;
    msg->stored = moxd_str(NULL, 0);
    return 0;
}
