/* Notifications about what an account sent are recorded with the recipients that they are about, then delivered as any
 * other mail. Whatever goes wrong here, they are delivered.
 *
 * One that comes to a sender that only one recipient has is about that recipient, and can be believed: nobody else knows
 * the address. Others name the envelope id or the Message-ID of what was sent, which more people know: they count for
 * recipients whose addresses they name, and say nothing about the suppression list. */
#include "queue_returned.h"

#include "queue_explain.h"
#include "queue_extra.h"
#include "queue_result.h"
#include "queue_sentid.h"

static const enum queue_outcome outcomes[MOXD_DSN_ACTIONS] = {
    [MOXD_DSN_FAILED] = QUEUE_FAILED,       [MOXD_DSN_DELAYED] = QUEUE_DELAYED,
    [MOXD_DSN_DELIVERED] = QUEUE_DELIVERED, [MOXD_DSN_RELAYED] = QUEUE_RELAYED,
    [MOXD_DSN_EXPANDED] = QUEUE_EXPANDED,
};

/* --- the transaction --------------------------------------------------------------------------- */

/* Whether it is known: a notification may come twice, and one of a delay after the one of how it ended. */
static bool known(const struct queue_returned *x)
{
    struct moxd_str history = x->r.item.history;
    const char *name = moxd_dsn_action_name(x->status->action);
    struct queue_attempt at;

    while (queue_history_next(&history, x->a, &at))
        if (at.reported &&
            (x->status->action == MOXD_DSN_DELAYED || strcmp(at.reported, name) == 0))
            return true;
    return false;
}

static void add_history(struct queue_returned *x)
{
    struct moxd_str reporter = moxd_str_sub(x->report->reporter, 0, 255);
    struct queue_attempt at = {
        .start = moxd_wall(),
        .host = moxd_str_is_utf8(reporter) ? moxd_arena_cstr(x->a, reporter) : NULL,
        .code = (uint32_t)x->verdict.reply.code,
        .enhanced = x->verdict.reply.enhanced,
        .text = x->verdict.reply.text,
        .ok = x->verdict.ok,
        .permanent = x->verdict.reply.permanent,
        .reported = moxd_dsn_action_name(x->status->action),
    };

    x->r.item.history = queue_history_add(x->r.item.history, &at, x->a);
}

static bool accepted(uint32_t outcome)
{
    return outcome != QUEUE_FAILED && outcome != QUEUE_SUPPRESSED && outcome != QUEUE_CANCELLED;
}

static int record(struct store_tx *tx, struct queue_returned *x, struct moxd_err *err)
{
    const struct store_v1 *store = x->q->store;
    enum moxd_dsn_action action = x->status->action;

    x->recorded = true;
    add_history(x);
    if (!x->retired)
        return queue_put_item(store, tx, &x->r.item, err);
    if (action != MOXD_DSN_DELAYED || accepted(x->r.outcome))
        x->r.outcome = outcomes[action];
    if (x->own && (action == MOXD_DSN_FAILED || action == MOXD_DSN_DELIVERED) &&
        queue_suppress_reported(x->q, tx, &x->r.msg, &x->r.item, &x->verdict, err) < 0)
        return -1;
    return queue_put_retired(store, tx, &x->r, err);
}

static int op_record(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct queue_returned *x = arg;
    const struct store_v1 *store = x->q->store;
    int rc = queue_get_retired(store, tx, x->id, x->a, &x->r, err);

    x->recorded = false;
    x->status = NULL;
    x->retired = rc > 0;
    if (rc == 0)
        rc = queue_get_item(store, tx, x->id, x->a, &x->r.item, err);
    if (rc > 0 && !x->retired)
        rc = queue_get_message(store, tx, x->r.item.body, x->a, &x->r.msg, err);
    if (rc <= 0)
        return rc;
    if (!x->own && !queue_sentid_is(&x->r.msg, x->report->envid, x->report->message_id, x->a))
        return 0;
    x->status = queue_returned_status(x->report, x->r.item.to, x->own || x->r.msg.n == 1);
    if (!x->status || x->status->action >= MOXD_DSN_ACTIONS || known(x))
        return 0;
    x->verdict = queue_returned_verdict(x->status, x->a);
    return record(tx, x, err);
}

/* --- afterwards -------------------------------------------------------------------------------- */

static void announce(const struct queue_returned *x)
{
    const struct queue_item *item = &x->r.item;
    struct queue_result ev = {
        .id = item->id,
        .account = x->r.msg.account,
        .from = x->r.msg.from ? x->r.msg.from : "",
        .to = item->to,
        .message_id = x->r.msg.message_id,
        .fromid = item->fromid,
        .subject = x->r.msg.subject,
        .outcome = outcomes[x->status->action],
        .reply = &x->verdict.reply,
        .attempts = item->attempts,
        .queued = item->queued,
        .next = x->retired ? 0 : item->next,
        .reported = true,
        .local_ip = "",
    };

    ev.nextra = queue_extra_decode(x->r.msg.extra, x->a, &ev.extra);
    queue_explain_reported(x->q, &x->r.msg, item, ev.outcome, ev.reply);
    moxd_notify(x->q->on_result, &ev);
}

static void log_it(const struct queue_returned *x)
{
    const struct moxd_dsn_status *st = x->status;
    enum moxd_dsn_action action = st ? st->action : MOXD_DSN_UNKNOWN;

    moxd_info(x->message->mail->conn->log, "notification", moxd_kvu("id", x->id),
              moxd_kvs("account", x->account), moxd_kvs("to", x->r.item.to ? x->r.item.to : ""),
              moxd_kvs("action", moxd_dsn_action_name(action)),
              moxd_kvs("status", st ? st->status : ""),
              moxd_kvs("reply", x->recorded ? x->verdict.reply.text : ""),
              moxd_kvb("recorded", x->recorded));
    moxd_metric_inc(x->q->returned, moxd_dsn_action_name(action), NULL);
}

static void take(struct queue_returned *x) MOXD_SUSPENDS;
static void take(struct queue_returned *x)
{
    struct queue *q = x->q;

    for (int i = 0; i < x->nids; i++) {
        x->id = x->ids[i];
        if (q->store->transact(q->store_self, NULL, op_record, x, &x->err) < 0) {
            moxd_warn(x->message->mail->conn->log, "recording a notification",
                      moxd_kvu("id", x->id), moxd_kve(&x->err));
            return;
        }
        if (x->own || x->status)
            log_it(x);
        if (x->recorded)
            announce(x);
    }
}

enum moxd_verdict queue_returned_on_deliver(struct moxd_instance *m, const struct smtp_copy *ev,
                                            struct smtp_handing *handing)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = NULL;
    struct queue_returned *x;

    (void)handing;
    if (!queue_returned_may_be(ev->message, ev->account))
        return MOXD_NEXT;
    a = moxd_arena_new(0);
    x = moxd_arena_alloc(a, sizeof(*x));
    *x = (struct queue_returned){
        .q = queue_of(m), .message = ev->message, .account = ev->account, .a = a
    };
    if (queue_returned_look(x))
        take(x);
    return MOXD_NEXT;
}
