/* server.db: which account has which id. Ids are never reused, so that nothing of a removed account
 * can come back with a new one of the same name. */
#include "store.h"

/* --- names ------------------------------------------------------------------------------------- */

static int find(struct store_tx *tx, struct moxd_str name, uint64_t *id, struct moxd_err *err)
{
    struct store_key key = store_key_name(STORE_T_ACCOUNT, name);
    struct moxd_str val;
    int rc = store_get(tx, &key, &val, err);

    if (rc <= 0)
        return rc;
    struct store_dec d = store_dec(val);
    *id = store_dec_u64(&d);
    return store_dec_done(&d) && *id > 0 ? 1 : store_corrupt(tx, "account record", err);
}

static int put(struct store_tx *tx, struct moxd_str name, uint64_t id, struct moxd_err *err)
{
    struct store_key by_name = store_key_name(STORE_T_ACCOUNT, name);
    struct store_key by_id = store_key_u64(STORE_T_ACCOUNT_ID, id);
    unsigned char buf[STORE_RECORD_MAX], val[8];
    struct store_account_rec r = { STORE_LIVE, name };

    moxd_put_be64(val, id);
    if (store_put(tx, &by_name, moxd_str((char *)val, sizeof(val)), err) < 0)
        return -1;
    return store_put(tx, &by_id, store_account_rec_encode(&r, buf), err);
}

struct lookup {
    struct moxd_str name;
    uint64_t id;
    uint32_t uidvalidity;
};

/* Later than what any removed account gave out, also when the clock went back. */
static uint32_t first_uidvalidity(const struct store_tx *tx)
{
    uint32_t now = (uint32_t)(moxd_wall() / MOXD_SEC);
    return now > tx->meta.next_uidvalidity ? now : tx->meta.next_uidvalidity;
}

static int op_find(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct lookup *l = arg;
    int rc = find(tx, l->name, &l->id, err);

    l->uidvalidity = first_uidvalidity(tx);
    return rc != 0 ? (rc < 0 ? -1 : 0) : moxd_err_set(err, MOXD_ERR_NOTFOUND, "no such account");
}

static int op_find_or_make(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct lookup *l = arg;
    int rc = find(tx, l->name, &l->id, err);

    l->uidvalidity = first_uidvalidity(tx);
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    l->id = tx->meta.next_id++;
    return put(tx, l->name, l->id, err);
}

int store_server_id(struct store *s, const char *name, bool create, uint64_t *id,
                    uint32_t *uidvalidity, struct moxd_err *err)
{
    struct lookup l = { .name = moxd_cstr(name) };
    struct moxd_err local = { 0 };
    int rc = store_read(s->server, op_find, &l, &local);

    if (rc < 0 && (local.kind != MOXD_ERR_NOTFOUND || !create)) {
        if (err != NULL)
            *err = local;
        return -1;
    }
    if (rc < 0 && store_write(s->server, op_find_or_make, &l, err) < 0)
        return -1;
    *id = l.id;
    *uidvalidity = l.uidvalidity;
    return 0;
}

/* --- removal ----------------------------------------------------------------------------------- */

struct removal {
    uint64_t id;
    uint32_t next_uidvalidity;
};

static int op_removing(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    const struct removal *r = arg;
    struct store_key by_id = store_key_u64(STORE_T_ACCOUNT_ID, r->id);
    unsigned char buf[STORE_RECORD_MAX];
    struct store_account_rec rec;
    struct moxd_str val;
    int rc = store_get(tx, &by_id, &val, err);

    if (rc < 0)
        return -1;
    if (rc == 0 || store_account_rec_decode(val, &rec) < 0)
        return store_corrupt(tx, "account record", err);
    struct store_key by_name = store_key_name(STORE_T_ACCOUNT, rec.name);
    rec.state = STORE_REMOVING;
    if (r->next_uidvalidity > tx->meta.next_uidvalidity)
        tx->meta.next_uidvalidity = r->next_uidvalidity;
    if (store_put(tx, &by_id, store_account_rec_encode(&rec, buf), err) < 0)
        return -1;
    return store_del(tx, &by_name, err) < 0 ? -1 : 0;
}

int store_server_removing(struct store *s, uint64_t id, uint32_t next_uidvalidity,
                          struct moxd_err *err)
{
    struct removal r = { id, next_uidvalidity };
    return store_write(s->server, op_removing, &r, err);
}

static int op_removed(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_key by_id = store_key_u64(STORE_T_ACCOUNT_ID, *(const uint64_t *)arg);
    return store_del(tx, &by_id, err) < 0 ? -1 : 0;
}

int store_server_removed(struct store *s, uint64_t id, struct moxd_err *err)
{
    return store_write(s->server, op_removed, &id, err);
}

struct listing {
    struct store_tx *tx;
    struct store_accounts *out;
    enum store_account_state state;
    struct moxd_err *err;
};

static int list_one(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct listing *l = arg;
    struct store_accounts *out = l->out;
    struct store_account_rec r;

    if (key.n != 9 || store_account_rec_decode(val, &r) < 0)
        return store_corrupt(l->tx, "account record", l->err);
    if (r.state != l->state)
        return 0;
    struct store_account_name *n =
        moxd_arena_push(out->arena, &out->v, &out->n, &out->cap, sizeof(*n));
    n->id = moxd_get_be64(key.p + 1);
    n->name = moxd_arena_cstr(out->arena, r.name);
    return 0;
}

static int list(struct store_tx *tx, struct store_accounts *out, enum store_account_state state,
                struct moxd_err *err)
{
    struct listing l = { tx, out, state, err };
    struct store_key all = store_key_table(STORE_T_ACCOUNT_ID);

    out->v = NULL;
    out->n = out->cap = 0;
    return store_scan(tx, &all, store_key_str(&all), list_one, &l, err) < 0 ? -1 : 0;
}

static int op_list(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    return list(tx, arg, STORE_LIVE, err);
}

static int op_list_removing(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    return list(tx, arg, STORE_REMOVING, err);
}

int store_server_list(struct store *s, bool removing, struct store_accounts *out,
                      struct moxd_err *err)
{
    return store_read(s->server, removing ? op_list_removing : op_list, out, err);
}

/* --- opening ----------------------------------------------------------------------------------- */

static int op_set_format(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    (void)arg, (void)err;
    tx->meta.format = STORE_FORMAT;
    return 0;
}

/* *arg: it is new. */
static int op_check_format(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    *(bool *)arg = tx->meta.format == 0;
    if (tx->meta.format == 0 || tx->meta.format == STORE_FORMAT)
        return 0;
    return moxd_err_set(err, MOXD_ERR_STATE,
                        "%s was written by a newer version (format %u, this one knows %u)",
                        tx->bt->env->dir, tx->meta.format, STORE_FORMAT);
}

static int open_job(void *arg, struct moxd_err *err)
{
    struct store *s = arg;
    struct store_btree *bt;

    if (store_btree_open(s->env, 0, "", true, &bt, err) < 0)
        return -1;
    s->server->bt = bt;
    return store_btree_load(bt, err);
}

int store_server_open(struct store *s, struct moxd_err *err)
{
    bool is_new;

    s->server = moxd_xcalloc(1, sizeof(*s->server));
    s->server->s = s;
    s->server->refs = 1;
    s->server->name = moxd_xstrdup("");
    if (store_offload(MOXD_LANE_STORE, open_job, s, err) < 0 ||
        store_read(s->server, op_check_format, &is_new, err) < 0)
        return -1;
    /* A start has nothing else to write, and so waits for no disk. */
    return is_new ? store_write(s->server, op_set_format, NULL, err) : 0;
}
