/* A message comes into the queue: checked, asked about, durable, scheduled. */
#include "queue_explain.h"
#include "queue_extra.h"
#include "queue_fromid.h"
#include "queue_hold.h"
#include "queue_limit.h"
#include "queue_sentid.h"

#include <stdlib.h>

#include <moxmail/address.h>
#include <moxmail/header.h>

struct adding {
    struct queue *q;
    const struct queue_new *new;
    struct queue_message msg;
    struct queue_item *items;
    struct queue_limits limits;
    const char *separator; /* for ids in MAIL FROM; or NULL */
};

/* --- checks ------------------------------------------------------------------------------------ */

static bool text_ok(const char *s)
{
    return !s || strlen(s) <= QUEUE_TEXT_MAX;
}

static int prepare_item(struct adding *ad, size_t i, struct moxd_arena *a, struct moxd_err *err)
{
    const struct queue_rcpt *rcpt = &ad->new->rcpts[i];
    struct queue_item *item = &ad->items[i];
    struct moxd_address to;

    if (moxd_address_parse(moxd_cstr(rcpt->to), MOXD_ADDRESS_UTF8, a, &to, err) < 0)
        return -1;
    if (!text_ok(rcpt->notify) || !text_ok(rcpt->orcpt))
        return moxd_err_set(err, MOXD_ERR_LIMIT, "parameter too long");
    *item = (struct queue_item){
        .to = rcpt->to,
        .domain = moxd_arena_cstr(a, to.domain.ascii),
        .notify = rcpt->notify,
        .orcpt = rcpt->orcpt,
        .queued = ad->msg.queued,
        .next = ad->new->hold_until > ad->msg.queued ? ad->new->hold_until : ad->msg.queued,
        .requiretls = ad->new->requiretls,
        .fromid = ad->separator ? queue_fromid_make(ad->new->from, ad->separator, a) : NULL,
    };
    return 0;
}

static ssize_t read_draft(const void *ctx, uint64_t off, void *p, size_t n)
{
    const struct adding *ad = ctx;

    return ad->q->store->draft_read(ad->new->draft, off, p, n, NULL);
}

static const char *field_text(struct moxd_str header, const char *name, struct moxd_arena *a)
{
    struct moxd_buf b = MOXD_BUF_INIT(64 * 1024);
    struct moxd_field f;
    const char *text = NULL;

    if (moxd_header_find(header, name, &f)) {
        moxd_field_text(&b, f.value);
        struct moxd_str s = moxd_buf_str(&b);
        for (s = moxd_str_sub(s, 0, QUEUE_SUBJECT_MAX); s.n > 0 && !moxd_str_is_utf8(s);)
            s.n--;
        text = moxd_arena_cstr(a, s);
    }
    moxd_buf_fini(&b);
    return text;
}

/* What lists show, from the header unless the caller knows it. */
static int read_header(struct adding *ad, struct moxd_arena *a, struct moxd_err *err)
{
    struct moxd_reader r = { .size = ad->q->store->draft_size(ad->new->draft),
                             .read_at = read_draft,
                             .ctx = ad };
    struct moxd_str header;

    ad->msg.message_id = ad->new->message_id;
    ad->msg.subject = ad->new->subject;
    if (ad->msg.message_id && ad->msg.subject)
        return 0;
    if (moxd_header_read(&r, a, &header, NULL, err) < 0)
        return -1;
    if (!ad->msg.message_id)
        ad->msg.message_id = field_text(ad->new->prefix, "Message-ID", a);
    if (!ad->msg.message_id)
        ad->msg.message_id = field_text(header, "Message-ID", a);
    if (!ad->msg.subject)
        ad->msg.subject = field_text(header, "Subject", a);
    return 0;
}

