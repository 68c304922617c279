/* One thread flushes the log for all who wait. While a flush runs, later commits gather for the next. */
#include "store.h"

#include <stdlib.h>

static void *flusher_main(void *arg)
{
    struct store_flusher *f = arg;

    pthread_mutex_lock(&f->mu);
    for (;;) {
        while (!f->requested && !f->stop)
            pthread_cond_wait(&f->work, &f->mu);
        if (!f->requested)
            break;
        f->requested = false;
        pthread_mutex_unlock(&f->mu);
        bool failed = store_env_flush(f->env, NULL) < 0;
        pthread_mutex_lock(&f->mu);
        f->result_failed = failed;
        moxd_loop_post(&f->post);
    }
    pthread_mutex_unlock(&f->mu);
    return NULL;
}

/* Starts a flush unless one runs or none is needed. */
static void kick(struct store_flusher *f)
{
    if (f->covering != 0 || f->failed || f->flushed == f->committed)
        return;
    f->covering = f->committed;
    pthread_mutex_lock(&f->mu);
    f->requested = true;
    pthread_cond_signal(&f->work);
    pthread_mutex_unlock(&f->mu);
}

/* What is durable now is told to watchers, before those who did it go on. */
static void publish(struct store_flusher *f)
{
    struct store_publish *p;

    while ((p = f->first) != NULL && p->ticket <= f->flushed) {
        f->first = p->next;
        if (f->first == NULL)
            f->end = &f->first;
        store_publish(p->acc, p->batch);
        store_account_close(p->acc);
        free(p);
    }
}

/* On the loop, after a flush. */
static void flushed(struct moxd_post *post)
{
    struct store_flusher *f = MOXD_CONTAINER(post, struct store_flusher, post);

    pthread_mutex_lock(&f->mu);
    f->failed |= f->result_failed;
    pthread_mutex_unlock(&f->mu);
    if (!f->failed) {
        moxd_assert(f->covering > f->flushed && f->covering <= f->committed);
        f->flushed = f->covering;
        publish(f);
    }
    f->covering = 0;
    moxd_waitq_wake_all(&f->wait[f->turn]);
    f->turn = !f->turn;
    if (f->failed)
        moxd_waitq_wake_all(&f->wait[f->turn]);
    kick(f);
}

uint64_t store_flusher_commit(struct store_flusher *f, struct store_account *acc,
                              struct store_batch *batch)
{
    uint64_t ticket = ++f->committed;

    if (batch != NULL) {
        struct store_publish *p = moxd_xcalloc(1, sizeof(*p));
        *p = (struct store_publish){ .ticket = ticket, .acc = store_account_ref(acc),
                                     .batch = batch };
        *f->end = p;
        f->end = &p->next;
    }
    kick(f);
    return ticket;
}

int store_flusher_wait(struct store_flusher *f, uint64_t ticket, struct moxd_err *err)
{
    moxd_assert(ticket <= f->committed);
    while (ticket > f->flushed && !f->failed) {
        moxd_assert(f->covering != 0);
        unsigned which = ticket <= f->covering ? f->turn : !f->turn;
        (void)moxd_waitq_wait(&f->wait[which], MOXD_NEVER);
    }
    if (ticket <= f->flushed)
        return 0;
    return store_env_dead_err(f->env, err);
}

void store_flusher_start(struct store_flusher *f, struct store_env *env)
{
    *f = (struct store_flusher){ .env = env, .post = { .fn = flushed } };
    f->end = &f->first;
    pthread_mutex_init(&f->mu, NULL);
    pthread_cond_init(&f->work, NULL);
    int rc = pthread_create(&f->thread, NULL, flusher_main, f);
    if (rc != 0)
        moxd_panic("cannot start the flush thread: %s", strerror(rc));
    f->started = true;
}

/* Batches that will never be durable are not published. */
static void drop(struct store_flusher *f)
{
    struct store_publish *p;

    while ((p = f->first) != NULL) {
        f->first = p->next;
        store_batch_free(p->batch);
        store_account_close(p->acc);
        free(p);
    }
    f->end = &f->first;
}

void store_flusher_stop(struct store_flusher *f)
{
    if (!f->started)
        return;
    (void)!store_flusher_wait(f, f->committed, NULL);
    pthread_mutex_lock(&f->mu);
    f->stop = true;
    pthread_cond_signal(&f->work);
    pthread_mutex_unlock(&f->mu);
    pthread_join(f->thread, NULL);
    drop(f);
    pthread_cond_destroy(&f->work);
    pthread_mutex_destroy(&f->mu);
    f->started = false;
}
