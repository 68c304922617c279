/* queue: mail to other servers waits here until it is delivered. The table of contents. */
#include "queue_account.h"
#include "queue_cmd.h"
#include "queue_dest.h"
#include "queue_dsn.h"
#include "queue_hold.h"
#include "queue_result.h"
#include "queue_returned.h"
#include "queue_submit.h"

#include <stdlib.h>

MOXD_POINT_THUNK(on_queue, struct moxd_reply)
MOXD_POINT_THUNK(on_security, struct queue_security)
MOXD_POINT_THUNK_VOID(on_connected)
MOXD_POINT_THUNK_VOID(on_result)

static const struct moxd_point_def points[] = {
    MOXD_POINT(on_queue, MOXD_DECIDE, "struct queue_new", "A message is about to be queued."),
    MOXD_POINT(on_security, MOXD_TRANSFORM, "struct queue_host",
               "A host of a domain is about to be tried: what is known about TLS with it."),
    MOXD_POINT(on_connected, MOXD_OBSERVE, "struct queue_connected",
               "A connection to a host was tried: what became of TLS."),
    MOXD_POINT(on_result, MOXD_OBSERVE, "struct queue_result",
               "What became of a recipient in an attempt, or in the end; durable."),
    { 0 },
};

static const char *const outcomes[] = { "delivered",  "relayed",   "delayed",  "retry", "failed",
                                        "suppressed", "cancelled", "expanded", NULL };
static const char *const actions[] = { "failed",   "delayed", "delivered", "relayed",
                                       "expanded", "unknown", NULL };
static const char *const connected[] = { "ok", "failed", NULL };
static const struct moxd_metric metrics[] = {
    { .name = "moxd_queue_messages_total",
      .type = MOXD_COUNTER,
      .help = "Messages that were queued." },
    { .name = "moxd_queue_results_total",
      .type = MOXD_COUNTER,
      .help = "Recipients, by what became of them in an attempt.",
      .label = { "result" },
      .values = { outcomes } },
    { .name = "moxd_queue_connections_total",
      .type = MOXD_COUNTER,
      .help = "Connections to other servers, by whether a session came of them.",
      .label = { "result" },
      .values = { connected } },
    { .name = "moxd_queue_notifications_total",
      .type = MOXD_COUNTER,
      .help = "Notifications of other servers about mail of ours, by what they say.",
      .label = { "action" },
      .values = { actions } },
    { .name = "moxd_queue_sent_total",
      .type = MOXD_COUNTER,
      .help = "Messages that other servers took." },
    { .name = "moxd_queue_waiting", .type = MOXD_GAUGE, .help = "Recipients in the queue." },
    { 0 },
};

static const struct moxd_hook hooks[] = {
    /* Before local delivery, which in the local test mode takes everything. */
    MOXD_HOOK(on_route, queue_on_route, .phase = MOXD_EARLY),
    MOXD_HOOK(on_route, queue_on_route_held, .phase = MOXD_POLICY),
    MOXD_HOOK(on_delivered, queue_dsn_on_delivered),
    MOXD_HOOK(on_message, queue_returned_on_message, .phase = MOXD_LATE),
    MOXD_HOOK(on_deliver, queue_returned_on_deliver),
    MOXD_HOOK(on_account_remove, queue_on_account_remove, .optional = true),
    { 0 },
};

static uint64_t queue_sent(struct moxd_instance *self)
{
    return queue_of(self)->sent;
}

static const struct queue_v1 vtable = { .add = queue_add, .sent = queue_sent };
static const struct moxd_interface provides[] = {
    { .name = "queue", .major = 1, .minor = 3, .vtable = &vtable },
    { 0 },
};
static const char *const needs[] = { "store/1.11", "accounts/1.1", "smtpclient/1.2",
                                     "smtp/1.10",  "dkim/1?",      "trace/1?",
                                     NULL };
static const struct moxd_contribution contributes[] = {
    { .scope = "domain",
      .name = "queue",
      .block = &queue_domain_block,
      .doc = "How mail from this domain leaves." },
    { .scope = "account",
      .name = "queue",
      .block = &queue_account_block,
      .doc = "How mail of this account leaves, and how much of it." },
    { 0 },
};

static void read_intervals(struct queue *q)
{
    q->intervals = moxd_xcalloc(q->conf->retry.n, sizeof(*q->intervals));
    for (size_t i = 0; i < q->conf->retry.n; i++)
        if (queue_duration_parse(moxd_cstr(q->conf->retry.v[i]), &q->intervals[i]) < 0)
            q->intervals[i] = 3600 * MOXD_SEC; /* cannot be: it was checked */
}

/* What is announced to users from now on. P-SMTP-01: 60 days. */
static void offer(struct queue *q)
{
    const struct smtp_offer offer = { .dsn = true, .hold_max = INT64_C(60) * 24 * 3600 };

    q->smtp->offer(q->smtp_self, &offer);
}

static int queue_init(struct moxd_instance *m, const struct moxd_conf *conf, struct moxd_err *err)
{
    struct queue *q = queue_of(m);

    (void)err;
    q->conf = moxd_conf_module(conf, m);
    q->store = moxd_interface_get(m, "store", &q->store_self);
    q->accounts = moxd_interface_get(m, "accounts", &q->accounts_self);
    q->client = moxd_interface_get(m, "smtpclient", &q->client_self);
    q->trace = moxd_interface_get(m, "trace", &q->trace_self);
    q->on_queue = moxd_point_get(m, "on_queue");
    q->on_security = moxd_point_get(m, "on_security");
    q->on_connected = moxd_point_get(m, "on_connected");
    q->on_result = moxd_point_get(m, "on_result");
    read_intervals(q);
    q->smtp = moxd_interface_get(m, "smtp", &q->smtp_self);
    q->dkim = moxd_interface_get(m, "dkim", &q->dkim_self);
    offer(q);
    q->queued = moxd_metric_find("moxd_queue_messages_total");
    q->results = moxd_metric_find("moxd_queue_results_total");
    q->connections = moxd_metric_find("moxd_queue_connections_total");
    q->returned = moxd_metric_find("moxd_queue_notifications_total");
    q->sent_total = moxd_metric_find("moxd_queue_sent_total");
    q->waiting = moxd_metric_find("moxd_queue_waiting");
    return 0;
}

static int queue_start(struct moxd_instance *m, struct moxd_err *err)
{
    return queue_rules_load(queue_of(m), err) < 0 ? -1 : queue_sched_start(queue_of(m), err);
}

static void queue_drain(struct moxd_instance *m)
{
    struct queue *q = queue_of(m);

    q->draining = true;
    moxd_poke(q->scheduler);
    for (struct queue_dest *d = q->dests; d; d = d->hh.next)
        moxd_waitq_wake_all(&d->more);
}

static void queue_stop(struct moxd_instance *m)
{
    struct queue *q = queue_of(m);

    queue_dest_free_all(q);
    moxd_arena_free(q->rules_arena);
    free(q->intervals);
    queue_heap_free(&q->heap);
    queue_idset_free(&q->active);
}

const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("queue", PACKAGE_VERSION, "mail to other servers"),
    .needs = needs,
    .provides = provides,
    .conf = &queue_conf_block,
    .dynamic = &queue_dynamic_block,
    .contributes = contributes,
    .points = points,
    .hooks = hooks,
    .commands = queue_commands,
    .metrics = metrics,
    .instance_size = sizeof(struct queue),
    .check = queue_check,
    .init = queue_init,
    .start = queue_start,
    .drain = queue_drain,
    .stop = queue_stop,
};