static int prepare(struct adding *ad, struct moxd_arena *a, struct moxd_err *err)
{
    const struct queue_new *new = ad->new;

    if (new->n == 0 || new->n > QUEUE_RCPTS_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "a message has 1 to %d recipients",
                            QUEUE_RCPTS_MAX);
    if (!text_ok(new->from) || !text_ok(new->envid) || !text_ok(new->ret))
        return moxd_err_set(err, MOXD_ERR_LIMIT, "parameter too long");
    ad->msg = (struct queue_message){
        .n = (uint32_t) new->n,
        .left = (uint32_t) new->n,
        .account = new->account,
        .from = new->from,
        .envid = new->envid,
        .ret = new->ret,
        .origin = new->origin,
        .queued = moxd_wall(),
        .size = new->prefix.n + ad->q->store->draft_size(new->draft),
        .smtputf8 = new->smtputf8,
        .body8bit = new->body8bit,
        .no_dsn = new->no_dsn,
        .deadline = new->hold_until,
        .trace = new->trace,
    };
    if (!ad->msg.trace)
        ad->msg.trace = queue_explain_id(moxd_arena_alloc(a, 32));
    ad->items = moxd_arena_calloc(a, new->n, sizeof(*ad->items));
    for (size_t i = 0; i < new->n; i++)
        if (prepare_item(ad, i, a, err) < 0)
            return -1;
    if (queue_extra_encode(new->extra, new->nextra, a, &ad->msg.extra, err) < 0 ||
        read_header(ad, a, err) < 0)
        return -1;
    for (size_t i = 0; i < new->n; i++)
        ad->items[i].hold = queue_rules_hold(ad->q, &ad->msg, &ad->items[i]);
    ad->limits = queue_limits_of(ad->q, new->account);
    return 0;
}

static int ask(struct queue *q, const struct queue_new *new, struct moxd_err *err)
{
    struct moxd_reply reply = { 0 };
    enum moxd_verdict v = moxd_fire(q->on_queue, new, &reply);

    if (v == MOXD_NEXT)
        return 0;
    return moxd_err_smtp_set(err, MOXD_ERR_DENIED, reply.code, reply.enhanced, "%s", reply.text);
}

/* --- the transaction --------------------------------------------------------------------------- */

static int op_add(struct store_tx *tx, uint64_t body, void *arg, struct moxd_err *err)
{
    struct adding *ad = arg;
    const struct store_v1 *store = ad->q->store;
    uint64_t first;

    if (ad->msg.account &&
        queue_limit_count(store, tx, ad->msg.account, &ad->limits, ad->items, ad->new->n, err) < 0)
        return -1;
    if (queue_take_ids(store, tx, ad->msg.n, &first, err) < 0)
        return -1;
    ad->msg.body = body;
    ad->msg.first = first;
    if (queue_put_message(store, tx, &ad->msg, err) < 0)
        return -1;
    for (size_t i = 0; i < ad->new->n; i++) {
        ad->items[i].id = first + i;
        ad->items[i].body = body;
        if (queue_put_item(store, tx, &ad->items[i], err) < 0 ||
            queue_sentid_put(store, tx, &ad->msg, &ad->items[i], err) < 0)
            return -1;
    }
    return 0;
}

static void added(struct adding *ad, uint64_t *ids)
{
    struct queue *q = ad->q;
    const struct queue_message *msg = &ad->msg;

    for (size_t i = 0; i < ad->new->n; i++) {
        if (ids)
            ids[i] = ad->items[i].id;
        if (!ad->items[i].hold)
            queue_schedule(q, ad->items[i].id, ad->items[i].next);
        moxd_info(&q->m.log, "queued", moxd_kvu("id", ad->items[i].id),
                  moxd_kvu("message", msg->body), moxd_kvs("from", msg->from),
                  moxd_kvs("to", ad->items[i].to),
                  moxd_kvs("account", msg->account ? msg->account : ""),
                  moxd_kvs("messageid", msg->message_id ? msg->message_id : ""),
                  moxd_kvs("origin", msg->origin ? msg->origin : ""), moxd_kvu("size", msg->size),
                  moxd_kvs("trace", msg->trace));
        queue_explain_queued(q, ad->new, msg, &ad->items[i]);
    }
    moxd_metric_inc(q->queued, NULL, NULL);
    moxd_metric_add(q->waiting, NULL, NULL, (double)ad->new->n);
}

static int add(struct queue *q, const struct queue_new *msg, const char *separator, uint64_t *ids,
               struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct adding ad = { .q = q, .new = msg, .separator = separator };

    if (prepare(&ad, a, err) < 0 || ask(q, msg, err) < 0 ||
        q->store->keep(q->store_self, msg->draft, msg->prefix, op_add, &ad, err) < 0)
        return -1;
    added(&ad, ids);
    return 0;
}

int queue_add(struct moxd_instance *self, const struct queue_new *msg, uint64_t *ids,
              struct moxd_err *err)
{
    return add(queue_of(self), msg, NULL, ids, err);
}

int queue_add_fromid(struct moxd_instance *self, const struct queue_new *msg, const char *separator,
                     struct moxd_err *err)
{
    return add(queue_of(self), msg, separator, NULL, err);
}
