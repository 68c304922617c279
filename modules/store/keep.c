/* Bodies that belong to the server instead of an account: what waits to be sent. They are in server.db with the
 * records that refer to them, or in files of "account 0", and know nothing of mailboxes. */
#include "store.h"

#include <stdlib.h>

/* A file that is there unexpectedly costs an id, not the message. */
enum { ID_ATTEMPTS = 16 };

struct keeping {
    struct store *s;
    struct store_source src;
    struct moxd_str prefix;
    struct store_erase place;
    uint64_t id;
    bool have_id, have_file;
    store_kept_fn *fn;
    void *arg;
};

static void take_id(struct keeping *k)
{
    k->id = store_ids_take(&k->s->server->bt->ids, 1);
    k->have_id = true;
}

static void drop_id(struct keeping *k)
{
    if (k->have_id)
        store_ids_done(&k->s->server->bt->ids, k->id);
    k->have_id = false;
}

/* --- keeping ----------------------------------------------------------------------------------- */

static int file_job(void *arg, struct moxd_err *err)
{
    struct keeping *k = arg;
    struct moxd_err local = { 0 };
    int rc = store_file_create(k->s->env, 0, k->id, &k->src, &local);

    for (int i = 0; rc < 0 && local.kind == MOXD_ERR_EXISTS && i < ID_ATTEMPTS; i++) {
        drop_id(k);
        take_id(k);
        rc = store_file_create(k->s->env, 0, k->id, &k->src, &local);
    }
    if (rc < 0 && err != NULL)
        *err = local;
    k->have_file = rc == 0;
    return rc < 0 ? -1 : store_file_sync(k->s->env, 0, k->id, k->id, err);
}

static int remove_job(void *arg, struct moxd_err *err)
{
    struct keeping *k = arg;

    return store_file_remove(k->s->env, 0, k->id, err);
}

static int put_data(struct store_tx *tx, const struct keeping *k, struct moxd_err *err)
{
    struct store_key key = store_key_u64(STORE_T_DATA, k->id);

    if (k->place.where == STORE_IN_FILE)
        return k->prefix.n == 0 ? 0 : store_put(tx, &key, k->prefix, err);
    size_t n = k->prefix.n + k->src.mem.n;
    char *both = moxd_arena_alloc(tx->arena, n + 1);
    if (k->prefix.n > 0)
        memcpy(both, k->prefix.p, k->prefix.n);
    if (k->src.mem.n > 0)
        memcpy(both + k->prefix.n, k->src.mem.p, k->src.mem.n);
    return n == 0 ? 0 : store_put(tx, &key, moxd_str(both, n), err);
}

static int op_keep(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct keeping *k = arg;
    struct store_key key = store_key_u64(STORE_T_KEPT, k->id);
    unsigned char buf[STORE_RECORD_MAX];

    if (store_put(tx, &key, store_erase_encode(&k->place, buf), err) < 0 ||
        put_data(tx, k, err) < 0)
        return -1;
    return k->fn(tx, k->id, k->arg, err);
}

static int keep(struct keeping *k, struct moxd_err *err)
{
    bool file = k->place.where == STORE_IN_FILE;
    int rc = file ? store_offload(MOXD_LANE_FSYNC, file_job, k, err) : 0;

    if (rc == 0)
        rc = store_write(k->s->server, op_keep, k, err);
    /* Not when it was committed and could not be flushed: then only recovery knows. */
    if (rc < 0 && k->have_file && !k->s->flusher.failed)
        (void)!store_offload(MOXD_LANE_FSYNC, remove_job, k, NULL);
    return rc;
}

