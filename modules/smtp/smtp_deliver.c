/* A received message becomes durable: each route gets it once with all of its recipients. */
#include "smtp.h"

#include "smtp_trace.h"

/* The fields before the message: what was found out about the sender (RFC 8601 4.1: above the Received
 * field of the server that says it), those of hooks, then Received (RFC 5321 4.4), then what the message
 * lacked. The recipient is told when there is only one, so that nobody learns of others. */
static struct moxd_str prefix_of(struct smtp_txn *t)
{
    const struct smtp_session *s = t->s;
    struct moxd_buf b = MOXD_BUF_INIT(SMTP_RESULTS_FIELD_MAX + 3 * SMTP_ADDED_MAX);
    struct smtp_received r = {
        /* Where a user sits is nobody's business. */
        .from = s->facts.submission ? moxd_cstr(s->facts.hostname) : s->facts.helo,
        .remote_ip = s->facts.submission ? NULL : s->facts.remote_ip,
        .by = s->facts.hostname,
        .esmtp = s->facts.esmtp,
        .tls = s->facts.tls,
        .authenticated = s->facts.account != NULL,
        .smtputf8 = t->mail.smtputf8,
        .requiretls = t->mail.requiretls,
        .tls_version = s->facts.tls_version,
        .tls_cipher = moxd_stream_tls_cipher(s->st),
        .id = t->id,
        .for_path = t->nrcpts == 1 ? t->rcpts[0]->facts.to.text : MOXD_STR(""),
        .time = moxd_wall(),
    };

    smtp_results_write(t, &b);
    moxd_buf_addstr(&b, moxd_buf_str(&t->added));
    smtp_received_write(&b, &r);
    moxd_buf_addstr(&b, moxd_buf_str(&t->completed));
    struct moxd_str prefix = moxd_arena_str(t->arena, moxd_buf_str(&b));
    moxd_buf_fini(&b);
    return prefix;
}

static bool same_route(const struct smtp_route *a, const struct smtp_route *b)
{
    return a->deliver == b->deliver && a->m == b->m;
}

/* Whether an earlier recipient took the same route: then this one went with it. */
static bool went_before(const struct smtp_txn *t, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (same_route(&t->rcpts[k]->route, &t->rcpts[i]->route))
            return true;
    return false;
}

/* All recipients that take the same route as this one. */
static void **targets_of(const struct smtp_txn *t, size_t first, size_t *n)
{
    const struct smtp_route *route = &t->rcpts[first]->route;
    void **targets = moxd_arena_calloc(t->arena, t->nrcpts, sizeof(*targets));

    *n = 0;
    for (size_t i = first; i < t->nrcpts; i++)
        if (same_route(&t->rcpts[i]->route, route))
            targets[(*n)++] = t->rcpts[i]->route.target;
    return targets;
}

static int judge_route(struct smtp_txn *t, size_t first, struct moxd_err *err)
{
    const struct smtp_route *route = &t->rcpts[first]->route;
    size_t n;

    if (route->judge) {
        void **targets = targets_of(t, first, &n);
        return route->judge(route->m, &t->message, t->prefix, targets, n, err);
    }
    return t->suspicion ? smtp_suspicion_err(t->suspicion, err) : 0;
}

int smtp_judge(struct smtp_txn *t, struct moxd_err *err)
{
    t->prefix = prefix_of(t);
    for (size_t i = 0; i < t->nrcpts; i++)
        if (!went_before(t, i) && judge_route(t, i, err) < 0)
            return -1;
    return 0;
}

static int deliver_route(struct smtp_txn *t, size_t first, struct moxd_err *err)
{
    const struct smtp_route *route = &t->rcpts[first]->route;
    size_t n;
    void **targets = targets_of(t, first, &n);

    return route->deliver(route->m, &t->message, t->prefix, targets, n, err);
}

/* When a later route fails after an earlier one took the message, the client is told the failure and
 * sends all of it again: twice is better than never. */
int smtp_deliver(struct smtp_txn *t, struct moxd_err *err)
{
    for (size_t i = 0; i < t->nrcpts; i++)
        if (!went_before(t, i) && deliver_route(t, i, err) < 0)
            return -1;
    moxd_notify(t->s->smtp->on_delivered, &t->message);
    return 0;
}
