/* Copies of a message for accounts: where each goes, and who refuses it. */
#include "smtp_local.h"

int smtp_suspicion_err(const struct smtp_suspicion *sus, struct moxd_err *err)
{
    return moxd_err_smtp_set(err, MOXD_ERR_DENIED, sus->reply.code, sus->reply.enhanced, "%s",
                             sus->reply.text);
}

/* ---- who gets a copy */

static void add_copy(struct smtp_plan *plan, const struct smtp_message *msg,
                     const struct smtp_member *to)
{
    struct smtp_planned *c =
        moxd_arena_push(msg->mail->arena, &plan->v, &plan->n, &plan->cap, sizeof(*c));

    *c = (struct smtp_planned){ .to = *to };
}

static int add_list(struct smtp *smtp, struct smtp_plan *plan, const struct smtp_message *msg,
                    const char *list, struct moxd_err *err)
{
    struct smtp_member *members = NULL;
    size_t n = 0;

    if (smtp_alias_expand(smtp, msg, list, &members, &n, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        add_copy(plan, msg, &members[i]);
    const char **slot = moxd_arena_push(msg->mail->arena, &plan->lists, &plan->nlists,
                                        &plan->lists_cap, sizeof(*slot));
    *slot = list;
    return 0;
}

static bool named_before(void *const *targets, size_t i)
{
    const struct smtp_target *t = targets[i];

    for (size_t k = 0; k < i; k++) {
        const struct smtp_target *other = targets[k];
        if (other->list && strcmp(other->list, t->list) == 0)
            return true;
    }
    return false;
}

static int nobody(struct moxd_err *err)
{
    return moxd_err_smtp_set(err, MOXD_ERR_DENIED, 550, "5.2.4",
                             "nobody but the author is on the list");
}

/* ALIAS-03: who is named, and on a list as well, gets the copy that is for them. */
static int collect(struct smtp *smtp, struct smtp_plan *plan, const struct smtp_message *msg,
                   void *const *targets, size_t n, struct moxd_err *err)
{
    for (size_t i = 0; i < n; i++) {
        const struct smtp_target *t = targets[i];
        if (!t->list)
            add_copy(plan, msg, &t->member);
    }
    for (size_t i = 0; i < n; i++) {
        const struct smtp_target *t = targets[i];
        if (t->list && !named_before(targets, i) && add_list(smtp, plan, msg, t->list, err) < 0)
            return -1;
    }
    /* of members on other servers the hooks know, when it is delivered */
    if (plan->n > 0 || !moxd_point_empty(smtp->on_deliver))
        return 0;
    return nobody(err);
}

/* ---- where it goes */

static struct smtp_copy copy_of(const struct smtp_message *msg, const struct smtp_planned *c)
{
    return (struct smtp_copy){ .message = msg,
                               .account = c->to.account,
                               .address = c->to.address,
                               .list = c->to.list,
                               .mailbox = c->destined,
                               .suspicion = smtp_txn_of(msg)->suspicion };
}

/* What is configured for the address of the copy; results in the arena. */
static const struct moxd_conf_head *conf_of(const struct smtp *smtp, const struct smtp_planned *c,
                                            struct moxd_arena *a)
{
    struct accounts_target target = { 0 };

    return smtp_alias_resolve(smtp, c->to.address, a, &target, NULL) == 0 ? target.conf : NULL;
}

/* False when the hook broke. */
static bool ask(struct smtp *smtp, struct moxd_point *point, const struct smtp_message *msg,
                struct smtp_planned *c)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct smtp_copy ev = copy_of(msg, c);

    c->at = (struct smtp_placing){ 0 };
    if (moxd_point_empty(point))
        return true;
    ev.conf = conf_of(smtp, c, a);
    enum moxd_verdict v = moxd_fire(point, &ev, &c->at);
    if (v == MOXD_NEXT)
        c->at = (struct smtp_placing){ 0 };
    return v == MOXD_NEXT || v == MOXD_ANSWER;
}

static int broken(struct moxd_err *err)
{
    return moxd_err_smtp_set(err, MOXD_ERR_TEMP, 451, "4.3.0",
                             "it cannot be said now where the message goes");
}

/* RULES-04: that it is wanted in spite of all is told to the admin. */
static void log_wanted(const struct smtp_message *msg, const struct smtp_planned *c)
{
    const struct smtp_suspicion *sus = smtp_txn_of(msg)->suspicion;

    moxd_info(msg->mail->conn->log, "accepted in spite of a suspicion",
              moxd_kvs("suspected", sus->reason), moxd_kvs("detail", sus->reply.detail),
              moxd_kvs("account", c->to.account), moxd_kvs("mailbox", c->at.mailbox),
              moxd_kvs("reason", c->at.reason ? c->at.reason : ""));
}

static int place(struct smtp *smtp, struct smtp_plan *plan, const struct smtp_message *msg,
                 struct smtp_planned *c, struct moxd_err *err)
{
    const struct smtp_txn *t = smtp_txn_of(msg);

    c->destined = t->mailbox ? t->mailbox : c->to.mailbox;
    if (!ask(smtp, smtp->on_mailbox, msg, c))
        return broken(err);
    if (!c->at.mailbox)
        c->at.mailbox = c->destined;
    c->destined = c->at.mailbox;
    c->refused = t->suspicion && !c->at.accept;
    plan->nrefused += c->refused;
    if (t->suspicion && !c->refused)
        log_wanted(msg, c);
    return 0;
}

/* Where a refused copy is kept, if it is. */
static void refuse(struct smtp *smtp, const struct smtp_message *msg, struct smtp_planned *c)
{
    c->refused = true;
    if (!ask(smtp, smtp->on_reject, msg, c))
        c->at = (struct smtp_placing){ 0 };
    c->at.reject = true;
}

/* Whether everybody who was named and refuses keeps such mail. Members of a list need not. */
static bool have_a_place(const struct smtp_plan *plan)
{
    for (size_t i = 0; i < plan->n; i++)
        if (plan->v[i].refused && !plan->v[i].at.mailbox && !plan->v[i].to.list)
            return false;
    return true;
}

/* ---- judging */

/* All refuse. What they keep is a courtesy: that it fails changes nothing for the sender. */
static int refuse_all(struct smtp *smtp, struct smtp_plan *plan, const struct smtp_message *msg,
                      struct moxd_str prefix, struct moxd_err *err)
{
    struct moxd_err why = { 0 };

    for (size_t i = 0; i < plan->n; i++)
        if (!plan->v[i].refused)
            refuse(smtp, msg, &plan->v[i]);
    if (!msg->mail->conn->simulated && smtp_plan_store(smtp, plan, msg, prefix, &why) < 0)
        moxd_warn(msg->mail->conn->log, "a refused message cannot be kept", moxd_kve(&why));
    return smtp_suspicion_err(smtp_txn_of(msg)->suspicion, err);
}

/* Nothing is stored when it is simulated, so that nobody else finds an account full. */
static int try_all(struct smtp *smtp, const struct smtp_plan *plan, const struct smtp_message *msg,
                   struct moxd_err *err) MOXD_SUSPENDS;
static int try_all(struct smtp *smtp, const struct smtp_plan *plan, const struct smtp_message *msg,
                   struct moxd_err *err)
{
    for (size_t i = 0; msg->mail->conn->simulated && i < plan->n; i++)
        if (!plan->v[i].refused && smtp_local_try(smtp, plan->v[i].to.account, msg->size, err) < 0)
            return -1;
    return 0;
}

/* Whoever said that the message is wanted whatever it is has said enough. */
static int accept_all(struct smtp *smtp, const struct smtp_plan *plan,
                      const struct smtp_message *msg, struct moxd_err *err) MOXD_SUSPENDS;
static int accept_all(struct smtp *smtp, const struct smtp_plan *plan,
                      const struct smtp_message *msg, struct moxd_err *err)
{
    struct smtp_accepting *accepting = &smtp_txn_of(msg)->accepting;
    bool waits = !moxd_point_empty(smtp->on_accept) && !msg->mail->conn->origin; /* a client */

    if (try_all(smtp, plan, msg, err) < 0)
        return -1;
    for (size_t i = 0; i < plan->n && waits; i++) {
        struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
        struct smtp_copy ev = copy_of(msg, &plan->v[i]);

        if (plan->v[i].refused || plan->v[i].at.accept)
            continue;
        ev.conf = conf_of(smtp, &plan->v[i], a);
        if (moxd_fire(smtp->on_accept, &ev, accepting) != MOXD_NEXT)
            return moxd_err_smtp_set(err, MOXD_ERR_TEMP, accepting->reply.code,
                                     accepting->reply.enhanced, "%s", accepting->reply.text);
    }
    return 0;
}

int smtp_copies_judge(struct moxd_instance *m, const struct smtp_message *msg,
                      struct moxd_str prefix, void *const *targets, size_t n, struct moxd_err *err)
{
    struct smtp *smtp = (struct smtp *)m;
    struct smtp_txn *t = smtp_txn_of(msg);
    struct smtp_plan *plan = moxd_arena_alloc(t->arena, sizeof(*plan));

    t->plan = plan;
    if (collect(smtp, plan, msg, targets, n, err) < 0)
        return -1;
    for (size_t i = 0; i < plan->n; i++)
        if (place(smtp, plan, msg, &plan->v[i], err) < 0)
            return -1;
    if (plan->nrefused == 0)
        return accept_all(smtp, plan, msg, err);
    for (size_t i = 0; i < plan->n; i++)
        if (plan->v[i].refused)
            refuse(smtp, msg, &plan->v[i]);
    if (plan->nrefused < plan->n && have_a_place(plan))
        return accept_all(smtp, plan, msg, err);
    return refuse_all(smtp, plan, msg, prefix, err);
}

/* ---- delivering */

/* 1 when it was taken elsewhere. */
static int hand_on(struct smtp *smtp, const struct smtp_message *msg, struct moxd_str prefix,
                   struct smtp_planned *c, struct moxd_err *err) MOXD_SUSPENDS;
static int hand_on(struct smtp *smtp, const struct smtp_message *msg, struct moxd_str prefix,
                   struct smtp_planned *c, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct smtp_copy ev = copy_of(msg, c);
    struct smtp_handing handing = { .gone = false };

    if (c->refused || moxd_point_empty(smtp->on_deliver))
        return 0;
    ev.prefix = prefix;
    ev.onward = c->at.onward;
    ev.conf = conf_of(smtp, c, a);
    if (moxd_fire(smtp->on_deliver, &ev, &handing) != MOXD_NEXT)
        return moxd_err_smtp_set(err, MOXD_ERR_TEMP, handing.reply.code, handing.reply.enhanced,
                                 "%s", handing.reply.text);
    if (handing.gone)
        c->at.mailbox = NULL;
    return handing.gone;
}

/* Members on other servers have no mailbox here: that is for the hooks. Nothing is passed on to them of which it is
 * not sure who sent it. */
static int hand_list_on(struct smtp *smtp, const struct smtp_message *msg, struct moxd_str prefix,
                        const char *list, struct moxd_err *err) MOXD_SUSPENDS;
static int hand_list_on(struct smtp *smtp, const struct smtp_message *msg, struct moxd_str prefix,
                        const char *list, struct moxd_err *err)
{
    const char *text = smtp_alias_written(msg, list);
    struct smtp_planned c = { .to = { .address = text, .list = text } };

    return smtp_txn_of(msg)->suspicion ? 0 : hand_on(smtp, msg, prefix, &c, err);
}

int smtp_copies_deliver(struct moxd_instance *m, const struct smtp_message *msg,
                        struct moxd_str prefix, void *const *targets, size_t n,
                        struct moxd_err *err)
{
    struct smtp *smtp = (struct smtp *)m;
    struct smtp_plan *plan = smtp_txn_of(msg)->plan;
    bool taken = false;

    (void)targets, (void)n;
    for (size_t i = 0; i < plan->n; i++)
        if (hand_on(smtp, msg, prefix, &plan->v[i], err) < 0)
            return -1;
    for (size_t i = 0; i < plan->nlists; i++) {
        int rc = hand_list_on(smtp, msg, prefix, plan->lists[i], err);
        if (rc < 0)
            return -1;
        taken |= rc > 0;
    }
    if (plan->n == 0 && !taken)
        return nobody(err);
    return smtp_plan_store(smtp, plan, msg, prefix, err);
}

void smtp_plan_tell(const struct smtp_plan *plan, smtp_step_fn *fn, void *arg)
{
    for (size_t i = 0; plan && i < plan->n; i++) {
        const struct smtp_planned *c = &plan->v[i];
        const struct moxd_step_value v[] = {
            moxd_sv("account", c->to.account),
            moxd_sv("does", c->refused ? "refuses it" : "accepts it"),
            moxd_sv("mailbox", c->at.mailbox),
            moxd_sv("reason", c->at.reason),
            moxd_sv("list", c->to.list),
        };
        fn(arg, "copy", v, MOXD_NELEMS(v));
    }
}
