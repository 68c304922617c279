/* NOTIFY=SUCCESS for recipients here, whose mail never is in the queue. */
#include "queue_dsn.h"

/* Of a message, copied: it is gone when the notification is written. */
struct success {
    struct queue *q;
    struct moxd_arena *a;
    struct queue_message msg;
    struct moxd_str header;
    struct queue_item *items;
    struct queue_told *told;
    size_t n;
};

static bool wanted(const struct queue *q, const struct smtp_rcpt *rcpt)
{
    struct moxd_str rest = rcpt->notify;

    if (!q->accounts->is_local_domain(q->accounts_self, rcpt->to.domain))
        return false;
    while (rest.n > 0)
        if (moxd_str_caseeqs(moxd_str_cut(&rest, ','), "SUCCESS"))
            return true;
    return false;
}

static void add(struct success *s, const struct smtp_rcpt *rcpt, enum moxd_dsn_action action)
{
    struct queue_item *item = &s->items[s->n];

    item->to = moxd_arena_cstr(s->a, rcpt->to.text);
    item->orcpt = rcpt->orcpt.n > 0 ? moxd_arena_cstr(s->a, rcpt->orcpt) : NULL;
    s->told[s->n++] = (struct queue_told){ .item = item, .action = action };
}

static void collect(struct success *s, const struct smtp_message *ev, bool lists)
{
    for (size_t i = 0; i < ev->nrcpts; i++)
        if (wanted(s->q, ev->rcpts[i]) && !ev->rcpts[i]->account == lists)
            add(s, ev->rcpts[i], lists ? MOXD_DSN_EXPANDED : MOXD_DSN_DELIVERED);
}

static void describe(struct success *s, const struct smtp_message *ev)
{
    const struct smtp_mail *mail = ev->mail;
    struct moxd_arena *a = s->a;

    s->header = moxd_arena_str(a, ev->header);
    s->msg = (struct queue_message){
        .account = moxd_arena_strdup(a, mail->conn->account),
        .from = moxd_arena_cstr(a, mail->from.text),
        .envid = moxd_arena_cstr(a, mail->envid),
        .origin = "smtp",
        .trace = moxd_arena_strdup(a, mail->id),
        .queued = moxd_wall(),
        .size = ev->size,
        .smtputf8 = mail->smtputf8,
        .body8bit = mail->body8bit,
    };
}

static void tell(void *arg)
{
    struct success *s = arg;
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = s->a;
    struct moxd_err err = { 0 };

    if (queue_dsn_about(s->q, &s->msg, s->header, s->told, s->n, &err) < 0)
        moxd_warn(&s->q->m.log, "the sender could not be told", moxd_kvs("from", s->msg.from),
                  moxd_kve(&err));
}

/* One notification for each kind: mailboxes, and lists, which are passed on (RFC 3461 5.2.7.3). */
static void spawn(struct queue *q, const struct smtp_message *ev, bool lists)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct success *s = moxd_arena_alloc(a, sizeof(*s));

    s->q = q;
    s->a = a;
    s->items = moxd_arena_calloc(a, ev->nrcpts, sizeof(*s->items));
    s->told = moxd_arena_calloc(a, ev->nrcpts, sizeof(*s->told));
    collect(s, ev, lists);
    if (s->n == 0) {
        moxd_arena_free(a);
        return;
    }
    describe(s, ev);
    (void)moxd_module_spawn(&q->m, "queue-dsn", tell, s);
}

/* The mail is durable, the notification is not yet: a crash in between loses it, which RFC 3461 leaves open. */
void queue_dsn_on_delivered(struct moxd_instance *m, const struct smtp_message *ev)
{
    struct queue *q = queue_of(m);
    const struct smtp_mail *mail = ev->mail;

    if (!mail->conn->submission || !mail->conn->account || mail->holduntil != 0 || q->conf->local)
        return;
    spawn(q, ev, false);
    spawn(q, ev, true);
}
