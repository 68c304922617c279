/* on_deliver: who writes to somebody who is away gets an answer. Whatever goes wrong with it, the message is
 * delivered. */
#include "vacation.h"

static struct vacation_answer answer_of(const struct vacation_conf *conf,
                                        const struct smtp_copy *ev)
{
    struct moxd_arena *a = ev->message->mail->arena;

    return (struct vacation_answer){
        .text = moxd_arena_strdup(a, conf->text),
        .subject = conf->subject ? moxd_arena_strdup(a, conf->subject) : NULL,
        .to = moxd_arena_cstr(a, ev->message->mail->from.text),
        .days = conf->days,
    };
}

static const char *answer(struct vacation *v, const struct smtp_copy *ev,
                          const struct vacation_answer *an) MOXD_SUSPENDS;
static const char *answer(struct vacation *v, const struct smtp_copy *ev,
                          const struct vacation_answer *an)
{
    struct moxd_err err = { 0 };
    int rc = vacation_remember(v, ev->account, an, &err);

    if (rc == 0)
        return "toldbefore";
    if (rc > 0 && vacation_reply(v, ev, an, &err) == 0)
        return "answered";
    moxd_warn(ev->message->mail->conn->log, "cannot answer for a user",
              moxd_kvs("account", ev->account), moxd_kve(&err));
    return "failed";
}

enum moxd_verdict vacation_on_deliver(struct moxd_instance *m, const struct smtp_copy *ev,
                                      struct smtp_handing *handing)
{
    struct vacation *v = MOXD_CONTAINER(m, struct vacation, m);
    const struct vacation_conf *conf = ev->conf ? moxd_conf_ext(ev->conf, "vacation") : NULL;

    (void)handing;
    if (!conf || !vacation_active(conf, moxd_wall()))
        return MOXD_NEXT;
    struct vacation_answer an = answer_of(conf, ev);
    const char *result = vacation_may(v, ev);
    if (!result)
        result = answer(v, ev, &an);
    moxd_info(ev->message->mail->conn->log, "vacation", moxd_kvs("account", ev->account),
              moxd_kvs("sender", an.to), moxd_kvs("result", result));
    moxd_metric_inc(v->results, result, NULL);
    return MOXD_NEXT;
}
