/* on_rcpt: may this message go to this recipient? */
#include "example.h"

static bool excepted(const struct example_conf *conf, const struct smtp_path *to)
{
    for (size_t i = 0; i < conf->except.n; i++)
        if (moxd_str_caseeqs(to->text, conf->except.v[i]))
            return true;
    return false;
}

/* Asks once per message, however many recipients it has. A list that does not answer stops no mail. */
static void ask_once(struct example *e, const struct smtp_mail *mail, struct example_msg *msg)
{
    struct moxd_err err = { 0 };
    int rc;

    if (msg->asked)
        return;
    rc = example_listed(e->conf->zone, mail->from.domain, msg->why, sizeof(msg->why), &err);
    msg->asked = true;
    msg->listed = rc > 0;
    moxd_metric_inc(e->checks, rc < 0 ? "error" : rc > 0 ? "listed" : "clean", NULL);
    if (rc < 0)
        moxd_warn(mail->conn->log, "list not asked", moxd_kve(&err));
}

enum moxd_verdict example_on_rcpt(struct moxd_instance *m, const struct smtp_rcpt *ev,
                                  struct moxd_reply *reply)
{
    struct example *e = MOXD_CONTAINER(m, struct example, m);
    struct example_msg *msg = moxd_slot(ev->mail->slots, "smtp-message", m);

    if (!e->conf->zone || ev->mail->conn->account || excepted(e->conf, &ev->to))
        return MOXD_NEXT;
    ask_once(e, ev->mail, msg);
    if (!msg->listed)
        return MOXD_NEXT;
    return moxd_reply_set(reply, 550, "5.7.1", "Domain of the sender is on the list %s%s%s",
                          e->conf->zone, msg->why[0] ? ": " : "", msg->why);
}
