#include "queue_explain.h"

#include <moxmail/address.h>
#include <stdlib.h>

enum { COPY = 64 * 1024 };

int queue_local_find(struct queue *q, const char *address, struct moxd_arena *a,
                     struct queue_local *out, struct moxd_err *err)
{
    struct accounts_target to = { 0 };
    struct moxd_err why = { 0 };
    struct moxd_address ad;

    if (moxd_address_parse(moxd_cstr(address), MOXD_ADDRESS_UTF8, a, &ad, err) < 0)
        return -1;
    if (q->accounts->resolve(q->accounts_self, ad.localpart, ad.domain.ascii, a, &to, &why) < 0) {
        if (why.kind == MOXD_ERR_INVALID)
            return 0;
        *err = why;
        return -1;
    }
    if (to.match == ACCOUNTS_ALIAS)
        return 0;
    if (to.refuse_code)
        return moxd_err_smtp_set(err, to.refuse_code / 100 == 4 ? MOXD_ERR_TEMP : MOXD_ERR_DENIED,
                                 to.refuse_code, to.refuse_code == 421 ? "4.2.1" : "5.1.1", "%s",
                                 to.refuse_text);
    *out = (struct queue_local){ .account = moxd_arena_strdup(a, to.account),
                                 .mailbox = moxd_arena_strdup(a, to.mailbox),
                                 .address = moxd_arena_strdup(a, address) };
    return 1;
}

int queue_local_copy(struct queue *q, struct store_body *body, struct store_draft *draft,
                     struct moxd_err *err)
{
    char *p = moxd_xmalloc(COPY);
    uint64_t off = 0;
    int rc = 0;
    long n;

    while (rc == 0 && (n = q->store->body_read(body, off, p, COPY, err)) != 0) {
        rc = n < 0 ? -1 : q->store->draft_write(draft, p, (size_t)n, err);
        off += n > 0 ? (uint64_t)n : 0;
    }
    free(p);
    return rc;
}

static struct moxd_str prefix(const char *from, const struct queue_local *to, struct moxd_arena *a)
{
    return moxd_cstr(
        moxd_arena_printf(a, "Return-Path: <%s>\r\nDelivered-To: %s\r\n", from, to->address));
}

int queue_local_add(struct queue *q, const char *from, const struct queue_local *to,
                    struct store_draft *draft, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct store_add add = {
        .mailbox_name = to->mailbox,
        .create = true,
        .received = { .ns = moxd_wall() },
        .prefix = prefix(from, to, a),
        .origin = "queue",
    };

    if (q->store->open(q->store_self, to->account, &add.acc, err) < 0)
        return -1;
    int rc = q->store->add(q->store_self, draft, &add, 1, NULL, err);
    q->store->close(add.acc);
    if (rc == 0)
        queue_explain_stored(q, to, add.uid);
    return rc;
}

/* --- what was held ----------------------------------------------------------------------------- */

/* A list takes the message when one of its members does (ALIAS-02); its author gets no copy (ALIAS-04). */
static int add_list(struct queue_job *job, const struct accounts_target *list,
                    struct store_draft *draft, struct moxd_err *err) MOXD_SUSPENDS;
static int add_list(struct queue_job *job, const struct accounts_target *list,
                    struct store_draft *draft, struct moxd_err *err)
{
    struct queue_local to;
    size_t taken = 0;

    for (const char *const *member = list->members; *member; member++) {
        if (queue_local_find(job->q, *member, job->arena, &to, err) <= 0)
            continue;
        to.trace = job->msg.trace;
        to.as = "held mail";
        bool author = job->msg.account && strcmp(job->msg.account, to.account) == 0;
        taken += author || queue_local_add(job->q, job->msg.from, &to, draft, err) == 0;
    }
    if (taken > 0)
        return 0;
    return err->kind != MOXD_ERR_NONE
               ? -1
               : moxd_err_smtp_set(err, MOXD_ERR_TEMP, 450, "4.2.1", "no member takes it now");
}

static int add_one(struct queue_job *job, const char *address, struct store_draft *draft,
                   struct moxd_err *err) MOXD_SUSPENDS;
static int add_one(struct queue_job *job, const char *address, struct store_draft *draft,
                   struct moxd_err *err)
{
    struct queue *q = job->q;
    struct accounts_target to = { 0 };
    struct queue_local local = { 0 };
    struct moxd_address ad;
    int found = queue_local_find(q, address, job->arena, &local, err);

    local.trace = job->msg.trace;
    local.as = "held mail";
    if (found != 0)
        return found < 0 ? -1 : queue_local_add(q, job->msg.from, &local, draft, err);
    if (moxd_address_parse(moxd_cstr(address), MOXD_ADDRESS_UTF8, job->arena, &ad, err) < 0 ||
        q->accounts->resolve(q->accounts_self, ad.localpart, ad.domain.ascii, job->arena, &to,
                             err) < 0)
        return -1;
    return add_list(job, &to, draft, err);
}

static struct smtpclient_reply taken(void)
{
    struct smtpclient_reply reply =
        queue_reply_ours(SMTPCLIENT_BODY, 250, "2.0.0", "it is in the mailbox");

    reply.permanent = false;
    return reply;
}

static struct smtpclient_reply refused(struct queue_job *job, const struct moxd_err *err)
{
    struct smtpclient_reply reply = queue_reply_err(job, SMTPCLIENT_RCPT, err);

    reply.permanent = reply.code / 100 == 5;
    return reply;
}

bool queue_local_deliver(struct queue_job *job)
{
    struct queue *q = job->q;
    struct moxd_err err = { 0 };

    if (q->conf->local ||
        !q->accounts->is_local_domain(q->accounts_self, moxd_cstr(job->items[0].domain)))
        return false;
    struct store_draft *draft = q->store->draft_new(q->store_self);
    int rc = queue_local_copy(q, job->body, draft, &err);
    for (size_t i = 0; i < job->n; i++) {
        struct queue_verdict *v = &job->verdicts[i];
        if (i > 0 && rc == 0)
            moxd_err_clear(&err);
        v->ok = rc == 0 && add_one(job, job->items[i].to, draft, &err) == 0;
        v->in_mailbox = v->ok;
        v->reply = v->ok ? taken() : refused(job, &err);
    }
    q->store->draft_free(draft);
    return true;
}
