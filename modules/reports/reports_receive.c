/* Reports about domains of ours that come in. */
#include "reports.h"

static void log_received(const struct smtp_message *msg, const struct reports_words *w,
                         const struct reports_in *in)
{
    moxd_info(msg->mail->conn->log, w->received, moxd_kvs("domain", in->domain),
              moxd_kvs("from", in->from), moxd_kvs("report-id", in->report_id),
              moxd_kvu(w->good, in->good), moxd_kvu(w->bad, in->bad));
}

static int take(struct reports *r, struct moxd_instance *m, const struct reports_reading *to,
                const struct smtp_message *msg, struct moxd_err *err)
{
    struct moxd_str author;

    if (!moxd_report_author(msg->header, to->a, &author))
        return moxd_err_set(err, MOXD_ERR_INVALID, "the message has no author");
    if (!msg->mail->conn->own && to->r->check(m, msg, author, to->a, err) < 0)
        return -1;
    if (reports_read(r, msg, to, err) < 0)
        return -1;
    to->in->domain = moxd_arena_cstr(to->a, to->domain);
    to->in->from = moxd_arena_cstr(to->a, author);
    if (reports_keep(r, to->r->kind, to->in, moxd_buf_str(to->report), err) < 0)
        return -1;
    log_received(msg, &reports_words[to->r->kind], to->in);
    return 0;
}

static void say(const struct reports *r, const struct smtp_message *msg,
                const struct reports_words *w, const struct moxd_err *err)
{
    struct moxd_buf b = MOXD_BUF_INIT(1000);

    moxd_buf_addf(&b, "%s: ", w->field);
    for (const char *s = err->priv; *s; s++)
        moxd_buf_addc(&b, *s < ' ' || *s > '~' ? '?' : *s);
    moxd_buf_adds(&b, "\r\n");
    r->smtp->add_header(msg, moxd_buf_str(&b));
    moxd_buf_fini(&b);
}

enum moxd_verdict reports_receive(struct moxd_instance *self, struct moxd_instance *m,
                                  const struct reports_receiver *of, const struct smtp_message *msg,
                                  struct moxd_reply *reply)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_buf report MOXD_CLEANUP(moxd_buf_fini) = MOXD_BUF_INIT(MOXD_REPORT_MAX);
    struct reports_in in = { 0 };
    struct reports_reading to = { .r = of, .a = a, .in = &in, .report = &report };
    struct reports *r = reports_self(self);
    struct moxd_err err = { 0 };

    if (msg->mail->conn->simulated || msg->mail->conn->account ||
        !moxd_report_claim(msg->header, of->kind, a, &to.domain) ||
        !reports_addressed(r, msg, of->address(m, to.domain)))
        return MOXD_NEXT;
    if (take(r, m, &to, msg, &err) == 0 || err.kind == MOXD_ERR_EXISTS)
        return MOXD_NEXT;
    if (err.kind == MOXD_ERR_CANCELLED)
        return moxd_reply_set(reply, 451, "4.3.0", "The report could not be read, try again later");
    moxd_info(msg->mail->conn->log, reports_words[of->kind].refused, moxd_kve(&err));
    say(r, msg, &reports_words[of->kind], &err);
    return MOXD_NEXT;
}
