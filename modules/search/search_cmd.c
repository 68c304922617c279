/* moxctl search status, moxctl search rebuild */
#include "search.h"

#include <stdlib.h>
#include <sys/stat.h>

struct counts {
    char *path;
    size_t messages, segments, whole, gone;
    uint64_t bytes;
};

static int count(struct search_db *db, struct counts *c, struct moxd_err *err)
{
    struct search_segments all;
    uint64_t *ids;

    if (search_segments_read(db, &all, err) < 0)
        return -1;
    c->segments = all.n;
    for (size_t i = 0; i < all.n; i++)
        c->messages += all.v[i].n;
    search_segments_free(&all);
    if (search_ids_read(db, SEARCH_SQL_WHOLE, &ids, &c->whole, err) < 0)
        return -1;
    free(ids);
    if (search_ids_read(db, SEARCH_SQL_GONE, &ids, &c->gone, err) < 0)
        return -1;
    free(ids);
    return 0;
}

static int count_job(void *arg, struct moxd_err *err)
{
    struct counts *c = arg;
    struct search_db *db;
    struct stat st;
    int rc;

    if (search_db_open(c->path, false, &db, err) < 0)
        return -1;
    rc = count(db, c, err);
    search_db_close(db);
    c->bytes = stat(c->path, &st) == 0 ? (uint64_t)st.st_size : 0;
    return rc;
}

static const char *state(const struct search_account *sa)
{
    if (sa->trouble[0] != '\0')
        return sa->trouble;
    return sa->ready ? "ready" : sa->queued ? "waits" : "being built";
}

static int status_of(struct search *s, struct moxd_ctl *c, const char *name, struct moxd_err *err)
{
    struct counts n = { 0 };
    struct search_account *sa;
    struct store_account *acc;
    struct moxd_err local = { 0 };
    bool exists;
    int rc;

    if (s->store->exists(s->store_self, name, &exists, err) < 0)
        return -1;
    HASH_FIND_STR(s->accounts, name, sa);
    if (!exists || !sa)
        return moxd_ctl_printf(c, "%s: no index\n", name);
    if (s->store->open(s->store_self, name, &acc, err) < 0)
        return -1;
    n.path = search_path(s, s->store->account_id(acc));
    s->store->close(acc);
    rc = -1;
    if (moxd_fifolock_shared(&sa->file, MOXD_NEVER) == MOXD_OK) {
        rc = search_offload(count_job, &n, &local);
        moxd_fifolock_release(&sa->file);
    }
    free(n.path);
    if (rc < 0)
        return moxd_ctl_printf(c, "%s: %s; %s\n", name, state(sa), local.priv);
    return moxd_ctl_printf(c,
                           "%s: %s, %zu messages, %zu waiting, %zu always searched, %zu gone, "
                           "%zu segments, %llu bytes\n",
                           name, state(sa), n.messages, sa->waiting, n.whole, n.gone, n.segments,
                           (unsigned long long)n.bytes);
}

/* The accounts named, or all; heap-free: in the command's arena. */
static const char *const *accounts(struct search *s, struct moxd_ctl *c, int argc, char **argv)
{
    const char **v;

    if (argc == 0)
        return s->accounts_api->list(s->accounts_self, moxd_ctl_arena(c));
    v = moxd_arena_calloc(moxd_ctl_arena(c), (size_t)argc + 1, sizeof(*v));
    for (int i = 0; i < argc; i++)
        v[i] = argv[i];
    return v;
}

int search_cmd_status(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                      struct moxd_err *err)
{
    struct search *s = MOXD_CONTAINER(m, struct search, m);

    for (const char *const *v = accounts(s, c, argc, argv); *v; v++)
        if (status_of(s, c, *v, err) < 0)
            return -1;
    return 0;
}

int search_cmd_rebuild(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                       struct moxd_err *err)
{
    struct search *s = MOXD_CONTAINER(m, struct search, m);
    bool exists;

    for (const char *const *v = accounts(s, c, argc, argv); *v; v++) {
        struct search_account *sa;

        if (s->store->exists(s->store_self, *v, &exists, err) < 0)
            return -1;
        if (!exists)
            continue;
        sa = search_account_get(s, *v);
        sa->rebuild = true;
        sa->ready = false;
        search_account_queue(s, sa, 0);
        if (moxd_ctl_printf(c, "%s: is being built\n", *v) < 0)
            return -1;
    }
    return 0;
}
