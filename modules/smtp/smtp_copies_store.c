/* The copies of a message become durable: one atomic addition. */
#include "smtp_local.h"
#include "smtp_trace.h"

struct delivery {
    struct smtp *smtp;
    const struct smtp_message *msg;
    struct moxd_str prefix;
    struct store_add *adds;
    size_t n, cap;
    struct store_account **accounts; /* open, each once */
    size_t naccounts, accounts_cap;
};

static int open_account(struct delivery *d, const char *name, struct store_account **out,
                        struct moxd_err *err)
{
    const struct store_v1 *store = d->smtp->store;

    for (size_t i = 0; i < d->naccounts; i++)
        if (strcmp(store->account_name(d->accounts[i]), name) == 0) {
            *out = d->accounts[i];
            return 0;
        }
    if (store->open(d->smtp->store_self, name, out, err) < 0)
        return -1;
    struct store_account **slot = moxd_arena_push(d->msg->mail->arena, &d->accounts, &d->naccounts,
                                                  &d->accounts_cap, sizeof(*slot));
    *slot = *out;
    return 0;
}

/* Somebody with two addresses gets one copy in each mailbox that they lead to. */
static bool already(const struct delivery *d, const struct store_account *acc, const char *mailbox)
{
    for (size_t i = 0; i < d->n; i++)
        if (d->adds[i].acc == acc && strcmp(d->adds[i].mailbox_name, mailbox) == 0)
            return true;
    return false;
}

/* SMTPIN-12: why it would have been, or was, refused; and why it is where it is. */
static const char *reason_for(const struct delivery *d, const struct smtp_planned *c)
{
    const struct smtp_suspicion *sus = smtp_txn_of(d->msg)->suspicion;
    struct moxd_arena *a = d->msg->mail->arena;
    const char *why = c->at.reason ? c->at.reason : c->refused ? "refused" : "accepted";

    if (sus)
        return moxd_arena_printf(a, "X-Mox-Reason: %s;\r\n\t%s: %d %s %s\r\n", why, sus->reason,
                                 sus->reply.code, sus->reply.enhanced, sus->reply.text);
    return c->at.reason ? moxd_arena_printf(a, "X-Mox-Reason: %s\r\n", why) : "";
}

/* P-SMTP-10: Return-Path (RFC 5321 4.4) and Delivered-To (RFC 9228 4: the last address on top). */
static struct moxd_str prefix_for(const struct delivery *d, const struct smtp_planned *c)
{
    const struct smtp_mail *mail = d->msg->mail;
    const struct smtp_member *to = &c->to;
    char *text = moxd_arena_printf(
        mail->arena, "Return-Path: <%" MOXD_STRF ">\r\nDelivered-To: %s\r\n%s%s%s%s%" MOXD_STRF,
        MOXD_STRA(mail->from.text), to->address, to->list ? "Delivered-To: " : "",
        to->list ? to->list : "", to->list ? "\r\n" : "", reason_for(d, c), MOXD_STRA(d->prefix));
    return moxd_cstr(text);
}

static int add(struct delivery *d, const struct smtp_planned *c, struct moxd_err *err)
{
    struct store_account *acc;
    int64_t now = moxd_wall();

    if (!c->at.mailbox)
        return 0;
    if (open_account(d, c->to.account, &acc, err) < 0)
        return -1;
    if (already(d, acc, c->at.mailbox))
        return 0;
    struct store_add *one =
        moxd_arena_push(d->msg->mail->arena, &d->adds, &d->n, &d->cap, sizeof(*one));
    *one = (struct store_add){
        .acc = acc,
        .mailbox_name = c->at.mailbox,
        .create = true,
        .received = { .ns = now, .zone = (int16_t)smtp_local_zone(now) },
        .prefix = prefix_for(d, c),
        .origin = d->msg->mail->conn->origin ? "queue" : "smtp",
        .origin_data = d->msg,
        .reject = c->at.reject,
        .destined = c->at.reject ? c->destined : NULL,
    };
    return 0;
}

int smtp_plan_store(struct smtp *smtp, const struct smtp_plan *plan, const struct smtp_message *msg,
                    struct moxd_str prefix, struct moxd_err *err)
{
    struct delivery d = { .smtp = smtp, .msg = msg, .prefix = prefix };
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < plan->n; i++)
        rc = add(&d, &plan->v[i], err);
    if (rc == 0 && d.n > 0)
        rc = smtp->store->add(smtp->store_self, msg->draft, d.adds, d.n, NULL, err);
    if (rc == 0)
        smtp_tell_stored(smtp_txn_of(msg), d.adds, d.n);
    for (size_t i = 0; i < d.naccounts; i++)
        smtp->store->close(d.accounts[i]);
    return rc;
}
