/* A copy that its account refuses goes where such are kept, once. */
#include "rejects.h"

struct rejects_conf rejects_conf_of(const struct rejects *r, const char *account,
                                    struct moxd_arena *a)
{
    struct accounts_account acc = { 0 };

    if (r->accounts->get(r->accounts_self, account, a, &acc, NULL) < 0)
        return (struct rejects_conf){ 0 };
    struct rejects_conf conf = *(const struct rejects_conf *)moxd_conf_ext(acc.conf, "rejects");
    if (conf.mailbox)
        conf.mailbox = moxd_arena_strdup(a, conf.mailbox);
    return conf;
}

/* The metric's word. */
static const char *make_room(const struct rejects *r, struct store_account *acc,
                             const struct rejects_conf *conf, const struct smtp_message *msg,
                             struct moxd_err *err)
{
    if (r->store->may_add(acc, msg->size, err) < 0)
        return "full";
    int known = rejects_note(r, acc, msg, err);
    if (known != 0)
        return known < 0 ? "failed" : "known";
    if (!conf->keep_all && rejects_tidy(r, acc, conf->mailbox, moxd_wall() - conf->keep,
                                        (size_t)conf->max - 1, err) < 0)
        return "failed";
    return "kept";
}

enum moxd_verdict rejects_on_reject(struct moxd_instance *m, const struct smtp_copy *ev,
                                    struct smtp_placing *placing)
{
    struct rejects *r = MOXD_CONTAINER(m, struct rejects, m);
    struct moxd_arena *a = ev->message->mail->arena;
    struct rejects_conf conf = rejects_conf_of(r, ev->account, a);
    struct store_account *acc;
    struct moxd_err err = { 0 };

    if (!conf.mailbox)
        return MOXD_NEXT;
    placing->mailbox = conf.mailbox;
    if (ev->message->mail->conn->simulated)
        return MOXD_ANSWER;
    const char *result = "failed";
    if (r->store->open(r->store_self, ev->account, &acc, &err) == 0) {
        result = make_room(r, acc, &conf, ev->message, &err);
        r->store->close(acc);
    }
    moxd_metric_inc(r->messages, result, NULL);
    if (strcmp(result, "failed") == 0)
        moxd_warn(ev->message->mail->conn->log, "a refused message cannot be kept",
                  moxd_kvs("account", ev->account), moxd_kve(&err));
    return strcmp(result, "kept") == 0 ? MOXD_ANSWER : MOXD_NEXT;
}
