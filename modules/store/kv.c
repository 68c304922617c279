/* Reads, writes and scans of records inside a transaction. */
#include "tx.h"

#include <stdlib.h>

/* A scan fetches so many bytes at a time: about 200 records of messages on 4 pages' worth of calls. */
enum { BULK_SIZE = 64 * 1024, FEW_SIZE = 8 * 1024 };

static int failed(struct store_tx *tx, int rc, const char *what, struct moxd_err *err)
{
    if (rc == DB_LOCK_DEADLOCK || rc == DB_LOCK_NOTGRANTED)
        tx->deadlock = true;
    return store_env_file_err(tx->bt->env, tx->bt->file, rc, what, err);
}

static DBT dbt(struct moxd_str s)
{
    return (DBT){ .data = (void *)(uintptr_t)s.p, .size = (uint32_t)s.n };
}

int store_get(struct store_tx *tx, const struct store_key *key, struct moxd_str *out,
              struct moxd_err *err)
{
    DBT k = dbt(store_key_str(key));
    tx->nread++;
    int rc = tx->bt->db->get(tx->bt->db, tx->txn, &k, &tx->val, 0);
    if (rc == DB_NOTFOUND)
        return 0;
    if (rc != 0)
        return failed(tx, rc, "read", err);
    *out = moxd_str(tx->val.data, tx->val.size);
    return 1;
}

int store_put(struct store_tx *tx, const struct store_key *key, struct moxd_str val,
              struct moxd_err *err)
{
    moxd_assert(tx->txn != NULL);
    DBT k = dbt(store_key_str(key)), v = dbt(val);
    tx->nwritten++;
    int rc = tx->bt->db->put(tx->bt->db, tx->txn, &k, &v, 0);
    return rc == 0 ? 0 : failed(tx, rc, "write", err);
}

int store_del(struct store_tx *tx, const struct store_key *key, struct moxd_err *err)
{
    moxd_assert(tx->txn != NULL);
    DBT k = dbt(store_key_str(key));
    tx->nwritten++;
    int rc = tx->bt->db->del(tx->bt->db, tx->txn, &k, 0);
    if (rc == DB_NOTFOUND)
        return 0;
    return rc == 0 ? 1 : failed(tx, rc, "delete", err);
}

/* --- scan -------------------------------------------------------------------------------------- */

struct scan {
    struct store_tx *tx;
    DBC *cursor;
    DBT key, bulk;
    struct moxd_str prefix;
    store_each *fn;
    void *arg;
};

/* The next bulk of records, growing the buffer for one that is larger. 1, 0 at the end, -1. */
static int fetch(struct scan *s, uint32_t how, struct moxd_err *err)
{
    int rc;

    while ((rc = s->cursor->get(s->cursor, &s->key, &s->bulk, how | DB_MULTIPLE_KEY)) ==
           DB_BUFFER_SMALL) {
        uint32_t want = (s->bulk.size + 4096) / 1024 * 1024;
        s->bulk.ulen = want > 2 * s->bulk.ulen ? want : 2 * s->bulk.ulen;
        s->bulk.data = moxd_xrealloc(s->bulk.data, s->bulk.ulen);
    }
    if (rc == DB_NOTFOUND)
        return 0;
    return rc == 0 ? 1 : failed(s->tx, rc, "scan", err);
}

/* Hands out what was fetched. *end: the last key of the range was passed. */
static int each(struct scan *s, bool *end)
{
    void *at;
    DB_MULTIPLE_INIT(at, &s->bulk);
    for (;;) {
        void *k, *v;
        uint32_t kn, vn;
        DB_MULTIPLE_KEY_NEXT(at, &s->bulk, k, kn, v, vn);
        if (at == NULL)
            return 0;
        struct moxd_str key = moxd_str(k, kn);
        s->tx->nread++;
        if (!moxd_str_starts(key, s->prefix)) {
            *end = true;
            return 0;
        }
        int rc = s->fn(s->arg, key, moxd_str(v, vn));
        if (rc != 0)
            return rc;
    }
}

static int scan_run(struct scan *s, struct moxd_err *err)
{
    uint32_t how = DB_SET_RANGE;
    bool end = false;

    while (!end) {
        int rc = fetch(s, how, err);
        if (rc <= 0)
            return rc;
        rc = each(s, &end);
        if (rc != 0)
            return rc;
        how = DB_NEXT;
    }
    return 0;
}

