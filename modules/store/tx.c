#include "tx.h"

#include <stdlib.h>

/* A transaction meets a deadlock only with the environment's own work: a few attempts are many. */
enum { ATTEMPTS_MAX = 100 };

struct store_batch *store_batch_new(void)
{
    struct store_batch *batch = moxd_xcalloc(1, sizeof(*batch));
    batch->refs = 1;
    batch->arena = moxd_arena_new(0);
    return batch;
}

void store_batch_free(struct store_batch *batch)
{
    if (batch == NULL)
        return;
    moxd_arena_free(batch->arena);
    free(batch);
}

static struct store_batch *batch_of(struct store_tx *tx)
{
    if (tx->batch == NULL)
        tx->batch = store_batch_new();
    return tx->batch;
}

struct store_change *store_tx_change(struct store_tx *tx, enum store_change_kind kind)
{
    struct store_batch *b = batch_of(tx);
    struct store_change *c = moxd_arena_push(b->arena, &b->v, &b->n, &b->cap, sizeof(*c));
    c->kind = kind;
    return c;
}

void store_tx_seen(struct store_tx *tx, uint32_t mailbox, uint32_t uid, uint64_t id, unsigned flags)
{
    struct store_batch *b = batch_of(tx);
    struct store_seen_change *s =
        moxd_arena_push(b->arena, &b->seen, &b->nseen, &b->seen_cap, sizeof(*s));

    *s = (struct store_seen_change){
        .viewer = tx->viewer,
        .c = { .kind = STORE_CHANGE_FLAGS,
               .mailbox = mailbox,
               .uid = uid,
               .id = id,
               .modseq = store_tx_modseq(tx),
               .flags = flags },
    };
}

void store_tx_erase(struct store_tx *tx, struct store_erasable what)
{
    struct store_batch *b = batch_of(tx);
    struct store_erasable *p = moxd_arena_push(b->arena, &b->erase, &b->nerase, &b->erase_cap, sizeof(*p));
    *p = what;
}

uint64_t store_tx_modseq(struct store_tx *tx)
{
    moxd_assert(tx->txn != NULL);
    if (tx->modseq == 0)
        tx->modseq = ++tx->meta.modseq;
    return tx->modseq;
}

int store_corrupt(struct store_tx *tx, const char *what, struct moxd_err *err)
{
    moxd_err_set(err, MOXD_ERR_CORRUPT, "stored data is damaged");
    return moxd_err_wrap(err, "account %s, %s: %s", tx->bt->name, tx->bt->file, what);
}

static void tx_init(struct store_tx *tx, struct store_btree *bt, DB_TXN *txn)
{
    *tx = (struct store_tx){ .bt = bt, .txn = txn, .meta = bt->meta };
    tx->val.flags = DB_DBT_REALLOC;
    tx->arena = moxd_arena_new(0);
}

static void tx_fini(struct store_tx *tx)
{
    atomic_fetch_add(&tx->bt->env->stats.records_read, tx->nread);
    atomic_fetch_add(&tx->bt->env->stats.records_written, tx->nwritten);
    free(tx->val.data);
    moxd_arena_free(tx->arena);
    store_batch_free(tx->batch);
}

/* Writes the counters, when they changed. */
static int put_meta(struct store_tx *tx, struct moxd_err *err)
{
    unsigned char buf[STORE_RECORD_MAX];
    struct store_key key = store_key_table(STORE_T_META);
    uint64_t next, low;

    store_ids_state(&tx->bt->ids, &next, &low);
    if (tx->bt->id != 0) {
        tx->meta.next_id = next;
        tx->meta.low_id = low;
    } else if (low > tx->meta.modseq) {
        tx->meta.modseq = low;
    }
    if (memcmp(&tx->meta, &tx->bt->meta, sizeof(tx->meta)) == 0)
        return 0;
    return store_put(tx, &key, store_meta_encode(&tx->meta, buf), err);
}

/* Runs fn on transactions that have begun, and writes the counters. */
static int run(struct store_tx *txs, size_t n, store_fn *fn, void *arg, struct moxd_err *err)
{
    int rc = fn(txs, arg, err);
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = put_meta(&txs[i], err);
    return rc;
}

static int end(struct store_env *env, DB_TXN *txn, int rc, struct moxd_err *err)
{
    if (rc == 0) {
        rc = txn->commit(txn, DB_TXN_NOSYNC);
        if (rc != 0)
            return store_env_err(env, rc, "commit", err);
        atomic_fetch_add(&env->stats.commits, 1);
        return 0;
    }
    int aborted = txn->abort(txn);
    if (aborted != 0)
        store_env_die(env, "abort");
    atomic_fetch_add(&env->stats.aborts, 1);
    return -1;
}

/* One attempt. *again: it met a deadlock. */
static int attempt(struct store_btree *const *bts, struct store_tx *txs, size_t n, store_fn *fn,
                   void *arg, struct store_batch **batches, bool *again, struct moxd_err *err)
{
    struct store_env *env = bts[0]->env;
    DB_TXN *txn;
    int rc = env->db->txn_begin(env->db, NULL, &txn, 0);

    *again = false;
    if (rc != 0)
        return store_env_err(env, rc, "begin", err);
    for (size_t i = 0; i < n; i++)
        tx_init(&txs[i], bts[i], txn);
    rc = end(env, txn, run(txs, n, fn, arg, err), err);
    for (size_t i = 0; i < n; i++) {
        *again |= txs[i].deadlock;
        if (rc == 0) {
            bts[i]->meta = txs[i].meta;
            batches[i] = txs[i].batch;
            txs[i].batch = NULL;
        }
        tx_fini(&txs[i]);
    }
    return rc;
}

int store_tx_write(struct store_btree *const *bts, size_t n, store_fn *fn, void *arg,
                   struct store_batch **batches, struct moxd_err *err)
{
    struct store_tx *txs = moxd_xcalloc(n, sizeof(*txs));
    bool again = true;
    int rc = -1;

    for (size_t i = 0; i < n; i++)
        batches[i] = NULL;
    for (int tries = 0; again && tries < ATTEMPTS_MAX; tries++) {
        rc = attempt(bts, txs, n, fn, arg, batches, &again, err);
        if (rc == 0)
            break;
        if (again)
            atomic_fetch_add(&bts[0]->env->stats.retries, 1);
    }
    free(txs);
    return rc;
}

int store_tx_read(struct store_btree *bt, store_fn *fn, void *arg, struct moxd_err *err)
{
    struct store_tx tx;

    tx_init(&tx, bt, NULL);
    int rc = fn(&tx, arg, err);
    moxd_assert(tx.batch == NULL);
    tx_fini(&tx);
    atomic_fetch_add(&bt->env->stats.views, 1);
    return rc;
}

static int op_read_meta(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_meta *m = arg;
    struct store_key key = store_key_table(STORE_T_META);
    struct moxd_str val;
    int rc = store_get(tx, &key, &val, err);

    if (rc <= 0)
        return rc;
    return store_meta_decode(val, m) == 0 ? 0 : store_corrupt(tx, "counters", err);
}

int store_btree_load(struct store_btree *bt, struct moxd_err *err)
{
    return store_tx_read(bt, op_read_meta, &bt->meta, err);
}
