/* Messages taken up into the index, and given up. */
#include "search.h"

#include <errno.h>
#include <stdlib.h>

enum {
    CHUNK = 32,            /* messages that are opened at once */
    CHUNK_BYTES = 1 << 20, /* after so many a worker is let go */
    ASK = 1000,            /* ids that the store is asked for at once */
    PROGRESS = 10000,      /* messages from one line in the log to the next */
};
#define REST_MAX (200 * MOXD_MS) /* others get as much of a core as we, but are not waited for */

/* --- what is gone ------------------------------------------------------------------------------ */

struct forgetting {
    struct search_db *db;
    uint64_t *ids;
    size_t n;
};

static int forget(void *arg, struct moxd_err *err)
{
    struct forgetting *f = arg;

    return f->n == 0 ? 0 : search_forget(f->db, f->ids, f->n, err);
}

/* Of some ids in the index, those that the store does not have are noted. */
static int forget_some(struct search_pass *p, const uint64_t *ids, size_t n, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct forgetting f = { .db = p->db, .ids = moxd_arena_calloc(a, n, sizeof(*ids)) };
    struct store_location *places;

    if (p->s->store->places(p->acc, ids, n, a, &places, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (places[i].mailbox == 0 && search_ids_have(p->known, p->nknown, ids[i]))
            f.ids[f.n++] = ids[i];
    return search_offload(forget, &f, err);
}

int search_note_gone(struct search_pass *p, struct moxd_err *err)
{
    struct search_account *sa = p->sa;
    bool all = sa->audit;
    size_t n = all ? p->nknown : sa->ngone;
    uint64_t *copy = all ? p->known : moxd_arena_calloc(p->arena, n + 1, sizeof(*copy));
    int rc = 0;

    if (!all && n > 0)
        memcpy(copy, sa->gone, n * sizeof(*copy));
    sa->audit = false; /* what comes meanwhile is for the next pass */
    sa->ngone = 0;
    for (size_t i = 0; rc == 0 && i < n && !sa->removed; i += ASK)
        rc = forget_some(p, copy + i, n - i < ASK ? n - i : ASK, err);
    sa->audit |= rc < 0;
    return rc;
}

/* --- what came --------------------------------------------------------------------------------- */

struct taking {
    struct search_pass *p;
    struct store_body *body[CHUNK];
    uint64_t id[CHUNK];
    size_t n;
    uint64_t bytes;
    uint64_t modseq; /* to be written with the batch */
};

static ssize_t read_at(const void *ctx, uint64_t off, void *p, size_t n)
{
    const struct taking *t = ctx;
    long r = t->p->s->store->body_read(t->body[t->n], off, p, n, NULL);

    if (r < 0)
        errno = EIO;
    return r;
}

static int write_batch(void *arg, struct moxd_err *err)
{
    struct taking *t = arg;
    struct search_batch *b = &t->p->s->batch;

    if (search_batch_write(t->p->db, b, t->modseq, err) < 0)
        return -1;
    moxd_metric_add(t->p->s->indexed, NULL, NULL, (double)(b->nids + b->nwhole));
    search_batch_reset(b);
    return 0;
}

/* On a worker, which alone has the cutter and the batch. t->n counts down. */
static int cut_chunk(void *arg, struct moxd_err *err)
{
    struct taking *t = arg;
    struct search *s = t->p->s;
    int rc = 0;

    t->modseq = t->p->modseq;
    while (rc == 0 && t->n-- > 0) {
        struct moxd_reader r = { read_at, t, s->store->body_size(t->body[t->n]) };
        const uint32_t *keys;
        size_t n;

        if (search_batch_full(&s->batch))
            rc = write_batch(t, err);
        if (rc == 0 && search_cut(s->cutter, &r, &keys, &n, NULL) == 0)
            search_batch_add(&s->batch, t->id[t->n], keys, n);
        else if (rc == 0)
            search_batch_add_whole(&s->batch, t->id[t->n]);
    }
    return rc;
}

/* Opens the next message; what cannot be read may contain anything. */
static int open_next(struct taking *t, const struct search_pending *msg, struct moxd_err *err)
{
    struct search *s = t->p->s;
    struct moxd_err local = { 0 };

    if (msg->size > (uint64_t)s->conf->max_size) {
        search_batch_add_whole(&s->batch, msg->id);
        return 0;
    }
    if (s->store->body_open(t->p->acc, msg->id, &t->body[t->n], &local) == 0) {
        t->id[t->n++] = msg->id;
        t->bytes += msg->size;
        return 0;
    }
    if (local.kind == MOXD_ERR_CANCELLED || local.kind == MOXD_ERR_STATE) {
        *err = local;
        return -1;
    }
    if (local.kind != MOXD_ERR_NOTFOUND)
        search_batch_add_whole(&s->batch, msg->id);
    return 0;
}

/* A chunk of messages from the i-th on: *i becomes the next one. */
static int take_chunk(struct taking *t, size_t *i, struct moxd_err *err)
{
    int64_t start = moxd_mono(), took;
    size_t n, seen = 0;
    int rc = 0;

    t->n = t->bytes = 0;
    while (rc == 0 && *i < t->p->n && seen++ < CHUNK && t->bytes < CHUNK_BYTES)
        rc = open_next(t, &t->p->v[(*i)++], err);
    n = t->n;
    if (rc == 0 && n > 0)
        rc = search_offload(cut_chunk, t, err);
    for (size_t k = 0; k < n; k++)
        t->p->s->store->body_close(t->body[k]);
    took = moxd_mono() - start;
    if (rc == 0 && moxd_sleep(took < REST_MAX ? took : REST_MAX) == MOXD_CANCELLED)
        rc = moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    return rc;
}

static int flush(struct taking *t, size_t i, struct moxd_err *err)
{
    struct search_pass *p = t->p;
    struct search *s = p->s;

    /* Messages of one transaction have one modseq: the last ones may be in the next batch. */
    t->modseq = i < p->n ? p->v[i].createseq - 1 : p->target;
    if (t->modseq < p->modseq)
        t->modseq = p->modseq;
    if (search_offload(write_batch, t, err) < 0)
        return -1;
    p->modseq = t->modseq;
    if (i / PROGRESS > p->sa->done / PROGRESS)
        moxd_info(&s->m.log, "search index being built", moxd_kvs("account", p->sa->name),
                  moxd_kvu("done", i), moxd_kvu("of", p->n));
    p->sa->done = i;
    p->sa->waiting = p->n - i;
    return 0;
}

int search_take_up(struct search_pass *p, struct moxd_err *err)
{
    struct taking t = { .p = p };
    struct search_batch *b = &p->s->batch;
    size_t i = 0;
    int rc = 0;

    search_batch_reset(b);
    p->sa->done = 0;
    p->sa->waiting = p->n;
    while (rc == 0 && i < p->n && !p->sa->removed) {
        rc = take_chunk(&t, &i, err);
        if (rc == 0 && (search_batch_full(b) || i == p->n))
            rc = flush(&t, i, err);
    }
    /* Without messages too, when there was a change: the modseq of a file that is never written would fall behind. */
    if (rc == 0 && p->n == 0 && (!p->sa->ready || p->target > p->modseq))
        rc = flush(&t, 0, err);
    if (rc == 0 && p->n > PROGRESS)
        moxd_info(&p->s->m.log, "search index built", moxd_kvs("account", p->sa->name),
                  moxd_kvu("messages", p->n));
    return rc;
}
