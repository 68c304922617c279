/* DATA (RFC 5321 4.1.1.4): receives, checks, lets hooks judge, delivers, and only then says 250. */
#include "smtp.h"

/* SMTPIN-09: what readers show as sender must be what policies look at. */
static int check_from(const struct smtp_header_facts *f, struct moxd_err *err)
{
    if (f->from == 1)
        return 0;
    return moxd_err_smtp_set(err, MOXD_ERR_INVALID, 550, "5.6.0",
                             f->from == 0 ? "the message has no From field"
                                          : "the message has more than one From field");
}

/* RFC 8689 3 and 4.1: the field has one value, and is there once. */
static bool tls_optional(const struct smtp_txn *t, const struct smtp_header_facts *f)
{
    return f->tls_required == 1 && !t->mail.requiretls &&
           moxd_str_caseeqs(moxd_str_trim(f->tls_required_value), "No");
}

static int check_message(struct smtp_txn *t, struct moxd_err *err)
{
    struct smtp_header_facts facts;

    smtp_header_facts(t->header, &facts);
    if (smtp_check_loop(t, &facts, err) < 0 || check_from(&facts, err) < 0)
        return -1;
    t->message.tls_optional = tls_optional(t, &facts);
    return t->s->facts.submission ? smtp_submit(t, &facts, err) : 0;
}

static void finish_facts(struct smtp_txn *t)
{
    const struct smtp_rcpt **rcpts = moxd_arena_calloc(t->arena, t->nrcpts, sizeof(*rcpts));

    for (size_t i = 0; i < t->nrcpts; i++)
        rcpts[i] = &t->rcpts[i]->facts;
    t->message.rcpts = rcpts;
    t->message.nrcpts = t->nrcpts;
}

/* With what was found out about its sender, and by whom it was suspected. */
static void log_refused(struct smtp_txn *t)
{
    const struct smtp_suspicion *sus = t->suspicion;

    moxd_notify(t->s->smtp->on_refused, &t->message);
    if (t->nresults > 0 || sus)
        moxd_info(&t->s->log, "message refused",
                  moxd_kvn("auth", t->nresults > 0 ? smtp_results_log(t) : MOXD_STR("")),
                  moxd_kvs("suspected", sus ? sus->reason : ""),
                  moxd_kvs("detail", sus ? sus->reply.detail : ""));
}

/* False when a hook refused the message, and the client was told. */
static bool ask_hooks(struct smtp_session *s, struct smtp_txn *t)
{
    struct moxd_point *points[] = { s->facts.submission ? s->smtp->on_submit : NULL,
                                    s->smtp->on_message };
    static const char *const names[] = { "on_submit", "on_message" };

    for (size_t i = 0; i < MOXD_NELEMS(points); i++) {
        struct moxd_reply reply = { 0 };
        enum moxd_verdict v = points[i] ? moxd_fire(points[i], &t->message, &reply) : MOXD_NEXT;
        if (v != MOXD_NEXT) {
            log_refused(t);
            smtp_tell_findings(t);
            smtp_reply_verdict(s, v, &reply, names[i]);
            return false;
        }
    }
    return true;
}

static struct moxd_str log_form(struct smtp_txn *t, const struct moxd_address *ad)
{
    struct moxd_buf b = MOXD_BUF_INIT(4 * MOXD_DOMAIN_MAX);

    moxd_address_log(&b, ad);
    struct moxd_str text = moxd_arena_str(t->arena, moxd_buf_str(&b));
    moxd_buf_fini(&b);
    return text;
}

