/* Failures where addresses ask for them. */
#include "faults.h"

static MOXD_SUSPENDS enum moxd_verdict fail(struct moxd_str localpart, enum faults_at at,
                                            struct moxd_reply *reply)
{
    struct faults_word w;

    if (!faults_word(localpart, &w) || w.at != at)
        return MOXD_NEXT;
    if (w.silence)
        (void)moxd_sleep(FAULTS_SILENCE);
    return moxd_reply_set(reply, w.code, w.code < 500 ? "4.3.0" : "5.3.0",
                          "The address asks for this failure");
}

enum moxd_verdict faults_on_mail(struct moxd_instance *m, const struct smtp_mail *ev,
                                 struct moxd_reply *reply)
{
    (void)m;
    return fail(ev->from.localpart, FAULTS_AT_MAIL, reply);
}

enum moxd_verdict faults_on_rcpt(struct moxd_instance *m, const struct smtp_rcpt *ev,
                                 struct moxd_reply *reply)
{
    (void)m;
    return fail(ev->to.localpart, FAULTS_AT_RCPT, reply);
}

/* What users submit is queued, and fails when it comes from there. */
enum moxd_verdict faults_on_message(struct moxd_instance *m, const struct smtp_message *ev,
                                    struct moxd_reply *reply)
{
    enum moxd_verdict v = MOXD_NEXT;

    (void)m;
    for (size_t i = 0; !ev->mail->conn->account && v == MOXD_NEXT && i < ev->nrcpts; i++)
        v = fail(ev->rcpts[i]->to.localpart, FAULTS_AT_DATA, reply);
    return v;
}
