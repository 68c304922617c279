/* Watches: every durable change of an account, in commit order, to whoever asked.
 *
 * Publishing appends to each watch's list; taking takes the whole list. So nothing waits for another
 * event (STORE-16). A batch is shared by the watches of the account; when the last one has taken it,
 * the bodies of the messages that it expunged can go (P-STORE-02). */
#include "store.h"

#include <stdlib.h>
#include <utlist.h>

/* Past so many changes a watch gives up: its session starts afresh. */
enum { PENDING_MAX = 100000 };

struct store_watch {
    struct store_account *acc; /* a reference */
    uint64_t viewer;           /* sees changes of this viewer too; 0: the owner's */
    void (*wake)(void *arg);
    void *arg;
    struct store_batch **v;
    size_t n, cap;
    size_t changes; /* in all of them, that concern it */
    bool lost;
    struct store_watch *prev, *next;
};

void store_batch_unref(struct store_account *acc, struct store_batch *batch)
{
    moxd_assert(batch->refs > 0);
    if (--batch->refs > 0)
        return;
    if (batch->nerase > 0)
        store_erase_later(acc, batch->erase, batch->nerase);
    store_batch_free(batch);
}

static void drop_all(struct store_watch *w)
{
    for (size_t i = 0; i < w->n; i++)
        store_batch_unref(w->acc, w->v[i]);
    w->n = w->changes = 0;
}

bool store_pending(const struct store_watch *w)
{
    return w->n > 0 || w->lost;
}

/* Changes that the watch is told of: all, and those that its viewer made for itself. */
static size_t concerning(const struct store_watch *w, const struct store_batch *batch)
{
    size_t n = batch->n;

    for (size_t i = 0; w->viewer != 0 && i < batch->nseen; i++)
        n += batch->seen[i].viewer == w->viewer;
    return n;
}

static void append(struct store_watch *w, struct store_batch *batch)
{
    bool idle = !store_pending(w);
    size_t changes = concerning(w, batch);

    if (w->lost || changes == 0)
        return;
    if (w->n == w->cap) {
        w->cap = w->cap > 0 ? 2 * w->cap : 4;
        w->v = moxd_xreallocarray(w->v, w->cap, sizeof(struct store_batch *));
    }
    batch->refs++;
    w->v[w->n++] = batch;
    w->changes += changes;
    if (w->changes > PENDING_MAX) {
        w->lost = true;
        drop_all(w);
    }
    if (idle)
        w->wake(w->arg);
}

static void observe(struct store_account *acc, const struct store_batch *batch)
{
    struct store_commit_event ev = { .account = acc->name, .changes = batch->v, .n = batch->n };

    if (acc->s->committed != NULL && batch->n > 0)
        acc->s->committed(acc->s, &ev);
}

void store_publish(struct store_account *acc, struct store_batch *batch)
{
    struct store_watch *w, *tmp;

    for (size_t i = 0; i < batch->n; i++)
        if (batch->v[i].modseq > acc->modseq)
            acc->modseq = batch->v[i].modseq;
    for (size_t i = 0; i < batch->nseen; i++)
        if (batch->seen[i].c.modseq > acc->modseq)
            acc->modseq = batch->seen[i].c.modseq;
    observe(acc, batch);
    if (batch->n > 0 || batch->nseen > 0)
        DL_FOREACH_SAFE(acc->watches, w, tmp)
            append(w, batch);
    store_batch_unref(acc, batch);
}

struct store_watch *store_watch(struct store_account *acc, void (*wake)(void *arg), void *arg)
{
    struct store_watch *w = moxd_xcalloc(1, sizeof(*w));

    *w = (struct store_watch){ .viewer = acc->viewer, .wake = wake, .arg = arg };
    w->acc = store_account_ref(store_account_base(acc));
    DL_APPEND(w->acc->watches, w);
    return w;
}

void store_unwatch(struct store_watch *w)
{
    if (w == NULL)
        return;
    drop_all(w);
    DL_DELETE(w->acc->watches, w);
    store_account_close(w->acc);
    free(w->v);
    free(w);
}

static void copy(struct store_change *c, struct moxd_arena *a)
{
    c->keywords = store_keywords_copy(c->keywords, a);
    c->name = c->name != NULL ? moxd_arena_strdup(a, c->name) : NULL;
    c->old_name = c->old_name != NULL ? moxd_arena_strdup(a, c->old_name) : NULL;
}

/* How many. */
static size_t take(const struct store_watch *w, const struct store_batch *batch,
                   struct store_change *out)
{
    size_t n = batch->n;

    if (n > 0)
        memcpy(out, batch->v, n * sizeof(*out));
    for (size_t i = 0; w->viewer != 0 && i < batch->nseen; i++)
        if (batch->seen[i].viewer == w->viewer)
            out[n++] = batch->seen[i].c;
    return n;
}

int store_changes(struct store_watch *w, struct moxd_arena *a, struct store_change **out, size_t *n,
                  struct moxd_err *err)
{
    *out = NULL;
    *n = 0;
    if (w->lost) {
        w->lost = false;
        return moxd_err_set(err, MOXD_ERR_STATE, "too many changes were pending");
    }
    if (w->changes == 0)
        return 0;
    struct store_change *v = moxd_arena_calloc(a, w->changes, sizeof(*v));
    for (size_t i = 0; i < w->n; i++) {
        *n += take(w, w->v[i], v + *n);
    }
    for (size_t i = 0; i < *n; i++)
        copy(&v[i], a);
    drop_all(w);
    *out = v;
    return 0;
}
