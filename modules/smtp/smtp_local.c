/* Local delivery: the provider of on_route for the addresses of our accounts. */
#include "smtp_alias.h"
#include "smtp_trace.h"

struct target {                /* in the transaction's arena, as what it points to */
    const char *list;          /* canonical; or NULL, and: */
    struct smtp_member member; /* .address as the client wrote it */
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

int smtp_local_try(const struct smtp *smtp, const char *account, uint64_t size,
                   struct moxd_err *err)
{
    struct store_account *acc;
    int rc;

    if (smtp->store->open(smtp->store_self, account, &acc, err) < 0)
        return -1;
    rc = smtp->store->may_add(acc, size, err);
    smtp->store->close(acc);
    return rc;
}

static enum moxd_verdict take(struct moxd_instance *m, const struct smtp_rcpt *ev,
                              struct target target, struct smtp_route *route)
{
    struct target *kept = moxd_arena_alloc(ev->mail->arena, sizeof(*kept));

    *kept = target;
    *route = (struct smtp_route){ .by = "local", .deliver = deliver, .m = m, .target = kept };
    return MOXD_ANSWER;
}

static enum moxd_verdict found(struct moxd_instance *m, const struct smtp_rcpt *ev,
                               const struct accounts_target *to, struct smtp_route *route)
{
    struct smtp *smtp = (struct smtp *)m;
    struct moxd_arena *a = ev->mail->arena;
    struct moxd_err err = { 0 };
    bool list = to->match == ACCOUNTS_ALIAS;

    if (to->refuse_code)
        return refuse(route, to->refuse_code, to->refuse_code == 421 ? "4.2.1" : "5.1.1",
                      to->refuse_text);
    /* RFC 1870 6.1: the announced size is what can be judged already. */
    int rc = list ? smtp_alias_admit(smtp, ev, to, &err)
                  : smtp_local_try(smtp, to->account, ev->mail->size, &err);
    if (rc < 0)
        return refuse(route, moxd_err_smtp_code(&err), moxd_err_enhanced(&err), err.pub);
    if (list)
        return take(m, ev, (struct target){ .list = moxd_arena_strdup(a, to->alias) }, route);
    const char *address = ev->to.domain.n > 0 ? ev->to.text.p : moxd_arena_strdup(a, to->address);
    struct smtp_member member = { moxd_arena_strdup(a, to->account),
                                  moxd_arena_strdup(a, to->mailbox), address, NULL };
    return take(m, ev, (struct target){ .member = member }, route);
}

enum moxd_verdict smtp_local_on_route(struct moxd_instance *m, const struct smtp_rcpt *ev,
                                      struct smtp_route *route)
{
    struct smtp *smtp = (struct smtp *)m;
    /* Of a list with many members, named again and again, nothing but its name stays. */
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct accounts_target to = { 0 };
    struct moxd_err err = { 0 };

    if (smtp->accounts->resolve(smtp->accounts_self, ev->to.localpart, ev->to.domain, a, &to,
                                &err) == 0)
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

/* P-SMTP-10: Return-Path (RFC 5321 4.4) and Delivered-To (RFC 9228 4: the last address on top). */
static struct moxd_str prefix_for(const struct delivery *d, const struct smtp_member *to)
{
    const struct smtp_mail *mail = d->msg->mail;
    char *text = moxd_arena_printf(
        mail->arena, "Return-Path: <%" MOXD_STRF ">\r\nDelivered-To: %s\r\n%s%s%s%" MOXD_STRF,
        MOXD_STRA(mail->from.text), to->address, to->list ? "Delivered-To: " : "",
        to->list ? to->list : "", to->list ? "\r\n" : "", MOXD_STRA(d->prefix));
    return moxd_cstr(text);
}

static int add_copy(struct delivery *d, const struct smtp_member *to, struct moxd_err *err)
{
    const char *mailbox = smtp_txn_of(d->msg)->mailbox;
    struct store_account *acc;
    int64_t now = moxd_wall();

    if (!mailbox)
        mailbox = to->mailbox;
    if (open_account(d, to->account, &acc, err) < 0)
        return -1;
    if (already(d, acc, mailbox))
        return 0;
    struct store_add *add =
        moxd_arena_push(d->msg->mail->arena, &d->adds, &d->n, &d->cap, sizeof(*add));
    *add = (struct store_add){
        .acc = acc,
        .mailbox_name = mailbox,
        .create = true,
        .received = { .ns = now, .zone = (int16_t)smtp_local_zone(now) },
        .prefix = prefix_for(d, to),
        .origin = "smtp",
        .origin_data = d->msg,
    };
    return 0;
}

static int add_list(struct delivery *d, const char *list, struct moxd_err *err)
{
    struct smtp_member *members = NULL;
    size_t n = 0;
    int rc = smtp_alias_expand(d->smtp, d->msg, list, &members, &n, err);

    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = add_copy(d, &members[i], err);
    return rc;
}

static bool named_before(void *const *targets, size_t i)
{
    const struct target *t = targets[i];

    for (size_t k = 0; k < i; k++) {
        const struct target *other = targets[k];
        if (other->list && strcmp(other->list, t->list) == 0)
            return true;
    }
    return false;
}

/* ALIAS-03: who is named, and on a list as well, gets the copy that is for them. */
static int collect(struct delivery *d, void *const *targets, size_t n, struct moxd_err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < n; i++) {
        const struct target *t = targets[i];
        if (!t->list)
            rc = add_copy(d, &t->member, err);
    }
    for (size_t i = 0; rc == 0 && i < n; i++) {
        const struct target *t = targets[i];
        if (t->list && !named_before(targets, i))
            rc = add_list(d, t->list, err);
    }
    if (rc < 0 || d->n > 0)
        return rc;
    return moxd_err_smtp_set(err, MOXD_ERR_DENIED, 550, "5.2.4",
                             "nobody but the author is on the list");
}

static int deliver(struct moxd_instance *m, const struct smtp_message *msg, struct moxd_str prefix,
                   void *const *targets, size_t n, struct moxd_err *err)
{
    struct smtp *smtp = (struct smtp *)m;
    struct delivery d = { .smtp = smtp, .msg = msg, .prefix = prefix };
    int rc = collect(&d, targets, n, err);

    if (rc == 0)
        rc = smtp->store->add(smtp->store_self, msg->draft, d.adds, d.n, NULL, err);
    for (size_t i = 0; i < d.naccounts; i++)
        smtp->store->close(d.accounts[i]);
    return rc;
}
