/* on_deliver: what is to be forwarded is in the queue before the message is acknowledged. */
#include "forward.h"

#include <moxmail/address.h>

static bool is_null(const struct smtp_mail *mail)
{
    return mail->from.localpart.n == 0 && mail->from.domain.n == 0;
}

static struct moxd_str domain_of(const char *address, struct moxd_arena *a)
{
    struct moxd_address ad;

    return moxd_address_parse(moxd_cstr(address), MOXD_ADDRESS_UTF8, a, &ad, NULL) == 0
               ? ad.domain.ascii
               : MOXD_STR("");
}

/* What we found out, in the name of the address that it came to: the next server cannot see that SPF passed here. What
 * cannot be sealed goes on without. */
static struct moxd_str seal(struct forward *f, const struct smtp_copy *ev) MOXD_SUSPENDS;
static struct moxd_str seal(struct forward *f, const struct smtp_copy *ev)
{
    const struct smtp_mail *mail = ev->message->mail;
    struct moxd_buf set = MOXD_BUF_INIT(ARC_SET_MAX);
    struct moxd_str text = MOXD_STR("");
    struct moxd_err err = { 0 };

    if (!f->arc || mail->conn->own) /* of our own mail there is nothing to tell */
        return text;
    int rc = f->arc->seal(f->arc_self, ev->message, domain_of(ev->address, mail->arena), ev->prefix,
                          &set, &err);
    if (rc > 0)
        text = moxd_arena_str(mail->arena, moxd_buf_str(&set));
    if (rc < 0)
        moxd_warn(mail->conn->log, "a forwarded message is not sealed",
                  moxd_kvs("address", ev->address), moxd_kve(&err));
    moxd_buf_fini(&set);
    return text;
}

/* The sender's own reverse-path would fail SPF, and would tell strangers of the address behind. Notifications about
 * the forwarded message go to who forwards it; those about a notification to nobody. */
static int forward(struct forward *f, const struct smtp_copy *ev, const struct forward_plan *p,
                   struct moxd_err *err) MOXD_SUSPENDS;
static int forward(struct forward *f, const struct smtp_copy *ev, const struct forward_plan *p,
                   struct moxd_err *err)
{
    const struct smtp_message *msg = ev->message;
    const struct smtp_mail *mail = msg->mail;
    struct moxd_str set = seal(f, ev);
    const char *prefix =
        moxd_arena_printf(mail->arena, "Delivered-To: %s\r\n%" MOXD_STRF "%" MOXD_STRF, ev->address,
                          MOXD_STRA(set), MOXD_STRA(ev->prefix));
    struct queue_new new = {
        .from = is_null(mail) ? "" : p->from,
        .rcpts = p->rcpts,
        .n = p->n,
        .prefix = moxd_cstr(prefix),
        .draft = msg->draft,
        .requiretls = queue_requiretls_of(msg),
        .smtputf8 = mail->smtputf8 || !moxd_str_is_ascii(moxd_cstr(p->from)),
        .body8bit = mail->body8bit,
        .no_dsn = is_null(mail),
        .origin = "forward",
        .cause = mail->id,
    };

    return f->queue->add(f->queue_self, &new, NULL, err);
}

/* A word for log and metrics; NULL: it was not possible now. */
static const char *go_on(struct forward *f, const struct smtp_copy *ev,
                         const struct forward_plan *p) MOXD_SUSPENDS;
static const char *go_on(struct forward *f, const struct smtp_copy *ev,
                         const struct forward_plan *p)
{
    const char *why = forward_may(f, ev, p->unauthenticated);
    struct moxd_err err = { 0 };

    if (why)
        return why;
    if (forward(f, ev, p, &err) == 0)
        return "forwarded";
    moxd_warn(ev->message->mail->conn->log, "cannot forward a message",
              moxd_kvs("account", ev->account), moxd_kvs("address", ev->address), moxd_kve(&err));
    if (err.kind == MOXD_ERR_LIMIT || err.kind == MOXD_ERR_DENIED || err.kind == MOXD_ERR_INVALID ||
        err.kind == MOXD_ERR_SYNTAX)
        return "refused"; /* for good: better here than nowhere */
    return NULL;
}

/* False: the client is to come again. */
static bool carry_out(struct forward *f, const struct smtp_copy *ev, const struct forward_plan *p,
                      bool *gone) MOXD_SUSPENDS;
static bool carry_out(struct forward *f, const struct smtp_copy *ev, const struct forward_plan *p,
                      bool *gone)
{
    if (p->n == 0)
        return true;
    const char *result = go_on(f, ev, p);
    if (!result)
        return false;
    bool went = strcmp(result, "forwarded") == 0;
    *gone |= went && !p->keep_copy;
    moxd_info(ev->message->mail->conn->log, went ? "forwarded" : "not forwarded",
              moxd_kvs("account", ev->account), moxd_kvs("address", ev->address),
              moxd_kvs("reason", went ? "" : result));
    moxd_metric_inc(f->forwarded, result, NULL);
    return true;
}

enum moxd_verdict forward_on_deliver(struct moxd_instance *m, const struct smtp_copy *ev,
                                     struct smtp_handing *handing)
{
    struct forward *f = MOXD_CONTAINER(m, struct forward, m);
    const struct forward_plan own = forward_plan_conf(f, ev), more = forward_plan_onward(ev);

    if (carry_out(f, ev, &own, &handing->gone) && carry_out(f, ev, &more, &handing->gone))
        return MOXD_NEXT;
    return moxd_reply_set(&handing->reply, 451, "4.3.0", "the message cannot be forwarded now");
}