int store_keep(struct moxd_instance *self, struct store_draft *d, struct moxd_str prefix,
               store_kept_fn *fn, void *arg, struct moxd_err *err)
{
    struct store *s = MOXD_CONTAINER(self, struct store, m);
    struct keeping k = { .s = s, .prefix = prefix, .fn = fn, .arg = arg };

    if (prefix.n > STORE_PREFIX_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "message too large");
    if (store_account_check(s->server, err) < 0 || store_env_room(s->env, err) < 0 ||
        store_draft_source(d, &k.src, err) < 0)
        return -1;
    bool small = k.src.fd < 0 && k.src.size <= s->opt.body_in_db;
    k.place = (struct store_erase){
        .size = prefix.n + k.src.size,
        .prefix = (uint32_t)prefix.n,
        .where = small ? STORE_IN_DB : STORE_IN_FILE,
    };
    take_id(&k);
    int rc = keep(&k, err);
    drop_id(&k);
    return rc;
}

/* --- removing ---------------------------------------------------------------------------------- */

/* A file goes when the transaction is durable: what is to be erased is remembered until then. */
int store_tx_unkeep(struct store_tx *tx, uint64_t id, struct moxd_err *err)
{
    struct store_key kept = store_key_u64(STORE_T_KEPT, id);
    struct store_key data = store_key_u64(STORE_T_DATA, id);
    struct store_key erase = store_key_u64(STORE_T_ERASE, id);
    struct store_erase place;
    struct moxd_str val;
    int rc = store_get(tx, &kept, &val, err);

    if (rc <= 0)
        return rc;
    if (store_erase_decode(val, &place) < 0)
        return store_corrupt(tx, "body of the server", err);
    val = moxd_arena_str(tx->arena, val);
    if (store_del(tx, &kept, err) < 0)
        return -1;
    if (place.where == STORE_IN_DB)
        return store_del(tx, &data, err) < 0 ? -1 : 0;
    store_tx_erase(tx, (struct store_erasable){ STORE_T_ERASE, id, true });
    return store_put(tx, &erase, val, err);
}

/* --- start ------------------------------------------------------------------------------------- */

struct sweep {
    struct store_tx *tx;
    uint64_t next;
    struct moxd_err *err;
};

static int kept_id(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct sweep *w = arg;

    (void)val;
    if (key.n == 9 && moxd_get_be64(key.p + 1) >= w->next)
        w->next = moxd_get_be64(key.p + 1) + 1;
    return 0;
}

static int sweep_file(void *arg, uint64_t id)
{
    struct sweep *w = arg;
    struct store_key kept = store_key_u64(STORE_T_KEPT, id);
    struct store_key erase = store_key_u64(STORE_T_ERASE, id);
    struct moxd_str val;
    int rc = store_get(w->tx, &kept, &val, w->err);

    if (rc == 0)
        rc = store_get(w->tx, &erase, &val, w->err);
    if (id >= w->next && id < STORE_COUNTER_MAX)
        w->next = id + 1;
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    return store_file_remove(w->tx->bt->env, 0, id, w->err);
}

struct resume {
    uint64_t next;
    struct store_op_erasables erasable;
};

static int op_resume(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct resume *r = arg;
    uint64_t low = tx->meta.modseq > 0 ? tx->meta.modseq : 1;
    struct sweep w = { .tx = tx, .next = low, .err = err };
    struct store_key all = store_key_table(STORE_T_KEPT);
    struct store_key from = store_key_u64(STORE_T_KEPT, low);

    if (store_scan(tx, &from, store_key_str(&all), kept_id, &w, err) < 0 ||
        store_file_each(tx->bt->env, 0, low, sweep_file, &w, err) < 0)
        return -1;
    r->next = w.next;
    return store_op_erasables(tx, &r->erasable, err);
}

static int resume_job(void *arg, struct moxd_err *err)
{
    struct resume *r = ((void **)arg)[0];
    struct store *s = ((void **)arg)[1];

    if (store_file_init(s->env, 0, err) < 0)
        return -1;
    return store_tx_read(s->server->bt, op_resume, r, err);
}

int store_keep_resume(struct store *s, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct resume r = { .erasable = { .arena = a } };
    void *arg[] = { &r, s };

    if (store_offload(MOXD_LANE_FSYNC, resume_job, arg, err) < 0)
        return -1;
    store_ids_raise(&s->server->bt->ids, r.next);
    store_erase_later(s->server, r.erasable.v, r.erasable.n);
    return 0;
}
