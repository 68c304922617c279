#include "queue_dest.h"

#include <stdlib.h>
#include <utlist.h>

#define REMEMBERED (3600 * MOXD_SEC) /* what a destination wants, after it was last in trouble */

/* --- which one --------------------------------------------------------------------------------- */

/* The domain of the reverse-path in A-labels, lower case; "" for the null path. */
static const char *sender_domain(const struct queue_message *msg)
{
    const char *at = strrchr(msg->from, '@');
    return at ? at + 1 : "";
}

static const struct queue_transport *route(struct queue *q, const struct queue_item *item,
                                           const struct queue_message *msg)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct accounts_account account;
    const struct queue_account_conf *ac = NULL;
    struct queue_route_facts f = { .account = msg->account,
                                   .from_domain = sender_domain(msg),
                                   .to_domain = item->domain,
                                   .attempts = item->attempts };
    const struct moxd_conf_head *domain =
        f.from_domain[0] ? q->accounts->domain(q->accounts_self, moxd_cstr(f.from_domain)) : NULL;

    if (item->transport) /* "" is direct */
        return queue_transport_find(q->conf, item->transport);
    if (msg->account && q->accounts->get(q->accounts_self, msg->account, a, &account, NULL) == 0)
        ac = moxd_conf_ext(account.conf, "queue");
    return queue_route_find(q->conf, moxd_conf_dynamic(moxd_conf_current(), &q->m),
                            domain ? moxd_conf_ext(domain, "queue") : NULL, ac, &f);
}

/* Whether recipients of all domains go the same way. */
static bool shared(const struct queue *q, const struct queue_transport *t)
{
    if (!t)
        return q->conf->local;
    return t->kind == QUEUE_KIND_SMTP || t->kind == QUEUE_KIND_SUBMISSION ||
           t->kind == QUEUE_KIND_FAIL;
}

static struct queue_dest *make(struct queue *q, char *name, const struct queue_transport *t,
                               const char *domain)
{
    struct queue_dest *d = moxd_xcalloc(1, sizeof(*d));

    d->q = q;
    d->name = name;
    d->domain = moxd_xstrdup(domain);
    d->transport = t;
    d->limit = (unsigned)q->conf->destination_connections;
    HASH_ADD_KEYPTR(hh, q->dests, d->name, strlen(d->name), d);
    return d;
}

static struct queue_dest *find(struct queue *q, const struct queue_transport *t, const char *domain)
{
    struct queue_dest *d;

    if (shared(q, t))
        domain = "";
    char *name =
        moxd_xasprintf("%s%s%s", t ? t->head.label : "", t || !domain[0] ? "/" : "", domain);
    HASH_FIND_STR(q->dests, name, d);
    if (!d)
        return make(q, name, t, domain);
    free(name);
    return d;
}

/* --- waiting ----------------------------------------------------------------------------------- */

static void grow(struct queue_dest *d)
{
    size_t cap = d->cap > 0 ? 2 * d->cap : 8;
    struct queue_waiting *v = moxd_xcalloc(cap, sizeof(*v));

    for (size_t i = 0; i < d->n; i++)
        v[i] = d->v[(d->first + i) % d->cap];
    free(d->v);
    d->v = v;
    d->cap = cap;
    d->first = 0;
}

void queue_dest_give(struct queue *q, const struct queue_item *item,
                     const struct queue_message *msg)
{
    struct queue_dest *d = find(q, route(q, item, msg), item->domain);

    if (d->n == d->cap)
        grow(d);
    d->v[(d->first + d->n++) % d->cap] = (struct queue_waiting){ item->id, msg->body };
    queue_dest_run(d);
}

size_t queue_dest_take(struct queue_dest *d, uint64_t *ids, size_t max)
{
    size_t n = 0;

    while (n < max && d->n > 0 &&
           (n == 0 || d->v[d->first].body == d->v[(d->first + d->cap - 1) % d->cap].body)) {
        ids[n++] = d->v[d->first].id;
        d->first = (d->first + 1) % d->cap;
        d->n--;
    }
    return n;
}

/* --- workers ----------------------------------------------------------------------------------- */

static void starve(struct queue_dest *d)
{
    if (!d->starved)
        DL_APPEND(d->q->starved, d);
    d->starved = true;
}

static void feed(struct queue_dest *d)
{
    if (d->starved)
        DL_DELETE(d->q->starved, d);
    d->starved = false;
}

void queue_dest_run(struct queue_dest *d)
{
    struct queue *q = d->q;

    if (d->n > 0 && d->idle > 0)
        (void)moxd_waitq_wake(&d->more);
    while (d->n > d->idle + d->starting && d->workers < d->limit && !q->draining &&
           (d->pause_until == 0 || d->workers == 0)) {
        if (q->workers >= (unsigned)q->conf->connections) {
            starve(d);
            return;
        }
        d->workers++;
        d->starting++;
        q->workers++;
        (void)moxd_module_spawn(&q->m, "queue-worker", queue_worker, d);
    }
}

void queue_dest_trouble(struct queue_dest *d)
{
    enum { DOUBLINGS = 4 };
    unsigned doublings = d->troubles < DOUBLINGS ? d->troubles : DOUBLINGS;

    d->limit = d->limit > 1 ? d->limit / 2 : 1;
    d->troubles++;
    d->trouble_at = moxd_mono();
    d->pause_until = moxd_mono() + (d->q->conf->destination_pause << doublings);
    moxd_info(&d->q->m.log, "destination wants less mail", moxd_kvs("destination", d->name),
              moxd_kvu("connections", d->limit),
              moxd_kvd("pause", d->q->conf->destination_pause << doublings));
}

void queue_dest_success(struct queue_dest *d)
{
    d->troubles = 0;
    d->pause_until = 0;
    if (d->limit < (unsigned)d->q->conf->destination_connections)
        d->limit++;
}

static void dest_free(struct queue_dest *d)
{
    feed(d);
    HASH_DEL(d->q->dests, d);
    free(d->v);
    free(d->domain);
    free(d->name);
    free(d);
}

/* One that wanted less mail is remembered, though nothing waits for it now. */
static bool is_remembered(const struct queue_dest *d)
{
    const unsigned all = (unsigned)d->q->conf->destination_connections;

    return (d->troubles > 0 || d->limit < all) && moxd_mono() - d->trouble_at < REMEMBERED;
}

void queue_dest_tidy(struct queue *q)
{
    struct queue_dest *d, *tmp;

    HASH_ITER (hh, q->dests, d, tmp)
        if (d->n == 0 && d->workers == 0 && !is_remembered(d))
            dest_free(d);
}

void queue_dest_feed(struct queue *q)
{
    while (q->starved && q->workers < (unsigned)q->conf->connections && !q->draining) {
        struct queue_dest *hungry = q->starved;
        feed(hungry);
        queue_dest_run(hungry);
    }
}

void queue_dest_ended(struct queue_dest *d)
{
    struct queue *q = d->q;

    d->workers--;
    q->workers--;
    if (d->n == 0 && d->workers == 0 && !is_remembered(d))
        dest_free(d);
    else
        queue_dest_run(d);
    queue_dest_feed(q);
}

void queue_dest_free_all(struct queue *q)
{
    struct queue_dest *d, *tmp;

    HASH_ITER (hh, q->dests, d, tmp)
        dest_free(d);
}
