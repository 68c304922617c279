/* THREAD (RFC 5256 BASE.6.4.THREAD). */
#include "sort.h"
#include <moxd/offload.h>
#include <moxmail/thread_tree.h>

struct threading {
    struct imap_session *s;
    struct moxd_threads *threads;
};

static void add(struct threading *th, struct imap_msg *msg)
{
    struct moxd_buf subject = MOXD_BUF_INIT(IMAP_SORT_TEXT_MAX);
    struct moxd_thread_msg m = { .number = imap_shown(th->s, msg->info->uid),
                                 .sent = imap_msg_sent(msg) };

    imap_msg_base_subject(msg, &subject, &m.reply);
    m.subject = moxd_buf_str(&subject);
    if (th->s->cmd.thread == MOXD_IMAP_THREAD_REFERENCES) {
        m.message_id = imap_msg_field(msg, "Message-ID");
        m.references = imap_msg_field(msg, "References");
        m.in_reply_to = imap_msg_field(msg, "In-Reply-To");
    }
    moxd_threads_add(th->threads, &m);
    moxd_buf_fini(&subject);
}

static int collect(struct threading *th, struct imap_search *se, struct moxd_err *err)
{
    struct imap_search_run run;
    struct imap_msg *msg;
    int r;

    imap_search_begin(&run, se);
    while ((r = imap_search_next(&run, &msg, err)) > 0)
        add(th, msg);
    imap_search_end(&run);
    return r;
}

static void make(void *arg)
{
    struct threading *th = arg;

    if (th->s->cmd.thread == MOXD_IMAP_THREAD_REFERENCES)
        moxd_threads_by_references(th->threads, &th->s->out);
    else
        moxd_threads_by_subject(th->threads, &th->s->out);
}

static int answer(struct threading *th)
{
    moxd_buf_adds(&th->s->out, "* THREAD ");
    (void)moxd_offload(MOXD_LANE_CPU, make, th);
    if (th->s->out.n == strlen("* THREAD "))
        moxd_buf_truncate(&th->s->out, strlen("* THREAD"));
    return imap_send_out(th->s) < 0 ? -1 : imap_ok(th->s, NULL, "threaded");
}

int imap_cmd_thread(struct imap_session *s)
{
    struct threading th = { .s = s };
    struct moxd_err err = { 0 };
    struct imap_search se;
    int r;

    if (imap_search_prepare(s, &s->cmd, s->a, &se, &err) < 0)
        return imap_search_refuse(s, &err);
    if (se.needs < IMAP_NEEDS_HEADER)
        se.needs = IMAP_NEEDS_HEADER;
    se.with |= STORE_WITH_HEADER;
    th.threads = moxd_threads_new();
    r = collect(&th, &se, &err) < 0 ? imap_search_refuse(s, &err) : answer(&th);
    moxd_threads_free(th.threads);
    return r;
}
