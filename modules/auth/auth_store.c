/* Derived secrets in the store: one record in the account's table, one secret of the server. */
#include "auth.h"

static const char table[] = "auth";
static const struct moxd_str secrets_key = { "secrets", 7 };
static const struct moxd_str server_key = { "server-secret", 13 };

struct get_job {
    const struct store_v1 *store;
    struct moxd_str key;
    struct moxd_buf record; /* empty: absent */
};

static int get_run(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct get_job *job = arg;

    moxd_buf_reset(&job->record);
    return store_tx_find(job->store, tx, table, job->key, &job->record, err) < 0 ? -1 : 0;
}

int auth_secrets_load(struct auth *auth, const char *account, struct auth_secrets *out,
                      struct moxd_err *err)
{
    struct get_job job = { .store = auth->store,
                           .key = secrets_key,
                           .record = MOXD_BUF_INIT(AUTH_RECORD_MAX) };
    struct store_account *acc;

    if (auth->store->open(auth->store_self, account, &acc, err) < 0)
        return -1;
    int rc = auth->store->view(auth->store_self, acc, get_run, &job, err);
    auth->store->close(acc);
    if (rc == 0 && job.record.n > 0)
        rc = auth_secrets_parse(moxd_buf_str(&job.record), out, err);
    moxd_buf_wipe(&job.record);
    return rc;
}

struct put_job {
    const struct store_v1 *store;
    struct moxd_str key, value;
};

static int put_run(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct put_job *job = arg;
    return job->store->tx_put(tx, table, job->key, job->value, err);
}

int auth_secrets_save(struct auth *auth, const char *account, const struct auth_secrets *s,
                      struct moxd_err *err)
{
    struct moxd_buf record = MOXD_BUF_INIT(AUTH_RECORD_MAX);
    struct put_job job = { .store = auth->store, .key = secrets_key };
    struct store_account *acc;

    if (auth->store->open(auth->store_self, account, &acc, err) < 0)
        return -1;
    auth_secrets_write(s, &record);
    moxd_assert(!record.overflow);
    job.value = moxd_buf_str(&record);
    int rc = auth->store->transact(auth->store_self, acc, put_run, &job, err);
    auth->store->close(acc);
    moxd_buf_wipe(&record);
    return rc;
}

int auth_server_secret(struct auth *auth, struct moxd_err *err)
{
    struct get_job got = { .store = auth->store,
                           .key = server_key,
                           .record = MOXD_BUF_INIT(AUTH_SERVER_SECRET_LEN) };
    struct put_job put = { .store = auth->store,
                           .key = server_key,
                           .value = { (char *)auth->server_secret, AUTH_SERVER_SECRET_LEN } };
    int rc = auth->store->view(auth->store_self, NULL, get_run, &got, err);

    if (rc == 0 && got.record.n == AUTH_SERVER_SECRET_LEN) {
        memcpy(auth->server_secret, got.record.p, AUTH_SERVER_SECRET_LEN);
    } else if (rc == 0) {
        moxd_random(auth->server_secret, AUTH_SERVER_SECRET_LEN);
        rc = auth->store->transact(auth->store_self, NULL, put_run, &put, err);
    }
    moxd_buf_wipe(&got.record);
    return rc;
}
