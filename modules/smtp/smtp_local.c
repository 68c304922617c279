/* Local delivery: the provider of on_route for the addresses of our accounts. */
#include "smtp.h"

#include "smtp_trace.h"

struct target { /* in the transaction's arena, as what it points to */
    const char *account, *mailbox;
    struct moxd_str address; /* as the client wrote it */
};

/* An answer all the same: the recipient is ours to refuse. */
static enum moxd_verdict refuse(struct smtp_route *route, int code, const char *enhanced,
                                const char *text)
{
    (void)moxd_reply_set(&route->refuse, code, enhanced, "%s", text);
    return MOXD_ANSWER;
}

static int deliver(struct moxd_instance *m, const struct smtp_message *msg, struct moxd_str prefix,
                   void *const *targets, size_t n, struct moxd_err *err) MOXD_SUSPENDS;

/* An account whose data is damaged, or that is full, must not hold up the others of the same message.
 * size: as announced (RFC 1870 6.1), 0 when it was not. */
static int try_account(const struct smtp *smtp, const char *name, uint64_t size,
                       struct moxd_err *err)
{
    struct store_account *acc;
    int rc;

    if (smtp->store->open(smtp->store_self, name, &acc, err) < 0)
        return -1;
    rc = smtp->store->may_add(acc, size, err);
    smtp->store->close(acc);
    return rc;
}

static enum moxd_verdict found(struct moxd_instance *m, const struct smtp_rcpt *ev,
                               const struct accounts_target *to, struct smtp_route *route)
{
    if (to->match == ACCOUNTS_ALIAS)
        return refuse(route, 550, "5.2.4", "delivery to lists of addresses is not available here");
    if (to->refuse_code)
        return refuse(route, to->refuse_code, to->refuse_code == 421 ? "4.2.1" : "5.1.1",
                      to->refuse_text);
    struct moxd_err err = { 0 };
    if (try_account((const struct smtp *)m, to->account, ev->mail->size, &err) < 0)
        return refuse(route, moxd_err_smtp_code(&err), moxd_err_enhanced(&err), err.pub);
    struct target *target = moxd_arena_alloc(ev->mail->arena, sizeof(*target));
    *target = (struct target){ .account = to->account, .mailbox = to->mailbox };
    target->address = ev->to.domain.n > 0 ? ev->to.text : moxd_cstr(to->address);
    *route = (struct smtp_route){ .by = "local", .deliver = deliver, .m = m, .target = target };
    return MOXD_ANSWER;
}

enum moxd_verdict smtp_local_on_route(struct moxd_instance *m, const struct smtp_rcpt *ev,
                                      struct smtp_route *route)
{
    struct smtp *smtp = (struct smtp *)m;
    struct accounts_target to = { 0 };
    struct moxd_err err = { 0 };

    if (smtp->accounts->resolve(smtp->accounts_self, ev->to.localpart, ev->to.domain,
                                ev->mail->arena, &to, &err) == 0)
        return found(m, ev, &to, route);
    if (err.kind == MOXD_ERR_INVALID)
        return MOXD_NEXT; /* not our domain */
    return refuse(route, moxd_err_smtp_code(&err), moxd_err_enhanced(&err), err.pub);
}

/* What is being collected for one call of the store. */
struct delivery {
    struct smtp *smtp;
    const struct smtp_message *msg;
    struct moxd_str prefix;
    struct store_add *adds;
    size_t n;
    struct store_account **accounts; /* open, each once */
    size_t naccounts;
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
    d->accounts[d->naccounts++] = *out;
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

/* P-SMTP-10: Return-Path (RFC 5321 4.4) and Delivered-To (RFC 9228) on top. */
static struct moxd_str prefix_for(const struct delivery *d, struct moxd_str address)
{
    const struct smtp_mail *mail = d->msg->mail;
    char *text =
        moxd_arena_printf(mail->arena,
                          "Return-Path: <%" MOXD_STRF ">\r\nDelivered-To: %" MOXD_STRF "\r\n"
                          "%" MOXD_STRF,
                          MOXD_STRA(mail->from.text), MOXD_STRA(address), MOXD_STRA(d->prefix));
    return moxd_cstr(text);
}

static int add_target(struct delivery *d, const struct target *t, struct moxd_err *err)
{
    const char *mailbox = smtp_txn_of(d->msg)->mailbox;
    struct store_account *acc;
    int64_t now = moxd_wall();

    if (!mailbox)
        mailbox = t->mailbox;
    if (open_account(d, t->account, &acc, err) < 0)
        return -1;
    if (already(d, acc, mailbox))
        return 0;
    d->adds[d->n++] = (struct store_add){
        .acc = acc,
        .mailbox_name = mailbox,
        .create = true,
        .received = { .ns = now, .zone = (int16_t)smtp_local_zone(now) },
        .prefix = prefix_for(d, t->address),
        .origin = "smtp",
        .origin_data = d->msg,
    };
    return 0;
}

static int deliver(struct moxd_instance *m, const struct smtp_message *msg, struct moxd_str prefix,
                   void *const *targets, size_t n, struct moxd_err *err)
{
    struct smtp *smtp = (struct smtp *)m;
    struct moxd_arena *a = msg->mail->arena;
    struct delivery d = { .smtp = smtp, .msg = msg, .prefix = prefix };
    int rc = 0;

    d.adds = moxd_arena_calloc(a, n, sizeof(*d.adds));
    d.accounts = moxd_arena_calloc(a, n, sizeof(*d.accounts));
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = add_target(&d, targets[i], err);
    if (rc == 0)
        rc = smtp->store->add(smtp->store_self, msg->draft, d.adds, d.n, NULL, err);
    for (size_t i = 0; i < d.naccounts; i++)
        smtp->store->close(d.accounts[i]);
    return rc;
}
