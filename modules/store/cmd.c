#include "cmd.h"

#include "quarantine.h"
#include "verify.h"

#include <stdlib.h>

static struct store *store_of(struct moxd_instance *m)
{
    return MOXD_CONTAINER(m, struct store, m);
}

#define LLU(x) ((unsigned long long)(x))

/* --- several accounts -------------------------------------------------------------------------- */

long store_cmd_each(struct store *s, struct moxd_ctl *c, int argc, char **argv,
                    int (*fn)(void *arg, const char *name, struct moxd_err *err), void *arg,
                    struct moxd_err *err)
{
    struct store_accounts list = { .arena = moxd_ctl_arena(c) };
    long failed = 0;

    if (argc == 0 && store_server_list(s, false, &list, err) < 0)
        return -1;
    size_t n = argc > 0 ? (size_t)argc : list.n;
    for (size_t i = 0; i < n; i++) {
        const char *name = argc > 0 ? argv[i] : list.v[i].name;
        struct moxd_err local = { 0 };

        if (fn(arg, name, &local) == 0)
            continue;
        failed++;
        (void)moxd_ctl_printf(c, "%s: %s\n", name, local.priv);
    }
    return failed;
}

/* --- verify ------------------------------------------------------------------------------------ */

static int print_report(struct moxd_ctl *c, const char *name, const struct store_report *r)
{
    size_t shown = r->n < STORE_PROBLEMS_MAX ? r->n : STORE_PROBLEMS_MAX;

    for (size_t i = 0; i < shown; i++)
        if (moxd_ctl_printf(c, "%s: %s\n", name, r->problems[i]) < 0)
            return -1;
    return moxd_ctl_printf(c, "%s: %llu mailboxes, %llu messages, %llu bytes, %llu files, %zu "
                              "problems\n", name, LLU(r->mailboxes), LLU(r->messages),
                           LLU(r->size), LLU(r->files), r->n);
}

struct verifying {
    struct store *s;
    struct moxd_ctl *c;
    size_t problems;
};

static int verify_one(void *arg, const char *name, struct moxd_err *err)
{
    struct verifying *v = arg;
    struct store_report r = { .arena = moxd_ctl_arena(v->c) };
    struct store_account *acc;

    if (store_account_open_known(v->s, name, &acc, err) < 0)
        return -1;
    int rc = store_read(acc, store_op_verify, &r, err);
    store_account_close(acc);
    if (rc < 0)
        return -1;
    (void)print_report(v->c, name, &r);
    v->problems += r.n;
    return 0;
}

int store_cmd_verify(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                     struct moxd_err *err)
{
    struct verifying v = { .s = store_of(m), .c = c };
    long failed = store_cmd_each(v.s, c, argc, argv, verify_one, &v, err);

    if (failed < 0)
        return -1;
    if (v.problems == 0 && failed == 0)
        return 0;
    return moxd_err_set(err, MOXD_ERR_CORRUPT, "%zu problems, %ld accounts not looked at",
                        v.problems, failed);
}

/* --- stats ------------------------------------------------------------------------------------- */

static int print_env(struct moxd_ctl *c, struct store *s)
{
    const struct store_env_stats *st = &s->env->stats;

    return moxd_ctl_printf(
        c, "commits %llu\naborts %llu\nretries %llu\nviews %llu\nflushes %llu\n"
           "file-syncs %llu\ndirectory-syncs %llu\nfiles-made %llu\nfiles-removed %llu\n",
        LLU(atomic_load(&st->commits)), LLU(atomic_load(&st->aborts)),
        LLU(atomic_load(&st->retries)), LLU(atomic_load(&st->views)),
        LLU(atomic_load(&st->flushes)), LLU(atomic_load(&st->file_syncs)),
        LLU(atomic_load(&st->dir_syncs)), LLU(atomic_load(&st->files_made)),
        LLU(atomic_load(&st->files_removed)));
}

static int print_log(struct moxd_ctl *c, DB_ENV *db)
{
    DB_LOG_STAT *st = NULL;

    if (db->log_stat(db, &st, 0) != 0)
        return 0;
    int rc = moxd_ctl_printf(c, "log-syncs %llu\nlog-bytes %llu\nlog-file %u\n",
                             LLU(st->st_scount), LLU(st->st_w_mbytes) << 20 | st->st_w_bytes,
                             st->st_cur_file);
    free(st);
    return rc;
}

static int print_cache(struct moxd_ctl *c, DB_ENV *db)
{
    DB_MPOOL_STAT *st = NULL;

    if (db->memp_stat(db, &st, NULL, 0) != 0)
        return 0;
    int rc = moxd_ctl_printf(c, "cache-bytes %llu\ncache-hits %llu\ncache-misses %llu\n"
                                "cache-dirty-pages %llu\n",
                             (LLU(st->st_gbytes) << 30) + st->st_bytes, LLU(st->st_cache_hit),
                             LLU(st->st_cache_miss), LLU(st->st_page_dirty));
    free(st);
    return rc;
}

int store_cmd_stats(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                    struct moxd_err *err)
{
    struct store *s = store_of(m);

    (void)argc, (void)argv, (void)err;
    if (print_env(c, s) < 0 || print_log(c, s->env->db) < 0 || print_cache(c, s->env->db) < 0)
        return -1;
    return moxd_ctl_printf(c, "open-accounts %u\nidle-accounts %u\n", HASH_COUNT(s->accounts),
                           s->nidle);
}

/* --- quarantine -------------------------------------------------------------------------------- */

static const char *name_of(const struct store_accounts *list, uint64_t id)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->v[i].id == id)
            return list->v[i].name;
    return "(removed)";
}

int store_cmd_quarantine(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                         struct moxd_err *err)
{
    struct store *s = store_of(m);
    struct store_accounts list = { .arena = moxd_ctl_arena(c) };
    struct store_quarantine *q;
    size_t n;

    (void)argc, (void)argv;
    if (store_server_list(s, false, &list, err) < 0 ||
        store_quarantine_list(s->env->dir_fd, moxd_ctl_arena(c), &q, &n, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (moxd_ctl_printf(c, "%s: %s\n", name_of(&list, q[i].id), q[i].reason) < 0)
            return -1;
    return 0;
}

int store_cmd_restore(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                      struct moxd_err *err)
{
    struct store_restored r;
    char done[STORE_PATH_MAX];

    (void)argc;
    if (store_account_restore(store_of(m), argv[0], &r, done, sizeof(done), err) < 0)
        return -1;
    return moxd_ctl_printf(
        c, "%s: %llu records read%s, %llu messages\n"
           "%llu bodies without a record are in the mailbox \"Restored\", %llu messages without a "
           "body were dropped\nthe damaged database is kept in %s and may be deleted\n",
        argv[0], LLU(r.records), r.recovered ? " after recovery" : "", LLU(r.messages),
        LLU(r.found), LLU(r.dropped), done);
}
