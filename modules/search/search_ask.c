/* The interface search/2. */
#include "search.h"

#include <stdlib.h>

static int query_job(void *arg, struct moxd_err *err)
{
    return search_query_run(arg, err);
}

/* A damaged file is made anew; whatever else is wrong with it, the search goes on without it. */
static int failed(struct search *s, const char *name, struct moxd_err *err)
{
    struct search_account *sa = search_account_get(s, name);

    if (err->kind == MOXD_ERR_CANCELLED)
        return -1;
    moxd_warn(&s->m.log, "search index not asked", moxd_kvs("account", name), moxd_kve(err));
    if (err->kind == MOXD_ERR_CORRUPT || err->kind == MOXD_ERR_NOTFOUND) {
        sa->ready = false;
        sa->rebuild = true;
        search_account_queue(s, sa, 0);
    }
    *err = (struct moxd_err){ 0 };
    return 0;
}

static int answer(struct search *s, struct store_account *acc, uint32_t mailbox,
                  const struct search_query *q, struct moxd_arena *a, struct search_answer *out,
                  struct moxd_err *err)
{
    struct store_mailbox mb;
    uint32_t from;

    if (s->store->mailbox(acc, MOXD_STR(""), mailbox, a, &mb, err) < 0 ||
        search_tail(s, acc, &mb, q->modseq, &from, err) < 0)
        return -1;
    for (size_t i = 0; i < q->n; i++) {
        const struct search_found *f = &q->found[i];

        out[i] = (struct search_answer){
            .narrow = f->narrow, .from = from, .n = f->n, .exact = f->exact, .nunsure = f->nwhole
        };
        if (f->n > 0)
            out[i].ids = moxd_arena_dup(a, f->ids, f->n * sizeof(*f->ids));
        if (f->nwhole > 0)
            out[i].unsure = moxd_arena_dup(a, f->whole, f->nwhole * sizeof(*f->whole));
    }
    return 0;
}

static int narrow(struct moxd_instance *self, struct store_account *acc, uint32_t mailbox,
                  const struct search_text *texts, size_t n, struct moxd_arena *a,
                  struct search_answer *out, struct moxd_err *err)
{
    struct search *s = MOXD_CONTAINER(self, struct search, m);
    const char *name = moxd_arena_strdup(a, s->store->account_name(acc));
    struct search_account *sa = search_account_get(s, name);
    char *path MOXD_CLEANUP(moxd_freep) = search_path(s, s->store->account_id(acc));
    struct search_query q = { .path = path, .texts = texts, .n = n };
    struct moxd_err local = { 0 };
    int rc;

    if (n > SEARCH_TEXTS_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "more than %d texts", SEARCH_TEXTS_MAX);
    memset(out, 0, n * sizeof(*out));
    if (!sa->ready) {
        search_account_queue(s, sa, 0);
        return 0;
    }
    moxd_metric_inc(s->questions, NULL, NULL);
    q.found = moxd_arena_calloc(a, n, sizeof(*q.found));
    if (moxd_fifolock_shared(&sa->file, MOXD_NEVER) != MOXD_OK)
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    rc = search_offload(query_job, &q, &local);
    moxd_fifolock_release(&sa->file);
    if (rc == 0)
        rc = answer(s, acc, mailbox, &q, a, out, &local);
    search_query_free(&q);
    if (rc < 0) {
        memset(out, 0, n * sizeof(*out));
        rc = failed(s, name, &local);
        if (rc < 0 && err)
            *err = local;
    }
    return rc;
}

const struct search_v2 search_api = { .narrow = narrow };
