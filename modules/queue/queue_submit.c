/* Mail of our users to others: taken over from the SMTP server. */
#include "queue_submit.h"

struct target { /* in the transaction's arena */
    struct queue_rcpt rcpt;
};

static int deliver(struct moxd_instance *m, const struct smtp_message *msg, struct moxd_str prefix,
                   void *const *targets, size_t n, struct moxd_err *err) MOXD_SUSPENDS;

static const char *text_or_null(struct moxd_str s, struct moxd_arena *a)
{
    return s.n > 0 ? moxd_arena_cstr(a, s) : NULL;
}

/* No open relay: only who has logged in, on a submission service, and only for domains that are not ours. */
static bool takes(const struct queue *q, const struct smtp_rcpt *ev)
{
    const struct smtp_conn *conn = ev->mail->conn;

    if (!conn->submission || !conn->account || ev->to.domain.n == 0)
        return false;
    return q->conf->local || !q->accounts->is_local_domain(q->accounts_self, ev->to.domain);
}

static enum moxd_verdict take(struct moxd_instance *m, const struct smtp_rcpt *ev,
                              struct smtp_route *route)
{
    struct moxd_arena *a = ev->mail->arena;
    struct target *t = moxd_arena_alloc(a, sizeof(*t));
    t->rcpt = (struct queue_rcpt){
        .to = moxd_arena_cstr(a, ev->to.text),
        .notify = text_or_null(ev->notify, a),
        .orcpt = text_or_null(ev->orcpt, a),
    };
    *route = (struct smtp_route){ .by = "queue", .deliver = deliver, .m = m, .target = t };
    return MOXD_ANSWER;
}

enum moxd_verdict queue_on_route(struct moxd_instance *m, const struct smtp_rcpt *ev,
                                 struct smtp_route *route)
{
    return takes(queue_of(m), ev) ? take(m, ev, route) : MOXD_NEXT;
}

enum moxd_verdict queue_on_route_held(struct moxd_instance *m, const struct smtp_rcpt *ev,
                                      struct smtp_route *route)
{
    return ev->mail->holduntil != 0 && ev->mail->conn->account ? take(m, ev, route) : MOXD_NEXT;
}

/* The separator of the sender's domain, when the login is one whose mail gets ids; or NULL. */
static const char *separator_of(struct queue *q, const struct smtp_mail *mail)
{
    struct accounts_account account;
    const struct moxd_conf_head *domain = q->accounts->domain(q->accounts_self, mail->from.domain);
    const char **v;

    if (!mail->conn->login || !domain || !domain->node ||
        q->accounts->get(q->accounts_self, mail->conn->account, mail->arena, &account, NULL) < 0)
        return NULL;
    const struct queue_account_conf *conf = moxd_conf_ext(account.conf, "queue");
    for (size_t i = 0; conf && i < conf->fromid_logins.n; i++)
        if (moxd_str_caseeqs(moxd_cstr(mail->conn->login), conf->fromid_logins.v[i]))
            return moxd_node_list(domain->node, "catchall-separators", &v, mail->arena) > 0 ? v[0]
                                                                                            : NULL;
    return NULL;
}

static const struct queue_extra *extra_of(const struct smtp_message *msg)
{
    struct queue_extra *v = moxd_arena_calloc(msg->mail->arena, msg->nextra + 1, sizeof(*v));

    for (size_t i = 0; i < msg->nextra; i++)
        v[i] = (struct queue_extra){ msg->extra[i].key, msg->extra[i].value };
    return v;
}

static int deliver(struct moxd_instance *m, const struct smtp_message *msg, struct moxd_str prefix,
                   void *const *targets, size_t n, struct moxd_err *err)
{
    const struct smtp_mail *mail = msg->mail;
    struct moxd_arena *a = mail->arena;
    struct queue_rcpt *rcpts = moxd_arena_calloc(a, n, sizeof(*rcpts));

    for (size_t i = 0; i < n; i++)
        rcpts[i] = ((const struct target *)targets[i])->rcpt;
    struct queue_new new = {
        .account = mail->conn->account,
        .from = moxd_arena_cstr(a, mail->from.text),
        .rcpts = rcpts,
        .n = n,
        .prefix = prefix,
        .draft = msg->draft,
        .requiretls = queue_requiretls_of(msg),
        .smtputf8 = mail->smtputf8,
        .body8bit = mail->body8bit,
        .envid = text_or_null(mail->envid, a),
        .ret = text_or_null(mail->ret, a),
        .hold_until = mail->holduntil,
        .origin = "smtp",
        .trace = mail->id,
        .extra = extra_of(msg),
        .nextra = msg->nextra,
    };
    return queue_add_fromid(m, &new, separator_of(queue_of(m), mail), err);
}
