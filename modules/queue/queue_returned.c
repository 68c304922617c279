/* A notification for a sender that only one recipient has is recorded with that recipient, then delivered as any other
 * mail. Whatever goes wrong here, it is delivered. */
#include "queue_returned.h"

#include <moxd/offload.h>

#include "queue_explain.h"
#include "queue_fromid.h"
#include "queue_result.h"

struct returned {
    struct queue *q;
    const struct smtp_copy *copy;
    struct moxd_arena *a;
    char fromid[QUEUE_FROMID_LEN];
    uint64_t id; /* of the recipient that was sent to; 0: none */
    struct moxd_dsn_report *report;
    const struct moxd_dsn_status *status;
    struct queue_verdict verdict;
    struct queue_retired r; /* as it is now; of what is in the queue without what retiring adds */
    bool retired, recorded;
    int rc; /* of reading */
    struct moxd_err err;
};

static const enum queue_outcome outcomes[MOXD_DSN_ACTIONS] = {
    [MOXD_DSN_FAILED] = QUEUE_FAILED,       [MOXD_DSN_DELAYED] = QUEUE_DELAYED,
    [MOXD_DSN_DELIVERED] = QUEUE_DELIVERED, [MOXD_DSN_RELAYED] = QUEUE_RELAYED,
    [MOXD_DSN_EXPANDED] = QUEUE_EXPANDED,
};

/* --- which recipient --------------------------------------------------------------------------- */

static int op_find(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct returned *x = arg;

    return queue_fromid_find(x->q->store, tx, x->copy->account, x->fromid, &x->id, err) < 0 ? -1
                                                                                            : 0;
}

/* RFC 3461 5.2.7, RFC 5321 4.5.5: notifications have the null path, and go to one address. */
static bool addressed(struct returned *x)
{
    const struct smtp_message *msg = x->copy->message;
    const struct smtp_mail *mail = msg->mail;

    return mail->from.localpart.n == 0 && mail->from.domain.n == 0 && !mail->conn->account &&
           msg->nrcpts == 1 && msg->rcpts[0]->account &&
           strcmp(msg->rcpts[0]->account, x->copy->account) == 0 &&
           queue_fromid_cut(msg->rcpts[0]->to.localpart, x->fromid);
}

/* --- reading ----------------------------------------------------------------------------------- */

static ssize_t read_draft(const void *ctx, uint64_t off, void *p, size_t n)
{
    const struct returned *x = ctx;

    return x->q->store->draft_read(x->copy->message->draft, off, p, n, NULL);
}

static void parse(void *arg)
{
    struct returned *x = arg;
    struct moxd_reader r = { .read_at = read_draft, .ctx = x, .size = x->copy->message->size };
    struct moxd_msg *msg;

    x->rc = moxd_msg_parse(x->a, &r, &msg, &x->err) < 0 ||
                    moxd_dsn_parse(&r, msg, x->a, &x->report, &x->err) < 0
                ? -1
                : 0;
}

/* --- the transaction --------------------------------------------------------------------------- */

/* Whether it is known: a notification may come twice, and one of a delay after the one of how it ended. */
static bool known(const struct returned *x)
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

static void add_history(struct returned *x)
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

static int record(struct store_tx *tx, struct returned *x, struct moxd_err *err)
{
    const struct store_v1 *store = x->q->store;
    enum moxd_dsn_action action = x->status->action;

    x->recorded = true;
    add_history(x);
    if (!x->retired)
        return queue_put_item(store, tx, &x->r.item, err);
    if (action != MOXD_DSN_DELAYED || accepted(x->r.outcome))
        x->r.outcome = outcomes[action];
    if ((action == MOXD_DSN_FAILED || action == MOXD_DSN_DELIVERED) &&
        queue_suppress_reported(x->q, tx, &x->r.msg, &x->r.item, &x->verdict, err) < 0)
        return -1;
    return queue_put_retired(store, tx, &x->r, err);
}

static int op_record(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct returned *x = arg;
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
    x->status = queue_returned_status(x->report, x->r.item.to);
    if (!x->status || x->status->action >= MOXD_DSN_ACTIONS || known(x))
        return 0;
    x->verdict = queue_returned_verdict(x->status, x->a);
    return record(tx, x, err);
}

/* --- afterwards -------------------------------------------------------------------------------- */

static void announce(const struct returned *x)
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
    };

    queue_explain_reported(x->q, &x->r.msg, item, ev.outcome, ev.reply);
    moxd_notify(x->q->on_result, &ev);
}

static void log_it(const struct returned *x)
{
    const struct moxd_dsn_status *st = x->status;
    enum moxd_dsn_action action = st ? st->action : MOXD_DSN_UNKNOWN;

    moxd_info(
        x->copy->message->mail->conn->log, "notification", moxd_kvu("id", x->id),
        moxd_kvs("account", x->copy->account), moxd_kvs("to", x->r.item.to ? x->r.item.to : ""),
        moxd_kvs("action", moxd_dsn_action_name(action)), moxd_kvs("status", st ? st->status : ""),
        moxd_kvs("reply", x->recorded ? x->verdict.reply.text : ""),
        moxd_kvb("recorded", x->recorded));
    moxd_metric_inc(x->q->returned, moxd_dsn_action_name(action), NULL);
}

static void take(struct returned *x) MOXD_SUSPENDS;
static void take(struct returned *x)
{
    struct queue *q = x->q;
    const struct moxd_log *log = x->copy->message->mail->conn->log;

    if (q->store->view(q->store_self, NULL, op_find, x, &x->err) < 0) {
        moxd_warn(log, "finding what a notification is about", moxd_kve(&x->err));
        return;
    }
    if (x->id == 0)
        return;
    if (moxd_offload(MOXD_LANE_CPU, parse, x) != MOXD_OK)
        return;
    if (x->rc < 0 && x->err.kind == MOXD_ERR_NOTFOUND)
        return; /* an answer of a program, or a challenge */
    if (x->rc < 0 || q->store->transact(q->store_self, NULL, op_record, x, &x->err) < 0) {
        moxd_warn(log, "recording a notification", moxd_kvu("id", x->id), moxd_kve(&x->err));
        return;
    }
    log_it(x);
    if (x->recorded)
        announce(x);
}

enum moxd_verdict queue_returned_on_deliver(struct moxd_instance *m, const struct smtp_copy *ev,
                                            struct smtp_handing *handing)
{
    struct returned x = { .q = queue_of(m), .copy = ev };

    (void)handing;
    if (addressed(&x)) {
        x.a = moxd_arena_new(0);
        take(&x);
        moxd_arena_free(x.a);
    }
    return MOXD_NEXT;
}
