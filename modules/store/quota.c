/* How much mail an account may hold (ACCT-08): what domains.conf says of it, else what is said of all. */
#include "store_conf.h"

#include <inttypes.h>
#include <stdio.h>

struct store_quota store_quota(const struct store_account *acc)
{
    struct store_quota q = acc->s->opt.quota;

    if (acc->base != NULL)
        acc = acc->base;
    if (acc->own_quota.has_size)
        q.size = acc->own_quota.limit.size;
    if (acc->own_quota.has_messages)
        q.messages = acc->own_quota.limit.messages;
    return q;
}

void store_quota_load(struct store_account *acc)
{
    struct store *s = acc->s;

    acc->own_quota = (struct store_own_quota){ 0 };
    if (s->own_quota != NULL)
        s->own_quota(s, acc->name, &acc->own_quota);
}

void store_quota_reload(struct store *s)
{
    struct store_account *acc, *tmp;

    HASH_ITER (hh, s->accounts, acc, tmp)
        store_quota_load(acc);
}

static int op_usage(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_usage *out = arg;

    (void)err;
    out->used.size = tx->meta.size;
    out->used.messages = tx->meta.messages;
    return 0;
}

int store_usage(struct store_account *acc, struct store_usage *out, struct moxd_err *err)
{
    out->quota = store_quota(acc);
    return store_read(acc, op_usage, out, err);
}

struct may_add {
    struct store_quota quota;
    uint64_t size;
};

static int op_may_add(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    const struct may_add *op = arg;

    return store_quota_check(&tx->meta, op->quota, op->size, err);
}

int store_may_add(struct store_account *acc, uint64_t size, struct moxd_err *err)
{
    struct may_add op = { store_quota(acc), size };

    if (op.quota.size == 0 && op.quota.messages == 0)
        return 0;
    return store_read(acc, op_may_add, &op, err);
}

/* --- domains.conf ------------------------------------------------------------------------------ */

void store_quota_of_conf(const struct store_account_conf *conf, struct store_own_quota *out)
{
    if (conf == NULL || conf->head.node == NULL)
        return;
    out->has_size = moxd_node_value(conf->head.node, "quota") != NULL;
    out->has_messages = moxd_node_value(conf->head.node, "quota-messages") != NULL;
    out->limit.size = (uint64_t)conf->quota;
    out->limit.messages = (uint64_t)conf->quota_messages;
}

struct edit {
    const char *account;
    const struct store_quota *quota;
};

static void set_number(struct moxd_node *block, const char *name, uint64_t n)
{
    char value[32];

    snprintf(value, sizeof(value), "%" PRIu64, n);
    moxd_node_set(block, name, value);
}

static int edit_quota(struct moxd_node *root, void *arg, struct moxd_err *err)
{
    const struct edit *e = arg;
    struct moxd_node *account = moxd_node_find(root, "account", e->account), *block;

    if (account == NULL)
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "no such account");
    block = moxd_node_find(account, "store", NULL);
    if (block == NULL)
        block = moxd_node_add_block(account, "store", NULL);
    set_number(block, "quota", e->quota->size);
    set_number(block, "quota-messages", e->quota->messages);
    return 0;
}

int store_set_quota(const char *account, const struct store_quota *quota, struct moxd_err *err)
{
    struct edit e = { account, quota };

    if (quota->size > STORE_QUOTA_MAX || quota->messages > STORE_QUOTA_MESSAGES_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "quota too large");
    return moxd_conf_edit(edit_quota, &e, err);
}
