/* A pass: the index of one account brought up to date. */
#include "search.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>

struct offloaded {
    search_job *fn;
    void *arg;
    struct moxd_err *err;
    int result;
};

static void run_job(void *arg)
{
    struct offloaded *job = arg;

    job->result = job->fn(job->arg, job->err);
}

int search_offload(search_job *fn, void *arg, struct moxd_err *err)
{
    struct offloaded job = { fn, arg, err, 0 };

    if (moxd_offload(MOXD_LANE_CPU, run_job, &job) != MOXD_OK && job.result == 0)
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    return job.result;
}

/* --- opening ----------------------------------------------------------------------------------- */

struct opening {
    struct search_pass *p;
    bool fresh;           /* an empty file is wanted */
    uint32_t uidvalidity; /* of INBOX: another one tells that the store was restored */
    uint64_t highest;     /* modseq of the account */
};

static int room(const struct search *s, struct moxd_err *err)
{
    struct statvfs st;

    if (statvfs(s->dir, &st) < 0)
        return moxd_err_sys(err, "statvfs %s", s->dir);
    if (st.f_bavail * (uint64_t)st.f_frsize >= (uint64_t)s->conf->disk_reserve)
        return 0;
    return moxd_err_set(err, MOXD_ERR_FULL, "disk space is low, the search index waits");
}

static int by_id(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

static int read_known(struct search_pass *p, struct moxd_err *err)
{
    struct search_segments all;
    uint64_t *whole;
    size_t n, total;

    if (search_segments_read(p->db, &all, err) < 0)
        return -1;
    if (search_ids_read(p->db, SEARCH_SQL_WHOLE, &whole, &n, err) < 0) {
        search_segments_free(&all);
        return -1;
    }
    total = n;
    for (size_t i = 0; i < all.n; i++)
        total += all.v[i].n;
    p->known = moxd_xcalloc(total + 1, sizeof(*p->known));
    for (size_t i = 0; i < all.n; i++)
        for (size_t j = 0; j < all.v[i].n; j++)
            p->known[p->nknown++] = all.v[i].ids[j];
    for (size_t i = 0; i < n; i++)
        p->known[p->nknown++] = whole[i];
    qsort(p->known, p->nknown, sizeof(*p->known), by_id);
    free(whole);
    search_segments_free(&all);
    return 0;
}

/* Whether what is in the file is of the account as it is now. */
static int belongs(struct opening *o, bool *out, struct moxd_err *err)
{
    uint64_t uidvalidity;

    if (search_meta_get(o->p->db, SEARCH_META_UIDVALIDITY, &uidvalidity, err) < 0 ||
        search_meta_get(o->p->db, SEARCH_META_MODSEQ, &o->p->modseq, err) < 0)
        return -1;
    *out = uidvalidity == o->uidvalidity && o->p->modseq <= o->highest;
    return 0;
}

static int open_file(struct opening *o, struct moxd_err *err)
{
    struct search_pass *p = o->p;

    if (o->fresh && search_db_remove(p->path, err) < 0)
        return -1;
    return search_db_open(p->path, true, &p->db, err);
}

/* Opened before in this process, what is in it was checked. */
static int check_file(struct opening *o, struct moxd_err *err)
{
    bool fits = true;

    if (!o->p->sa->ready && search_db_check(o->p->db, err) < 0)
        return -1;
    if (belongs(o, &fits, err) < 0 || fits)
        return fits ? 0 : -1;
    search_db_close(o->p->db);
    o->p->db = NULL;
    o->p->modseq = 0;
    o->fresh = true;
    if (open_file(o, err) < 0)
        return -1;
    return search_meta_put(o->p->db, SEARCH_META_UIDVALIDITY, o->uidvalidity, err);
}

static int open_job(void *arg, struct moxd_err *err)
{
    struct opening *o = arg;

    if (room(o->p->s, err) < 0 || open_file(o, err) < 0 || check_file(o, err) < 0)
        return -1;
    return read_known(o->p, err);
}

/* A file that does not fit is removed, while nobody asks it. */
static int open_it(struct opening *o, struct moxd_err *err)
{
    struct moxd_fifolock *file = &o->p->sa->file;

    if (moxd_fifolock_exclusive(file, MOXD_NEVER) != MOXD_OK)
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    int rc = search_offload(open_job, o, err);
    moxd_fifolock_release(file);
    return rc;
}

static int close_job(void *arg, struct moxd_err *err)
{
    (void)err;
    search_db_close(arg);
    return 0;
}

/* --- merging ----------------------------------------------------------------------------------- */

struct merging {
    struct search_db *db;
    struct search_merge *merge;
    int more;
};

static int merge_begin(void *arg, struct moxd_err *err)
{
    struct merging *mg = arg;

    return search_merge_begin(mg->db, &mg->merge, err);
}

static int merge_step(void *arg, struct moxd_err *err)
{
    struct merging *mg = arg;

    mg->more = search_merge_step(mg->merge, err);
    return mg->more < 0 ? -1 : 0;
}

static int merge_free(void *arg, struct moxd_err *err)
{
    struct merging *mg = arg;

    (void)err;
    search_merge_free(mg->merge);
    mg->merge = NULL;
    return 0;
}

static int merge_all(struct search_pass *p, struct moxd_err *err)
{
    struct merging mg = { .db = p->db };
    int rc;

    while ((rc = search_offload(merge_begin, &mg, err)) == 0 && mg.merge) {
        do
            rc = search_offload(merge_step, &mg, err);
        while (rc == 0 && mg.more > 0 && !p->sa->removed);
        (void)!search_offload(merge_free, &mg, NULL);
        if (rc < 0 || p->sa->removed)
            break;
    }
    if (mg.merge)
        (void)!search_offload(merge_free, &mg, NULL);
    return rc;
}

/* --- the pass ---------------------------------------------------------------------------------- */

static int bring_up(struct search_pass *p, struct moxd_err *err)
{
    struct opening o = { .p = p, .fresh = p->sa->rebuild };
    struct store_mailbox inbox;

    if (p->s->store->mailbox(p->acc, MOXD_STR("INBOX"), 0, p->arena, &inbox, err) < 0)
        return -1;
    o.uidvalidity = inbox.uidvalidity;
    o.highest = p->s->store->modseq(p->acc);
    p->path = search_path(p->s, p->s->store->account_id(p->acc));
    if (p->sa->rebuild)
        p->sa->ready = false;
    if (open_it(&o, err) < 0)
        return -1;
    p->sa->rebuild = false;
    if (o.fresh) /* also because it was of another time */
        p->sa->ready = false;
    if (search_note_gone(p, err) < 0 || search_find_pending(p, err) < 0)
        return -1;
    if (search_take_up(p, err) < 0 || merge_all(p, err) < 0)
        return -1;
    p->sa->ready = !p->sa->removed;
    return 0;
}

int search_pass(struct search *s, struct search_account *sa, struct moxd_err *err)
{
    struct search_pass p = { .s = s, .sa = sa };
    bool exists;
    int rc;

    if (s->store->exists(s->store_self, sa->name, &exists, err) < 0)
        return -1;
    if (!exists)
        return 0;
    if (s->store->open(s->store_self, sa->name, &p.acc, err) < 0)
        return -1;
    p.arena = moxd_arena_new(0);
    rc = bring_up(&p, err);
    (void)!search_offload(close_job, p.db, NULL);
    s->store->close(p.acc);
    moxd_arena_free(p.arena);
    free(p.known);
    free(p.path);
    return rc;
}
