/* Quotas (RFC 9208). Each account has one quota root, named like it, with the resources STORAGE, in units of 1024
 * octets, and MESSAGE. */
#include "place.h"

enum { UNIT = 1024 }; /* RFC 9208 5.1 */

static bool is_admin(struct imap_session *s)
{
    const struct imap_account_conf *conf = imap_account_conf(s, s->a);

    return conf && conf->quota_admin;
}

static bool is_limited(const struct store_usage *u)
{
    return u->quota.size > 0 || u->quota.messages > 0;
}

/* RFC 9208 4.2.1: without a limit the list is empty. */
static int send_quota(struct imap_session *s, struct moxd_str root, const struct store_usage *u)
{
    moxd_buf_adds(&s->out, "* QUOTA ");
    moxd_imap_put_astring(&s->out, root, imap_utf8(s));
    moxd_buf_adds(&s->out, " (");
    if (u->quota.size > 0)
        moxd_buf_addf(&s->out, "STORAGE %llu %llu",
                      (unsigned long long)(u->used.size + UNIT - 1) / UNIT,
                      (unsigned long long)u->quota.size / UNIT);
    if (u->quota.messages > 0)
        moxd_buf_addf(&s->out, "%sMESSAGE %llu %llu", u->quota.size > 0 ? " " : "",
                      (unsigned long long)u->used.messages, (unsigned long long)u->quota.messages);
    moxd_buf_addc(&s->out, ')');
    return imap_send_out(s);
}

/* The account whose root it is, open: 0; 1 answered with NO. "" is one's own. Others are the business of those
 * who may set quotas. */
static int open_root(struct imap_session *s, struct store_account **acc)
{
    struct moxd_err err = { 0 };
    struct accounts_account account;
    const char *name = moxd_arena_cstr(s->a, s->cmd.arg);

    if (name[0] == '\0' || strcmp(name, s->who.account) == 0) {
        *acc = s->im->store->ref(s->acc);
        return 0;
    }
    if (!is_admin(s))
        return imap_no(s, "NOPERM", "only the quota of your own account can be told") < 0 ? -1 : 1;
    if (s->im->accounts->get(s->im->accounts_self, name, s->a, &account, &err) == 0 &&
        s->im->store->open(s->im->store_self, name, acc, &err) == 0)
        return 0;
    return imap_fail(s, &err) < 0 ? -1 : 1;
}

/* Tells the quota of the root that the command names. */
static int tell_root(struct imap_session *s, struct store_account *acc, const char *text)
{
    struct moxd_err err = { 0 };
    struct store_usage u;

    if (s->im->store->usage(acc, &u, &err) < 0)
        return imap_fail(s, &err);
    return send_quota(s, s->cmd.arg, &u) < 0 ? -1 : imap_ok(s, NULL, "%s", text);
}

int imap_cmd_getquota(struct imap_session *s)
{
    struct store_account *acc;
    int r = open_root(s, &acc);

    if (r != 0)
        return r < 0 ? -1 : 0;
    r = tell_root(s, acc, "quota told");
    s->im->store->close(acc);
    return r;
}

/* RFC 9208 4.1.2: the mailbox need not exist. No root is named when there is no limit. One of another account has that
 * account's (RFC 9208 6: who may read it). */
int imap_cmd_getquotaroot(struct imap_session *s)
{
    struct moxd_str root;
    struct moxd_err err = { 0 };
    struct imap_place p;
    struct store_usage u;

    if (imap_place_in(s, s->cmd.mailbox, &p, &err) < 0 ||
        (p.owner && imap_place_look(s, 0, MOXD_IMAP_RIGHT_R, &p, &err) < 0) ||
        s->im->store->usage(p.acc, &u, &err) < 0)
        return imap_fail(s, &err);
    root = moxd_cstr(p.owner ? p.owner : s->who.account);
    moxd_buf_adds(&s->out, "* QUOTAROOT ");
    imap_name_out(s, &s->out, p.owner ? p.mb.name : moxd_arena_cstr(s->a, p.name));
    if (is_limited(&u)) {
        moxd_buf_addc(&s->out, ' ');
        moxd_imap_put_astring(&s->out, root, imap_utf8(s));
    }
    if (imap_send_out(s) < 0 || (is_limited(&u) && send_quota(s, root, &u) < 0))
        return -1;
    return imap_ok(s, NULL, "quota roots told");
}

/* What is not named is not limited any more. 0 would let nothing in, and means "unlimited" to the store. */
static int wanted(const struct moxd_imap_cmd *cmd, struct store_quota *out, struct moxd_err *err)
{
    *out = (struct store_quota){ 0 };
    for (size_t i = 0; i < cmd->nquotas; i++) {
        const struct moxd_imap_quota *q = &cmd->quotas[i];

        if (q->limit == 0 || q->limit > INT64_MAX / UNIT)
            return moxd_err_set(err, MOXD_ERR_LIMIT, "this limit cannot be set");
        if (moxd_str_caseeqs(q->resource, "STORAGE"))
            out->size = q->limit * UNIT;
        else if (moxd_str_caseeqs(q->resource, "MESSAGE"))
            out->messages = q->limit;
        else
            return moxd_err_set(err, MOXD_ERR_INVALID, "only STORAGE and MESSAGE can be limited");
    }
    return 0;
}

int imap_cmd_setquota(struct imap_session *s)
{
    struct moxd_err err = { 0 };
    struct store_account *acc;
    struct store_quota quota;
    int r;

    if (!is_admin(s))
        return imap_no(s, "NOPERM", "quotas are set by the administrator");
    if (wanted(&s->cmd, &quota, &err) < 0)
        return imap_fail(s, &err);
    if ((r = open_root(s, &acc)) != 0)
        return r < 0 ? -1 : 0;
    if (s->im->store->set_quota(s->im->store_self, s->im->store->account_name(acc), &quota, &err) <
        0)
        r = imap_fail(s, &err);
    else
        r = tell_root(s, acc, "quota set");
    s->im->store->close(acc);
    return r;
}

int imap_quota_room(struct imap_session *s, struct store_account *acc, uint64_t *room,
                    struct moxd_err *err)
{
    struct store_usage u;

    if (s->im->store->usage(acc, &u, err) < 0)
        return -1;
    *room = UINT64_MAX;
    if (u.quota.size > 0)
        *room = u.quota.size > u.used.size ? u.quota.size - u.used.size : 0;
    if (u.quota.messages > 0 && u.used.messages >= u.quota.messages)
        *room = 0;
    return 0;
}

/* RFC 9208 4.1.4: what EXPUNGE would free. */
int imap_deleted_storage(struct imap_session *s, struct store_account *acc,
                         const struct store_mailbox *mb, uint64_t *bytes, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = NULL;
    struct store_msg *v;
    size_t n;

    *bytes = 0;
    if (mb->deleted == 0)
        return 0;
    a = moxd_arena_new(0);
    if (s->im->store->messages(acc, mb->id, NULL, a, &v, &n, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        *bytes += v[i].flags & STORE_DELETED ? v[i].size : 0;
    return 0;
}
