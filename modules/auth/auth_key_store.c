/* Keys of TLS clients in the server's table. */
#include "auth_key.h"

static const char table[] = "auth.keys";

struct key_job {
    const struct store_v1 *store;
    const struct auth_tlskey *key; /* to be added; only its id for the others */
    struct moxd_arena *a;
    struct auth_tlskey found;
    bool known;
};

static struct moxd_str id_of(const struct auth_tlskey *key)
{
    return moxd_str((const char *)key->id, AUTH_KEY_ID);
}

static int get_run(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct key_job *job = arg;
    struct moxd_buf value = MOXD_BUF_INIT(AUTH_KEY_RECORD_MAX);
    int rc = store_tx_find(job->store, tx, table, id_of(job->key), &value, err);

    job->known = rc > 0;
    if (rc > 0)
        rc = auth_key_parse(id_of(job->key), moxd_buf_str(&value), job->a, &job->found, err);
    moxd_buf_fini(&value);
    return rc;
}

int auth_key_get(struct auth *auth, const unsigned char id[AUTH_KEY_ID], struct moxd_arena *a,
                 struct auth_tlskey *out, struct moxd_err *err)
{
    struct auth_tlskey key = { 0 };
    struct key_job job = { .store = auth->store, .key = &key, .a = a };

    memcpy(key.id, id, AUTH_KEY_ID);
    if (auth->store->view(auth->store_self, NULL, get_run, &job, err) < 0)
        return -1;
    *out = job.found;
    return job.known;
}

static int add_run(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct key_job *job = arg;
    struct moxd_buf value = MOXD_BUF_INIT(AUTH_KEY_RECORD_MAX);

    if (get_run(tx, job, err) < 0)
        return -1;
    if (job->known)
        return moxd_err_set(err, MOXD_ERR_EXISTS, "the key is there already, for %s",
                            job->found.login);
    auth_key_write(job->key, &value);
    int rc = value.overflow
                 ? moxd_err_set(err, MOXD_ERR_LIMIT, "the names are too long")
                 : job->store->tx_put(tx, table, id_of(job->key), moxd_buf_str(&value), err);
    moxd_buf_fini(&value);
    return rc;
}

int auth_key_add(struct auth *auth, const struct auth_tlskey *key, struct moxd_err *err)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct key_job job = { .store = auth->store, .key = key, .a = a };
    int rc = auth->store->transact(auth->store_self, NULL, add_run, &job, err);

    moxd_arena_free(a);
    return rc;
}

static int rm_run(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct key_job *job = arg;

    if (get_run(tx, job, err) < 0)
        return -1;
    if (!job->known)
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "there is no such key");
    return job->store->tx_del(tx, table, id_of(job->key), err);
}

int auth_key_rm(struct auth *auth, const unsigned char id[AUTH_KEY_ID], struct moxd_err *err)
{
    struct auth_tlskey key = { 0 };
    struct moxd_arena *a = moxd_arena_new(0);
    struct key_job job = { .store = auth->store, .key = &key, .a = a };

    memcpy(key.id, id, AUTH_KEY_ID);
    int rc = auth->store->transact(auth->store_self, NULL, rm_run, &job, err);
    moxd_arena_free(a);
    return rc;
}

/* --- several -------------------------------------------------------------------------------------------- */

struct list_job {
    const struct store_v1 *store;
    const char *account; /* or NULL */
    struct moxd_arena *a;
    struct auth_tlskey *v;
    size_t n, cap;
    struct moxd_err *err;
};

static int on_record(void *arg, struct moxd_str key, struct moxd_str value)
{
    struct list_job *job = arg;
    struct auth_tlskey k;

    if (auth_key_parse(key, value, job->a, &k, job->err) < 0)
        return -1;
    if (job->account == NULL || strcmp(k.account, job->account) == 0) {
        struct auth_tlskey *out =
            moxd_arena_push(job->a, &job->v, &job->n, &job->cap, sizeof(*out));
        *out = k;
    }
    return 0;
}

static int list_run(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct list_job *job = arg;

    job->v = NULL;
    job->n = job->cap = 0;
    job->err = err;
    return job->store->tx_each(tx, table, MOXD_STR(""), on_record, job, err);
}

int auth_key_list(struct auth *auth, const char *account, struct moxd_arena *a,
                  struct auth_tlskey **out, size_t *n, struct moxd_err *err)
{
    struct list_job job = { .store = auth->store, .account = account, .a = a };

    if (auth->store->view(auth->store_self, NULL, list_run, &job, err) < 0)
        return -1;
    *out = job.v;
    *n = job.n;
    return 0;
}

static int rm_all_run(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct list_job *job = arg;

    if (list_run(tx, job, err) < 0)
        return -1;
    for (size_t i = 0; i < job->n; i++)
        if (job->store->tx_del(tx, table, id_of(&job->v[i]), err) < 0)
            return -1;
    return 0;
}

enum moxd_verdict auth_key_on_account_remove(struct moxd_instance *m,
                                             const struct accounts_remove_event *ev,
                                             struct accounts_removal *removal)
{
    struct auth *auth = MOXD_CONTAINER(m, struct auth, m);
    struct moxd_arena *a = moxd_arena_new(0);
    struct list_job job = { .store = auth->store, .account = ev->account, .a = a };
    struct moxd_err err = { 0 };
    int rc = auth->store->transact(auth->store_self, NULL, rm_all_run, &job, &err);

    removal->removed |= rc == 0 && job.n > 0;
    moxd_arena_free(a);
    return rc == 0 ? MOXD_NEXT : moxd_reply_set(&removal->reply, 451, "4.3.0", "%s", err.pub);
}
