#include "table.h"

#include <moxd/buf.h>

/* Checks what the module gives, and makes the key. */
static int make_key(const char *table, struct moxd_str key, struct store_key *out,
                    struct moxd_err *err)
{
    struct moxd_str name = moxd_cstr(table);

    if (name.n == 0 || name.n > STORE_TABLE_NAME_MAX)
        return moxd_err_set(err, MOXD_ERR_INVALID, "bad table name");
    if (key.n > STORE_TABLE_KEY_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "key longer than %d bytes", STORE_TABLE_KEY_MAX);
    *out = store_key_module(name, key);
    return 0;
}

static int need_write(const struct store_tx *tx, struct moxd_err *err)
{
    return tx->txn != NULL ? 0 : moxd_err_set(err, MOXD_ERR_STATE, "this view is read-only");
}

int store_table_get(struct store_tx *tx, const char *table, struct moxd_str key,
                    struct moxd_buf *out, struct moxd_err *err)
{
    struct store_key k;
    struct moxd_str val;

    if (make_key(table, key, &k, err) < 0)
        return -1;
    int rc = store_get(tx, &k, &val, err);
    if (rc <= 0)
        return rc < 0 ? -1 : moxd_err_set(err, MOXD_ERR_NOTFOUND, "no such record");
    moxd_buf_addstr(out, val);
    return out->overflow ? moxd_err_set(err, MOXD_ERR_LIMIT, "record too large") : 0;
}

int store_table_put(struct store_tx *tx, const char *table, struct moxd_str key,
                    struct moxd_str value, struct moxd_err *err)
{
    struct store_key k;

    if (need_write(tx, err) < 0 || make_key(table, key, &k, err) < 0)
        return -1;
    if (value.n > STORE_VALUE_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "record larger than %d bytes", STORE_VALUE_MAX);
    return store_put(tx, &k, value, err);
}

int store_table_del(struct store_tx *tx, const char *table, struct moxd_str key,
                    struct moxd_err *err)
{
    struct store_key k;

    if (need_write(tx, err) < 0 || make_key(table, key, &k, err) < 0)
        return -1;
    return store_del(tx, &k, err) < 0 ? -1 : 0;
}

struct each {
    size_t skip;
    int (*fn)(void *arg, struct moxd_str key, struct moxd_str value);
    void *arg;
};

static int each(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct each *e = arg;
    return e->fn(e->arg, moxd_str_from(key, e->skip), val);
}

int store_table_from(struct store_tx *tx, const char *table, struct moxd_str prefix,
                     struct moxd_str from,
                     int (*fn)(void *arg, struct moxd_str key, struct moxd_str value), void *arg,
                     struct moxd_err *err)
{
    struct store_key k, first;
    struct each e = { .skip = 1 + strlen(table) + 1, .fn = fn, .arg = arg };

    if (make_key(table, prefix, &k, err) < 0 || make_key(table, from, &first, err) < 0)
        return -1;
    return store_scan(tx, &first, store_key_str(&k), each, &e, err);
}

int store_table_each(struct store_tx *tx, const char *table, struct moxd_str prefix,
                     int (*fn)(void *arg, struct moxd_str key, struct moxd_str value), void *arg,
                     struct moxd_err *err)
{
    return store_table_from(tx, table, prefix, prefix, fn, arg, err);
}
