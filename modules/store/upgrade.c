/* Accounts that were made before there were threads get them, while they are used (THR-09). */
#include "store.h"

#include "thread.h"

#include <errno.h>
#include <stdlib.h>

#define TELL_EVERY (10 * MOXD_SEC)

struct upgrade {
    struct store_account *acc;
    struct store_threads_done *done;
    int64_t told;
};

/* --- headers ----------------------------------------------------------------------------------- */

struct header_job {
    struct store_body *body;
    struct store_head *head;
};

static ssize_t read_at(const void *ctx, uint64_t off, void *p, size_t n)
{
    long r = store_body_read((struct store_body *)(uintptr_t)ctx, off, p, n, NULL);

    if (r < 0)
        errno = EIO;
    return r;
}

static int header_job(void *arg, struct moxd_err *err)
{
    struct header_job *job = arg;
    struct moxd_reader r = { read_at, job->body, store_body_size(job->body) };
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_str header;

    if (moxd_header_read(&r, a, &header, NULL, err) < 0)
        return -1;
    store_head_parse(job->head, header);
    return 0;
}

/* A body that is gone or damaged leaves the head empty: the message is a thread of its own. */
static int read_head(struct store_account *acc, uint64_t id, struct store_head *head,
                     struct moxd_err *err)
{
    struct header_job job = { .head = head };
    struct moxd_err local = { 0 };
    int rc = store_body_open(acc, id, &job.body, &local);

    if (rc == 0) {
        rc = store_offload(MOXD_LANE_FSYNC, header_job, &job, &local);
        store_body_close(job.body);
    }
    if (rc == 0 || local.kind == MOXD_ERR_NOTFOUND || local.kind == MOXD_ERR_CORRUPT ||
        local.kind == MOXD_ERR_IO)
        return 0;
    if (err != NULL)
        *err = local;
    return -1;
}

/* --- steps ------------------------------------------------------------------------------------- */

static int fill(struct upgrade *u, struct moxd_err *err)
{
    struct store_op_fill op = { 0 };
    int rc = store_read(u->acc, store_op_fill_find, &op, err);

    op.heads = moxd_xcalloc(STORE_FILL_PORTION, sizeof(*op.heads));
    for (size_t i = 0; i < op.n && rc == 0; i++)
        rc = read_head(u->acc, op.ids[i], &op.heads[i], err);
    if (rc == 0)
        rc = store_write_soon(u->acc, store_op_fill, &op, err);
    if (rc == 0 && op.wrote)
        u->done->read += op.n;
    free(op.heads);
    return rc;
}

static int link_portion(struct upgrade *u, struct moxd_err *err)
{
    struct store_op_link op = { 0 };

    if (store_write_soon(u->acc, store_op_link, &op, err) < 0)
        return -1;
    u->done->linked += op.n;
    return 0;
}

static int op_state(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    (void)err;
    *(struct store_meta *)arg = tx->meta;
    return 0;
}

static void tell(struct upgrade *u, const char *what)
{
    moxd_info(&u->acc->s->m.log, what, moxd_kvs("account", u->acc->name),
              moxd_kvu("read", u->done->read), moxd_kvu("linked", u->done->linked));
    u->told = moxd_mono();
}

/* 1: goes on; 0: everything is done. */
static int step(struct upgrade *u, struct moxd_err *err)
{
    struct store_meta state;

    if (u->acc->s->stopping)
        return moxd_err_set(err, MOXD_ERR_TEMP, "shutting down");
    if (store_read(u->acc, op_state, &state, err) < 0)
        return -1;
    if (!store_threads_unfinished(&state))
        return 0;
    if ((state.thread_pass == STORE_THREADS_FILL ? fill : link_portion)(u, err) < 0)
        return -1;
    if (moxd_mono() - u->told >= TELL_EVERY)
        tell(u, "putting messages into threads");
    if (u->done->tell != NULL)
        u->done->tell(u->done->arg, u->done);
    return 1;
}

int store_threads_finish(struct store_account *acc, struct store_threads_done *done,
                         struct moxd_err *err)
{
    struct store_threads_done local = { 0 };
    struct upgrade u = { acc, done != NULL ? done : &local, moxd_mono() };
    int rc;

    while ((rc = step(&u, err)) > 0)
        ;
    return rc;
}

int store_threads_reassign(struct store_account *acc, struct store_threads_done *done,
                           struct moxd_err *err)
{
    return store_write(acc, store_op_threads_reset, NULL, err) < 0
               ? -1
               : store_threads_finish(acc, done, err);
}

/* --- in the background ------------------------------------------------------------------------- */

static void bring_up(struct store_account *acc)
{
    struct store_threads_done done = { 0 };
    struct upgrade u = { acc, &done, moxd_mono() };
    struct moxd_err err = { 0 };

    tell(&u, "account gets threads");
    if (store_threads_finish(acc, &done, &err) == 0)
        tell(&u, "account has threads");
    else if (!acc->s->stopping && !acc->removed) /* goes on when the account is next opened */
        moxd_warn(&acc->s->m.log, "putting messages into threads", moxd_kvs("account", acc->name),
                  moxd_kve(&err));
}

static void upgrade_main(void *arg)
{
    struct store_account *acc = arg;
    struct store *s = acc->s;

    moxd_fiber_shield();
    (void)moxd_fifolock_exclusive(&s->background, MOXD_NEVER);
    if (!s->stopping && !acc->removed)
        bring_up(acc);
    moxd_fifolock_release(&s->background);
    moxd_fiber_unshield();
    store_account_close(acc);
    store_spawn_ended(s);
}

void store_threads_start(struct store_account *acc)
{
    if (!store_threads_unfinished(&acc->bt->meta))
        return;
    (void)store_account_ref(acc);
    store_spawn(acc->s, "store-threads", upgrade_main, acc);
}
