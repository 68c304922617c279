/* Erasing what is left of expunged messages, when nobody reads them any more. */
#include "expunged.h"
#include "ops.h"
#include "parsed.h"
#include "thread.h"

/* --- what there is to erase -------------------------------------------------------------------- */

struct erasables {
    struct store_tx *tx;
    struct store_op_erasables *op;
    struct moxd_err *err;
};

static bool erase_files(struct moxd_str val, bool *files)
{
    struct store_erase r;

    if (store_erase_decode(val, &r) < 0)
        return false;
    *files = r.where == STORE_IN_FILE;
    return true;
}

static bool expunged_files(struct moxd_str val, bool *files)
{
    struct store_expunged v[STORE_EXPUNGED_MAX];
    int n = store_expunged_decode(val, v);

    *files = false;
    for (int i = 0; i < n; i++)
        *files |= v[i].body.where == STORE_IN_FILE;
    return n > 0;
}

static int erasable(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct erasables *e = arg;
    struct store_op_erasables *op = e->op;
    struct store_erasable what = { .table = (unsigned char)key.p[0] };

    if (key.n != 9 || !(what.table == STORE_T_ERASE ? erase_files : expunged_files)(val, &what.files))
        return store_corrupt(e->tx, "record of an expunged message", e->err);
    what.at = moxd_get_be64(key.p + 1);
    struct store_erasable *p = moxd_arena_push(op->arena, &op->v, &op->n, &op->cap, sizeof(*p));
    *p = what;
    return 0;
}

int store_op_erasables(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_op_erasables *op = arg;
    struct erasables e = { tx, op, err };
    struct store_key old = store_key_table(STORE_T_ERASE), all = store_key_table(STORE_T_EXPUNGED);

    op->v = NULL;
    op->n = op->cap = 0;
    if (store_scan(tx, &old, store_key_str(&old), erasable, &e, err) < 0)
        return -1;
    return store_scan(tx, &all, store_key_str(&all), erasable, &e, err) < 0 ? -1 : 0;
}

/* --- one record -------------------------------------------------------------------------------- */

/* Its messages into v, with room for STORE_EXPUNGED_MAX: how many, 0 when it is not there, -1. */
static int read_record(struct store_tx *tx, const struct store_erasable *what,
                       struct store_expunged *v, struct moxd_err *err)
{
    struct store_key key = store_key_u64(what->table, what->at);
    struct moxd_str val;
    int n = store_get(tx, &key, &val, err);

    if (n <= 0)
        return n;
    if (what->table == STORE_T_EXPUNGED)
        n = store_expunged_decode(val, v);
    else if (store_erase_decode(val, &v->body) < 0)
        n = -1;
    else
        v->id = what->at;
    return n > 0 ? n : store_corrupt(tx, "record of an expunged message", err);
}

int store_op_erase_files(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_op_erase *op = arg;
    struct store_expunged v[STORE_EXPUNGED_MAX];

    op->nids = 0;
    for (size_t i = 0; i < op->n; i++) {
        int n = op->v[i].files ? read_record(tx, &op->v[i], v, err) : 0;
        if (n < 0)
            return -1;
        for (int k = 0; k < n; k++)
            if (v[k].body.where == STORE_IN_FILE)
                op->ids[op->nids++] = v[k].id;
    }
    return 0;
}

/* Whether anybody else has the body: other messages share it, or it is of one that is not yet erased. 1, 0,
 * -1. */
static int others_have(struct store_tx *tx, const struct store_expunged *e, uint64_t body,
                       struct moxd_err *err)
{
    struct store_key all = store_key_u64(STORE_T_SHARED, body), at;
    struct store_key place = store_key_u64(STORE_T_ID, body);
    struct store_key mark = store_key_u64(STORE_T_ERASE, body);
    struct moxd_str val;
    int rc = store_first(tx, &all, store_key_str(&all), &at, &val, err);

    if (rc == 0 && body != e->id)
        rc = store_get(tx, &place, &val, err);
    if (rc == 0 && body != e->id)
        rc = store_get(tx, &mark, &val, err);
    return rc;
}

static int erase_data(struct store_tx *tx, const struct store_expunged *e, struct moxd_err *err)
{
    uint64_t body = e->body.body != 0 ? e->body.body : e->id;
    struct store_key data = store_key_u64(STORE_T_DATA, body);
    struct store_key shared = store_key_shared(body, e->id);

    if (body != e->id && store_del(tx, &shared, err) < 0)
        return -1;
    int rc = others_have(tx, e, body, err);
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    return store_del(tx, &data, err) < 0 ? -1 : 0;
}

/* What is by the id of a message. */
static int erase_body(struct store_tx *tx, const struct store_expunged *e, struct moxd_err *err)
{
    struct store_key notes = store_key_u64(STORE_T_NOTE, e->id);

    if ((e->body.where == STORE_IN_DB || e->body.prefix > 0) && erase_data(tx, e, err) < 0)
        return -1;
    return store_clear(tx, &notes, err);
}

/* The rest of one that had a place. */
static int erase_place(struct store_tx *tx, uint32_t mailbox, const struct store_expunged *e,
                       struct moxd_err *err)
{
    struct store_key id = store_key_u64(STORE_T_ID, e->id);

    if (store_thread_remove(tx, e->id, e->received, err) < 0 || store_del(tx, &id, err) < 0)
        return -1;
    return store_parsed_del(tx, (struct store_place){ mailbox, e->uid }, err);
}

static int erase_record(struct store_tx *tx, const struct store_erasable *what, struct moxd_err *err)
{
    struct store_key key = store_key_u64(what->table, what->at);
    struct store_expunged v[STORE_EXPUNGED_MAX];
    int n = read_record(tx, what, v, err);

    for (int i = 0; i < n; i++)
        if (erase_body(tx, &v[i], err) < 0 ||
            (what->table == STORE_T_EXPUNGED &&
             erase_place(tx, (uint32_t)(what->at >> 32), &v[i], err) < 0))
            return -1;
    return n < 0 || store_del(tx, &key, err) < 0 ? -1 : 0;
}

int store_op_erase(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_op_erase *op = arg;

    for (size_t i = 0; i < op->n; i++)
        if (erase_record(tx, &op->v[i], err) < 0)
            return -1;
    return 0;
}