static void log_delivered(struct smtp_txn *t, int64_t started)
{
    struct smtp_session *s = t->s;
    struct moxd_kv kv[SMTP_NOTES_MAX + 9] = {
        moxd_kvn("from", log_form(t, &t->from)), moxd_kvn("to", log_form(t, &t->rcpts[0]->to)),
        moxd_kvu("recipients", t->nrcpts),       moxd_kvu("size", t->message.size),
        moxd_kvs("by", t->rcpts[0]->route.by),   moxd_kvd("took", moxd_mono() - started),
    };
    size_t n = 6;

    if (t->nresults > 0)
        kv[n++] = moxd_kvn("auth", smtp_results_log(t));
    for (size_t i = 0; i < t->nnotes; i++)
        kv[n++] = moxd_kvs(t->notes[i].key, t->notes[i].value);
    if (moxd_log_on(&s->log, MOXD_INFO))
        moxd_log_write(&s->log, MOXD_INFO, "message received", kv);
}

const char *smtp_message_judge(struct smtp_session *s, struct smtp_txn *t)
{
    int64_t started = moxd_mono();
    struct moxd_err err = { 0 };

    finish_facts(t);
    t->judged = true;
    int checked = check_message(t, &err);
    smtp_tell_message(t);
    if (checked < 0 || smtp_parsable(t, &err) < 0 || smtp_convert(t, &err) < 0) {
        smtp_reply_err(s, &err);
        return "refused";
    }
    if (!ask_hooks(s, t))
        return "refused";
    t->message.results = (const struct smtp_auth_result *const *)t->results;
    t->message.nresults = t->nresults;
    bool wanted = smtp_judge(t, &err) == 0;
    smtp_tell_findings(t);
    if (!wanted) {
        log_refused(t);
        smtp_reply_err(s, &err);
        return "refused";
    }
    if (s->simulated) {
        smtp_reply(s, 250, "2.0.0", "the message would be delivered");
        return "simulated";
    }
    if (smtp_wait(s, t) < 0)
        return "lost";
    if (smtp_deliver(t, &err) < 0) {
        smtp_reply_err(s, &err);
        return "failed";
    }
    log_delivered(t, started);
    moxd_metric_observe(s->smtp->duration, s->c->service->name, NULL,
                        (double)(moxd_mono() - started) / (double)MOXD_SEC);
    smtp_reply(s, 250, "2.0.0", "message received (%s)", t->id);
    return "delivered";
}

/* The client went silent or away, or we are stopping. */
void smtp_message_lost(struct smtp_session *s, int result)
{
    moxd_info(&s->log, "connection lost in a message", moxd_kvs("result", moxd_wait_name(result)));
    if (result == MOXD_TIMEOUT)
        smtp_reply(s, 421, "4.4.2", "%s your message did not go on", s->facts.hostname);
    else if (result == MOXD_CANCELLED)
        smtp_reply(s, 421, "4.3.2", "%s shutting down", s->facts.hostname);
    s->closing = true;
}

void smtp_message_end(struct smtp_session *s, enum smtp_receive_result r, int lost,
                      const struct moxd_err *err)
{
    const char *result = "lost";

    if (r == SMTP_RECEIVED)
        result = smtp_message_judge(s, s->txn);
    else if (r == SMTP_REFUSED) {
        smtp_reply_err(s, err);
        result = "refused";
    } else
        smtp_message_lost(s, lost);
    smtp_tell_over(s, strcmp(result, "delivered") == 0 ? "received"
                      : strcmp(result, "lost") == 0    ? "lost"
                                                       : "refused");
    moxd_metric_inc(s->smtp->messages, s->c->service->name, result);
    smtp_txn_free(s);
}

void smtp_cmd_data(struct smtp_session *s, struct moxd_str args)
{
    (void)args;
    if (s->txn->nrcpts == 0) {
        smtp_reply_bad(s, 554, "5.5.1", "no valid recipients"); /* RFC 5321 3.3 */
        return;
    }
    struct moxd_err err = { 0 };
    int lost = 0;
    smtp_reply(s, 354, NULL, "end with a line that holds only a dot");
    enum smtp_receive_result r = smtp_receive(s, s->txn, &lost, &err);
    smtp_message_end(s, r, lost, &err);
}
