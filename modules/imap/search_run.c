/* Goes through a mailbox in batches, so that memory does not grow with it. A batch is read and matched in
 * jobs of a store worker; messages in files of their own are opened one by one afterwards. */
#include "search.h"
#include <poll.h>

enum {
    BATCH = 1000,
    BATCH_BODIES = 200,  /* of messages that have to be read: one match may be enough */
    BYTES_MAX = 1 << 20, /* of bodies read with one hold of the account's lock */
    BLOCK = 64 * 1024,
};

static void cut(struct imap_search_run *run, const struct store_uids *scope)
{
    size_t max = run->se->needs < IMAP_NEEDS_CONTENT ? BATCH : BATCH_BODIES, cap = 0, n;
    struct imap_cut cut = { 0 };
    struct store_uids uids;

    while ((n = imap_view_cut(run->se->view, scope, &cut, max, run->pieces, &uids)) > 0) {
        *(struct imap_search_piece *)moxd_arena_push(run->pieces, &run->piece, &run->npieces, &cap,
                                                     sizeof(*run->piece)) =
            (struct imap_search_piece){ uids, n };
        run->goal += n;
    }
}

void imap_search_begin(struct imap_search_run *run, struct imap_search *se)
{
    struct store_uids scope = se->scope;

    *run = (struct imap_search_run){ .se = se,
                                     .pieces = moxd_arena_new(0),
                                     .batch = moxd_arena_new(BLOCK),
                                     .one = moxd_arena_new(0) };
    imap_search_narrow(se, &scope);
    cut(run, &scope);
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

static struct imap_hit *add_hit(struct imap_search_run *run, const struct store_msg *info)
{
    struct imap_hit *hit =
        moxd_arena_push(run->batch, &run->hits, &run->n, &run->cap, sizeof(*hit));

    *hit = (struct imap_hit){ .info = imap_copy_info(info, run->batch) };
    return hit;
}

/* --- a batch, on a worker ------------------------------------------------------------------------- */

struct batch {
    struct imap_search_run *run;
    struct store_uids left; /* what is not looked at */
    uint64_t bytes;
    uint32_t last; /* UID up to which it went */
};

/* What comes with a match, so that it need not be read again. */
static void keep(struct imap_search_run *run, struct imap_hit *hit, const struct store_item *item)
{
    struct imap_loaded *l = &hit->loaded;

    l->has_summary = moxd_summary_read(&l->summary, moxd_arena_str(run->batch, item->header)) == 0;
    l->structure = moxd_arena_str(run->batch, item->structure);
}

/* 1, 0, IMAP_UNREAD, -1. Most messages are told by what is beside them. */
static int match_item(struct batch *b, struct store_tx *tx, const struct store_item *item,
                      struct imap_msg *msg, struct moxd_err *err)
{
    struct imap_search *se = b->run->se;
    struct moxd_str body;
    int r;

    if (se->threads) /* not known here */
        return IMAP_UNREAD;
    r = imap_search_match_now(se, msg, err);
    if (r != IMAP_UNREAD)
        return r;
    r = se->s->im->store->tx_body(tx, item, &body, err);
    if (r <= 0)
        return r < 0 ? -1 : IMAP_UNREAD;
    b->bytes += body.n;
    imap_msg_use_data(msg, body);
    return imap_search_match_now(se, msg, err);
}

/* What cannot be read is tried again where it can be logged. */
static int each(void *arg, struct store_tx *tx, const struct store_item *item, struct moxd_err *err)
{
    struct batch *b = arg;
    struct imap_search_run *run = b->run;
    struct imap_loaded loaded = { .structure = item->structure };
    struct imap_msg msg;
    struct imap_hit *hit;
    int r;

    (void)err;
    b->last = item->msg->uid;
    if (imap_view_seq(run->se->view, item->msg->uid) == 0)
        return 0;
    loaded.has_summary = moxd_summary_read(&loaded.summary, item->header) == 0;
    imap_msg_init(&msg, run->se->s, run->se->acc, run->one, item->msg);
    imap_msg_use(&msg, &loaded);
    r = match_item(b, tx, item, &msg, NULL);
    imap_msg_fini(&msg);
    if (r != 0) {
        hit = add_hit(run, item->msg);
        hit->unread = r != 1;
        keep(run, hit, item);
    }
    return b->bytes > BYTES_MAX;
}

static int match_some(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct batch *b = arg;
    struct imap_search *se = b->run->se;
    int r;

    b->bytes = 0;
    r = se->s->im->store->tx_messages(tx, se->mailbox, &b->left, se->with, each, b, err);
    if (r == 0)
        b->last = UINT32_MAX;
    return r < 0 ? -1 : 0;
}

/* --- batches -------------------------------------------------------------------------------------- */

/* A client that went away must not keep a worker busy. It may have closed only its own side, and want the
 * answer: something is sent then, and if that comes to nothing, nobody is there. */
static int still_there(struct imap_search_run *run, struct moxd_err *err)
{
    struct imap_session *s = run->se->s;
    struct pollfd p = { .fd = moxd_stream_fd(s->st), .events = POLLRDHUP };

    if (moxd_yield() < 0)
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    if (poll(&p, 1, 0) <= 0)
        return 0;
    if (p.revents & (POLLERR | POLLHUP))
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "the client went away");
    if (run->half_closed)
        return 0;
    run->half_closed = true;
    if (imap_untagged(s, "OK still searching") < 0 || moxd_stream_flush(s->st) < 0)
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "the client went away");
    return 0;
}

