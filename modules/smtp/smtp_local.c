/* Local delivery: the provider of on_route for the addresses of our accounts. */
#include "smtp_local.h"

/* An answer all the same: the recipient is ours to refuse. */
static enum moxd_verdict refuse(struct smtp_route *route, int code, const char *enhanced,
                                const char *text)
{
    (void)moxd_reply_set(&route->refuse, code, enhanced, "%s", text);
    return MOXD_ANSWER;
}

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

int smtp_local_refused(const struct accounts_target *to, struct moxd_err *err)
{
    return moxd_err_smtp_set(err, to->refuse_code / 100 == 4 ? MOXD_ERR_TEMP : MOXD_ERR_DENIED,
                             to->refuse_code, to->refuse_code == 421 ? "4.2.1" : "5.1.1", "%s",
                             to->refuse_text);
}

static enum moxd_verdict take(struct moxd_instance *m, const struct smtp_rcpt *ev,
                              struct smtp_target target, struct smtp_route *route)
{
    struct smtp_target *kept = moxd_arena_alloc(ev->mail->arena, sizeof(*kept));

    *kept = target;
    *route = (struct smtp_route){ .by = "local",
                                  .judge = smtp_copies_judge,
                                  .deliver = smtp_copies_deliver,
                                  .m = m,
                                  .account = target.member.account,
                                  .target = kept };
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
    if (ev->mail->holduntil != 0)
        return MOXD_NEXT; /* for who holds it (smtp_offer) */
    if (list)
        return take(m, ev, (struct smtp_target){ .list = moxd_arena_strdup(a, to->alias) }, route);
    const char *address = ev->to.domain.n > 0 ? ev->to.text.p : moxd_arena_strdup(a, to->address);
    struct smtp_member member = { moxd_arena_strdup(a, to->account),
                                  moxd_arena_strdup(a, to->mailbox), address, NULL };
    return take(m, ev, (struct smtp_target){ .member = member }, route);
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
