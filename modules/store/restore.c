#include "restore.h"

#include "bodyfile.h"
#include "quarantine.h"

#include <stdlib.h>

/* Records put into the new database with one transaction. */
enum { PORTION = 500 };
/* Mailboxes made in the seconds before have validities above the clock. */
enum { UIDVALIDITY_SLACK = 1000 };

struct record {
    struct store_key key;
    struct moxd_str val;     /* allocated */
};
struct loading {
    struct store_btree *bt;
    struct store_meta meta;  /* the old counters, when they could be read */
    struct store_restored *out;
    struct record v[PORTION];
    size_t n;
};

static int op_load(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct loading *l = arg;

    for (size_t i = 0; i < l->n; i++)
        if (store_put(tx, &l->v[i].key, l->v[i].val, err) < 0)
            return -1;
    return 0;
}

static int load_portion(struct loading *l, struct moxd_err *err)
{
    struct store_batch *batch;
    int rc = l->n == 0 ? 0 : store_tx_write(&l->bt, 1, op_load, l, &batch, err);

    for (size_t i = 0; i < l->n; i++)
        free((void *)(uintptr_t)l->v[i].val.p);
    l->out->records += l->n;
    l->n = 0;
    return rc;
}

/* Not what is derived from messages. */
static bool wanted(unsigned char table)
{
    return table <= STORE_T_DATA || table == STORE_T_EXPUNGED || table == STORE_T_SEEN;
}

/* Counters are made anew, from where the old ones were; what else has a known table is taken. */
static int load(void *arg, struct moxd_str key, struct moxd_str val, struct moxd_err *err)
{
    struct loading *l = arg;
    struct record *r = &l->v[l->n];
    struct store_meta meta;

    if (key.n == 0 || key.n > sizeof(r->key.p) || !wanted((unsigned char)key.p[0]))
        return 0;
    if ((unsigned char)key.p[0] == STORE_T_META) {
        if (store_meta_decode(val, &meta) == 0)
            l->meta = meta;
        return 0;
    }
    memcpy(r->key.p, key.p, key.n);
    r->key.n = key.n;
    r->val = moxd_str(moxd_str_dup(val), val.n);
    return ++l->n == PORTION ? load_portion(l, err) : 0;
}

static int fill(struct store_env *env, struct store_btree *bt, uint32_t uidvalidity,
                struct store_restored *out, struct moxd_err *err)
{
    struct loading *l = moxd_xcalloc(1, sizeof(*l));
    struct store_rebuild op = { .out = out };
    struct store_batch *batch = NULL;

    l->bt = bt;
    l->out = out;
    int rc = store_salvage(env, bt->id, &out->recovered, load, l, err);
    int last = load_portion(l, err);
    op.before = l->meta;
    if (op.before.next_uidvalidity < uidvalidity + UIDVALIDITY_SLACK ||
        op.before.next_uidvalidity > STORE_UIDVALIDITY_MAX)
        op.before.next_uidvalidity = uidvalidity + UIDVALIDITY_SLACK;
    free(l);
    if (rc < 0 || last < 0)
        return -1;
    rc = store_tx_write(&bt, 1, store_op_rebuild, &op, &batch, err);
    store_batch_free(batch); /* nobody can be watching */
    return rc < 0 ? -1 : store_env_flush(env, err);
}

int store_restore(struct store_env *env, uint64_t id, const char *name, uint32_t uidvalidity,
                  struct store_restored *out, struct moxd_err *err)
{
    struct store_btree *bt;

    *out = (struct store_restored){ 0 };
    if (store_env_flush(env, err) < 0 || store_quarantine_move(env->dir_fd, err) < 0 ||
        store_file_init(env, id, err) < 0 ||
        store_btree_open(env, id, name, true, &bt, err) < 0)
        return -1;
    int rc = fill(env, bt, uidvalidity, out, err);
    store_btree_close(bt);
    return rc;
}