/* What the list of flags holds is enough for many searches. */
static int match_entries(struct imap_search_run *run, const struct store_uids *uids,
                         struct moxd_err *err)
{
    struct imap_session *s = run->se->s;
    struct imap_msg msg;
    struct store_entry *v;
    size_t n;

    if (s->im->store->entries(run->se->acc, run->se->mailbox, uids, run->batch, &v, &n, NULL, err) <
        0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        struct store_msg info = { .id = v[i].id,
                                  .uid = v[i].uid,
                                  .flags = v[i].flags,
                                  .modseq = v[i].modseq,
                                  .keywords = v[i].keywords };

        imap_msg_init(&msg, s, run->se->acc, run->one, &info);
        if (imap_view_seq(run->se->view, info.uid) > 0 &&
            imap_search_match_now(run->se, &msg, NULL) == 1)
            (void)add_hit(run, &info);
    }
    return 0;
}

/* All of a batch before any of it is given out, since it may be asked for from its end. */
static int match_messages(struct imap_search_run *run, const struct store_uids *uids,
                          struct moxd_err *err)
{
    struct imap_session *s = run->se->s;
    struct batch b = { .run = run, .left = *uids };

    while (b.left.n > 0) {
        if (s->im->store->view(s->im->store_self, run->se->acc, match_some, &b, err) < 0 ||
            still_there(run, err) < 0)
            return -1;
        imap_uids_after(&b.left, b.last, run->batch);
    }
    return 0;
}

static int read_threads(struct imap_search_run *run, struct moxd_err *err)
{
    struct store_msg *infos = moxd_arena_calloc(run->batch, run->n + 1, sizeof(*infos));
    uint64_t *threads;

    for (size_t i = 0; i < run->n; i++)
        infos[i] = run->hits[i].info;
    if (imap_threads(run->se->s, run->se->acc, infos, run->n, run->batch, &threads, err) < 0)
        return -1;
    for (size_t i = 0; i < run->n; i++)
        run->hits[i].thread = threads[i];
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
    const struct imap_search_piece *piece;
    int r;

    if (still_there(run, err) < 0)
        return -1;
    moxd_arena_reset(run->batch);
    run->hits = NULL;
    run->n = run->cap = run->next = 0;
    if (run->next_piece == run->npieces)
        return 0;
    piece = &run->piece[nth(run, run->next_piece++, run->npieces)];
    if (imap_progress(se->s, run->done, run->goal) < 0)
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "connection lost");
    run->done += piece->n;
    if (se->needs == IMAP_NEEDS_FLAGS)
        r = match_entries(run, &piece->uids, err);
    else
        r = match_messages(run, &piece->uids, err);
    if (r == 0 && se->threads)
        r = read_threads(run, err);
    return r < 0 ? -1 : 1;
}

/* A message that cannot be read does not match; the log says why. */
static bool opens_and_matches(struct imap_search_run *run)
{
    struct moxd_err err = { 0 };
    int r = imap_search_match(run->se, &run->msg, &err);

    if (r < 0 && err.kind != MOXD_ERR_NOTFOUND)
        moxd_error(&run->se->s->log, "message cannot be searched",
                   moxd_kvu("uid", run->msg.info->uid), moxd_kve(&err));
    return r == 1;
}

/* While messages are opened one by one. */
static int tell(struct imap_search_run *run, struct moxd_err *err)
{
    if (imap_progress(run->se->s, run->done - run->n + run->next, run->goal) < 0)
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "connection lost");
    return 0;
}

static bool take(struct imap_search_run *run, const struct imap_hit *hit)
{
    if (run->msg.a)
        imap_msg_fini(&run->msg);
    imap_msg_init(&run->msg, run->se->s, run->se->acc, run->one, &hit->info);
    imap_msg_use(&run->msg, &hit->loaded);
    run->msg.thread = hit->thread;
    run->msg.thread_known = run->se->threads;
    return !hit->unread || opens_and_matches(run);
}

int imap_search_next(struct imap_search_run *run, struct imap_msg **msg, struct moxd_err *err)
{
    int r = 1;

    while (r > 0) {
        while (run->next < run->n) {
            if (run->hits[nth(run, run->next, run->n)].unread && tell(run, err) < 0)
                return -1;
            if (!take(run, &run->hits[nth(run, run->next++, run->n)]))
                continue;
            *msg = &run->msg;
            if ((*msg)->info->modseq > run->se->modseq)
                run->se->modseq = (*msg)->info->modseq;
            return 1;
        }
        r = read_batch(run, err);
    }
    return r;
}