static int scan_by(struct store_tx *tx, const struct store_key *from, struct moxd_str prefix,
                   uint32_t bulk, store_each *fn, void *arg, struct moxd_err *err)
{
    unsigned char start[STORE_KEY_MAX];
    struct scan s = { .tx = tx, .prefix = prefix, .fn = fn, .arg = arg };
    struct store_btree *bt = tx->bt;

    /* Lets go of a page's lock when it moves on: the account's lock keeps writers out. */
    int rc = bt->db->cursor(bt->db, tx->txn, &s.cursor, tx->txn ? DB_READ_COMMITTED : 0);
    if (rc != 0)
        return failed(tx, rc, "scan", err);
    memcpy(start, from->p, from->n);
    s.key = (DBT){ .data = start, .size = (uint32_t)from->n, .ulen = sizeof(start),
                   .flags = DB_DBT_USERMEM };
    s.bulk = (DBT){ .data = moxd_xmalloc(bulk), .ulen = bulk, .flags = DB_DBT_USERMEM };
    int result = scan_run(&s, err);
    rc = s.cursor->close(s.cursor);
    free(s.bulk.data);
    if (rc != 0 && result >= 0)
        return failed(tx, rc, "scan", err);
    return result;
}

int store_scan(struct store_tx *tx, const struct store_key *from, struct moxd_str prefix,
               store_each *fn, void *arg, struct moxd_err *err)
{
    return scan_by(tx, from, prefix, BULK_SIZE, fn, arg, err);
}

int store_scan_few(struct store_tx *tx, const struct store_key *from, struct moxd_str prefix,
                   store_each *fn, void *arg, struct moxd_err *err)
{
    return scan_by(tx, from, prefix, FEW_SIZE, fn, arg, err);
}

int store_first(struct store_tx *tx, const struct store_key *from, struct moxd_str prefix,
                struct store_key *at, struct moxd_str *out, struct moxd_err *err)
{
    struct store_btree *bt = tx->bt;
    DBC *cursor;
    int rc = bt->db->cursor(bt->db, tx->txn, &cursor, tx->txn ? DB_READ_COMMITTED : 0);

    if (rc != 0)
        return failed(tx, rc, "look up", err);
    tx->nread++;
    *at = *from;
    DBT key = { .data = at->p, .size = (uint32_t)at->n, .ulen = sizeof(at->p),
                .flags = DB_DBT_USERMEM };
    rc = cursor->get(cursor, &key, &tx->val, DB_SET_RANGE);
    int closed = cursor->close(cursor);
    if (closed != 0 && (rc == 0 || rc == DB_NOTFOUND))
        rc = closed;
    if (rc == DB_NOTFOUND)
        return 0;
    if (rc != 0)
        return failed(tx, rc, "look up", err);
    at->n = key.size;
    *out = moxd_str(tx->val.data, tx->val.size);
    return moxd_str_starts(store_key_str(at), prefix);
}

/* --- clear ------------------------------------------------------------------------------------- */

/* Keys are gathered in portions, since a scan must not meet writes. */
enum { CLEAR_PORTION = 500 };

struct clear {
    struct store_key *keys;
    size_t n;
};

static int gather(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct clear *c = arg;
    struct store_key *k = &c->keys[c->n++];

    (void)val;
    moxd_assert(key.n <= sizeof(k->p));
    memcpy(k->p, key.p, key.n);
    k->n = key.n;
    return c->n == CLEAR_PORTION;
}

int store_clear(struct store_tx *tx, const struct store_key *prefix, struct moxd_err *err)
{
    struct store_key first;
    struct moxd_str val;
    int rc = store_first(tx, prefix, store_key_str(prefix), &first, &val, err);

    if (rc <= 0) /* mostly there is nothing */
        return rc;
    struct clear c = { .keys = moxd_xmalloc(CLEAR_PORTION * sizeof(struct store_key)) };
    do {
        c.n = 0;
        rc = store_scan(tx, prefix, store_key_str(prefix), gather, &c, err);
        for (size_t i = 0; i < c.n && rc >= 0; i++)
            if (store_del(tx, &c.keys[i], err) < 0)
                rc = -1;
    } while (rc > 0);
    free(c.keys);
    return rc;
}
