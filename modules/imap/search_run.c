/* Goes through a mailbox in batches, so that memory does not grow with it. */
#include "search.h"

enum { BATCH = 500 };

static void cut(struct imap_search_run *run)
{
    struct imap_cut cut = { 0 };
    struct store_uids uids;
    size_t cap = 0, n;

    while ((n = imap_view_cut(run->se->view, &run->se->scope, &cut, BATCH, run->pieces, &uids)) >
           0) {
        *(struct store_uids *)moxd_arena_push(run->pieces, &run->piece, &run->npieces, &cap,
                                              sizeof(uids)) = uids;
        run->goal += n;
    }
}

void imap_search_begin(struct imap_search_run *run, struct imap_search *se)
{
    *run = (struct imap_search_run){
        .se = se, .pieces = moxd_arena_new(0), .batch = moxd_arena_new(0), .one = moxd_arena_new(0)
    };
    cut(run);
    run->done = se->done;
    if (se->goal > 0)
        run->goal = se->goal;
}

void imap_search_end(struct imap_search_run *run)
{
    if (run->msg.a)
        imap_msg_fini(&run->msg);
    moxd_arena_free(run->one);
    moxd_arena_free(run->batch);
    moxd_arena_free(run->pieces);
}

/* What the list of flags holds is enough for many searches. */
static int read_entries(struct imap_search_run *run, const struct store_uids *uids,
                        struct moxd_err *err)
{
    struct imap_session *s = run->se->s;
    struct store_entry *v;

    if (s->im->store->entries(s->acc, run->se->mailbox, uids, run->batch, &v, &run->n, NULL, err) <
        0)
        return -1;
    run->infos = moxd_arena_calloc(run->batch, run->n + 1, sizeof(*run->infos));
    for (size_t i = 0; i < run->n; i++)
        run->infos[i] = (struct store_msg){ .id = v[i].id,
                                            .uid = v[i].uid,
                                            .flags = v[i].flags,
                                            .modseq = v[i].modseq,
                                            .keywords = v[i].keywords };
    return 0;
}

static size_t nth(const struct imap_search_run *run, size_t i, size_t n)
{
    return run->backwards ? n - 1 - i : i;
}

/* The next batch: 1, 0 when there is none. Other sessions are let run in between. */
static int read_batch(struct imap_search_run *run, struct moxd_err *err)
{
    struct imap_search *se = run->se;
    struct imap_session *s = se->s;
    const struct store_uids *uids;
    int r;

    if (moxd_yield() < 0)
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    moxd_arena_reset(run->batch);
    run->done += run->n;
    run->n = run->next = 0;
    if (run->next_piece == run->npieces)
        return 0;
    uids = &run->piece[nth(run, run->next_piece++, run->npieces)];
    if (se->needs == IMAP_NEEDS_FLAGS)
        r = read_entries(run, uids, err);
    else
        r = s->im->store->messages(s->acc, se->mailbox, uids, run->batch, &run->infos, &run->n,
                                   err);
    if (r == 0 && se->threads)
        r = imap_threads(s, run->infos, run->n, run->batch, &run->threads, err);
    return r < 0 ? -1 : 1;
}

/* A message that cannot be read does not match; the log says why. */
static bool matches(struct imap_search_run *run, size_t i)
{
    const struct store_msg *info = &run->infos[i];
    struct moxd_err err = { 0 };
    int r;

    if (imap_view_seq(run->se->view, info->uid) == 0)
        return false;
    imap_msg_init(&run->msg, run->se->s, run->one, info);
    run->msg.thread_known = run->se->threads;
    run->msg.thread = run->se->threads ? run->threads[i] : 0;
    r = imap_search_match(run->se, &run->msg, &err);
    if (r < 0 && err.kind != MOXD_ERR_NOTFOUND)
        moxd_error(&run->se->s->log, "message cannot be searched", moxd_kvu("uid", info->uid),
                   moxd_kve(&err));
    return r > 0;
}

int imap_search_next(struct imap_search_run *run, struct imap_msg **msg, struct moxd_err *err)
{
    int r = 1;

    while (r > 0) {
        while (run->next < run->n) {
            if (run->msg.a)
                imap_msg_fini(&run->msg);
            if (imap_progress(run->se->s, run->done + run->next, run->goal) < 0)
                return moxd_err_set(err, MOXD_ERR_CANCELLED, "connection lost");
            if (matches(run, nth(run, run->next++, run->n))) {
                *msg = &run->msg;
                if ((*msg)->info->modseq > run->se->modseq)
                    run->se->modseq = (*msg)->info->modseq;
                return 1;
            }
        }
        r = read_batch(run, err);
    }
    return r;
}
