/* What is not in the index yet: messages that came into a mailbox after a modseq. UIDs ascend with it, so they are
 * the last ones of the mailbox. */
#include "search.h"

#include <stdlib.h>

enum { WINDOW = 512, WINDOW_MAX = 16 * 1024 }; /* UIDs that are read at once */

/* Goes from the last UIDs of a mailbox to the first, a window at a time. */
struct window {
    uint32_t first, last; /* last 0: there is none */
    uint32_t size;
};

static bool before(struct window *w)
{
    if (w->first <= 1)
        return false;
    w->last = w->first - 1;
    w->first = w->last < w->size ? 1 : w->last - w->size + 1;
    w->size = w->size < WINDOW_MAX ? 2 * w->size : WINDOW_MAX;
    return true;
}

static int read_window(struct search *s, struct store_account *acc, uint32_t mailbox,
                       const struct window *w, struct moxd_arena *a, struct store_msg **v,
                       size_t *n, struct moxd_err *err)
{
    const struct store_uid_range range = { w->first, w->last };
    const struct store_uids uids = { &range, 1 };

    return s->store->messages(acc, mailbox, &uids, a, v, n, err);
}

int search_tail(struct search *s, struct store_account *acc, const struct store_mailbox *mb,
                uint64_t modseq, uint32_t *out, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct window w = { .first = mb->uidnext, .size = WINDOW };
    struct store_msg *v;
    size_t n;

    *out = mb->uidnext;
    while (mb->highestmodseq > modseq && before(&w)) {
        moxd_arena_reset(a);
        if (read_window(s, acc, mb->id, &w, a, &v, &n, err) < 0)
            return -1;
        while (n > 0 && v[n - 1].createseq > modseq)
            *out = v[--n].uid;
        if (n > 0)
            break;
    }
    return 0;
}

static void add(struct search_pass *p, const struct store_msg *msg)
{
    struct search_pending *pending;

    if (search_ids_have(p->known, p->nknown, msg->id))
        return; /* moved */
    pending = moxd_arena_push(p->arena, &p->v, &p->n, &p->cap, sizeof(*p->v));
    *pending = (struct search_pending){ msg->createseq, msg->id, msg->size };
}

static int of_mailbox(struct search_pass *p, const struct store_mailbox *mb, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct window w = { .first = mb->uidnext, .size = WINDOW };
    struct store_msg *v;
    size_t n;

    while (before(&w)) {
        moxd_arena_reset(a);
        if (read_window(p->s, p->acc, mb->id, &w, a, &v, &n, err) < 0)
            return -1;
        while (n > 0 && v[n - 1].createseq > p->modseq)
            add(p, &v[--n]);
        if (n > 0)
            break;
    }
    return 0;
}

static int by_createseq(const void *a, const void *b)
{
    const struct search_pending *x = a, *y = b;

    if (x->createseq != y->createseq)
        return x->createseq < y->createseq ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

static int sort(void *arg, struct moxd_err *err)
{
    struct search_pass *p = arg;

    (void)err;
    if (p->n > 0)
        qsort(p->v, p->n, sizeof(*p->v), by_createseq);
    return 0;
}

int search_find_pending(struct search_pass *p, struct moxd_err *err)
{
    struct store_mailbox *v;
    size_t n;

    /* First: what comes later has a higher one, also when it is found here already. */
    p->target = p->s->store->modseq(p->acc);
    if (p->target <= p->modseq)
        return 0;
    if (p->s->store->mailboxes(p->acc, p->arena, &v, &n, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (v[i].highestmodseq > p->modseq && of_mailbox(p, &v[i], err) < 0)
            return -1;
    return search_offload(sort, p, err);
}
