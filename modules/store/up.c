/* Start and end of the store. */
#include "roster.h"

#include "quarantine.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* --- when the database is damaged -------------------------------------------------------------- */

int store_quarantine_error(const char *name, struct moxd_err *err)
{
    moxd_err_smtp_set(err, MOXD_ERR_TEMP, 451, "4.3.0",
                      "the data of this account is damaged and waits for the administrator");
    return moxd_err_wrap(err, "account %s is in quarantine, \"moxctl store restore %s\" restores it",
                         name, name);
}

/* On any thread. Nothing that was not flushed is acknowledged; the parent starts the server again, and
 * the other accounts go on. */
static void on_died(void *arg, const char *file, const char *why)
{
    struct store *s = arg;
    struct moxd_err err = { 0 };
    uint64_t id = store_env_file_account(file);

    moxd_error(&s->m.log, "the message store cannot go on", moxd_kvs("reason", why),
               moxd_kvs("file", file));
    if (id != 0 && store_quarantine_put(s->env->dir_fd, id, why, &err) < 0)
        moxd_error(&s->m.log, "marking a damaged account", moxd_kve(&err));
    if (s->die == NULL)
        _exit(EXIT_FAILURE);
    s->die(s);
}

/* Long for sessions that only have to send a line; short beside a recovery. */
#define LAST_WORDS MOXD_SEC

static void end_process(void *arg)
{
    (void)arg;
    (void)moxd_sleep(LAST_WORDS);
    _exit(EXIT_FAILURE);
}

static void on_dying(struct moxd_post *post)
{
    (void)post;
    (void)moxd_fiber_spawn("store-die", end_process, NULL);
}

void store_die_soon(struct store *s)
{
    s->dying.fn = on_dying;
    moxd_loop_post(&s->dying);
}

/* --- start and end ----------------------------------------------------------------------------- */

/* One attempt. 1: an account was set aside, try again. */
static int open_env_once(struct store *s, int dir, struct moxd_err *err)
{
    char bad[STORE_BAD_FILE];

    if (store_quarantine_move(dir, err) < 0)
        return -1;
    if (store_env_open(&s->opt.env, &s->env, bad, err) == 0)
        return 0;
    uint64_t id = store_env_file_account(bad);
    if (id == 0 || store_quarantined(dir, id))
        return -1;
    moxd_error(&s->m.log, "recovery found damage: account is set aside", moxd_kvs("file", bad));
    return store_quarantine_put(dir, id, "recovery found damage", err) < 0 ? -1 : 1;
}

static int open_env_job(void *arg, struct moxd_err *err)
{
    struct store *s = arg;
    int rc;
    MOXD_CLEANUP(moxd_closep) int dir = open(s->opt.env.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (dir < 0)
        return moxd_err_sys(err, "open %s", s->opt.env.dir);
    while ((rc = open_env_once(s, dir, err)) > 0)
        ;
    if (rc == 0)
        store_draft_sweep(s->env);
    return rc;
}

static int close_env_job(void *arg, struct moxd_err *err)
{
    struct store *s = arg;

    (void)err;
    if (s->server != NULL)
        store_btree_close(s->server->bt);
    store_env_close(s->env);
    return 0;
}

static void close_all(struct store *s)
{
    (void)!store_offload(MOXD_LANE_STORE, close_env_job, s, NULL);
    if (s->server != NULL) {
        free(s->server->erase);
        free(s->server->name);
        free(s->server);
    }
    s->server = NULL;
    s->env = NULL;
}

int store_up(struct store *s, const struct store_options *opt, struct moxd_err *err)
{
    s->opt = *opt;
    s->opt.env.died = on_died;
    s->opt.env.died_arg = s;
    s->opt.env.log = &s->m.log;
    s->stopping = false;
    s->api = &store_api;
    if (store_offload(MOXD_LANE_STORE, open_env_job, s, err) < 0)
        return -1;
    store_flusher_start(&s->flusher, s->env);
    store_rosters_start(s);
    if (store_server_open(s, err) == 0 && store_keep_resume(s, err) == 0 &&
        store_resume_removals(s, err) == 0)
        return 0;
    store_rosters_stop(s);
    store_flusher_stop(&s->flusher);
    close_all(s);
    return -1;
}

/* Accounts that nobody uses; those in use are a defect of their users. */
static void close_accounts(struct store *s)
{
    struct store_account *acc, *tmp;

    HASH_ITER(hh, s->accounts, acc, tmp) {
        moxd_assert(acc->refs == 0);
        HASH_DEL(s->accounts, acc);
        store_btree_close(acc->bt);
        free(acc->erase);
        free(acc->name);
        free(acc);
    }
    s->idle = NULL;
    s->nidle = 0;
}

void store_down(struct store *s)
{
    s->stopping = true;
    moxd_fiber_shield();
    while (s->fibers > 0)
        (void)moxd_waitq_wait(&s->idle_wait, MOXD_NEVER);
    store_flusher_stop(&s->flusher);
    while (s->fibers > 0)
        (void)moxd_waitq_wait(&s->idle_wait, MOXD_NEVER);
    store_rosters_stop(s);
    close_accounts(s);
    close_all(s);
    moxd_fiber_unshield();
}
