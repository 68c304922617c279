/* Which message is the parent of another (THR-02).
 *
 * By reference: the nearest of the references that is there with the same base subject; reports, and answers to them,
 * have subjects of their own. Without any
 * references by subject: the latest message with it, of those received up to four weeks before. A
 * message that is there twice (a copy, or sent to oneself) is in the place of the first one. */
#include "thread.h"

#include "message.h"

enum {
    LOOK_MAX = 20,   /* messages with the same subject that are looked at */
    STACK_MAX = 200, /* parents that are linked first; past that one has no parent */
};
static const int64_t FOUR_WEEKS = 28 * 24 * 3600 * INT64_C(1000000000);

enum relation { NONE, TWIN, PARENT };

struct linking {
    struct store_tx *tx;
    bool deep;               /* pending messages can be parents: they are linked first */
    uint64_t stack[STACK_MAX]; /* being linked: each waits for the next; none can be a parent */
    unsigned depth;
    enum relation relation;
    bool direct;             /* it is the parent that was named */
    uint64_t found;
    struct store_thread_rec rec; /* of what was found */
    struct moxd_err *err;
};

/* --- looking ----------------------------------------------------------------------------------- */

/* Whether the message can be what is looked for: 1 and it is, 0, -1. */
static int try(struct linking *l, uint64_t id)
{
    for (unsigned i = 0; i < l->depth; i++)
        if (l->stack[i] == id)
            return 0;
    int rc = store_thread_live(l->tx, id, &l->rec, l->err);
    if (rc <= 0)
        return rc;
    if (l->rec.thread == 0 && (!l->deep || l->depth == STACK_MAX))
        return 0;
    l->found = id;
    return 1;
}

static bool same_subject(uint64_t a, uint64_t b)
{
    return a == b || a == STORE_SUBJECT_REPORT || b == STORE_SUBJECT_REPORT;
}

static int among(struct linking *l, const struct store_same_msgid *same, uint64_t subject,
                 uint64_t below)
{
    for (size_t i = 0; i < same->n; i++) {
        int rc = same_subject(same->v[i].subject, subject) && same->v[i].id < below ? try(l, same->v[i].id) : 0;
        if (rc != 0)
            return rc;
    }
    return 0;
}

static int by_msgid(struct linking *l, uint64_t hash, uint64_t subject)
{
    struct store_same_msgid same;

    if (store_thread_same_msgid(l->tx, hash, &same, l->err) < 0)
        return -1;
    return among(l, &same, subject, UINT64_MAX);
}

/* Later in the index means received earlier. */
static int by_subject(struct linking *l, uint64_t id, int64_t received, uint64_t subject)
{
    int64_t earliest = received > INT64_MIN + FOUR_WEEKS ? received - FOUR_WEEKS : INT64_MIN;
    struct store_key last = store_thread_key_subject(subject, earliest, 0);
    struct store_key from = store_thread_key_subject(subject, received, id), at;
    struct moxd_str prefix = moxd_str((char *)from.p, from.n - 16), val;

    for (int i = 0; i < LOOK_MAX; i++) {
        int rc = store_first(l->tx, &from, prefix, &at, &val, l->err);
        if (rc <= 0 || memcmp(at.p, last.p, last.n) > 0)
            return rc < 0 ? -1 : 0;
        rc = try(l, ~moxd_get_be64(at.p + at.n - 8));
        if (rc != 0)
            return rc;
        from = at;
        from.p[from.n++] = 0; /* the key behind it */
    }
    return 0;
}

/* same: those with its own message id. */
static int find(struct linking *l, uint64_t id, int64_t received, const struct store_thread_rec *r,
                const struct store_same_msgid *same)
{

    l->relation = TWIN;
    l->direct = true;
    int rc = among(l, same, r->subject, l->deep ? id : UINT64_MAX);
    if (rc != 0)
        return rc;
    l->relation = PARENT;
    for (unsigned i = 0; i < r->n && rc == 0; i++) {
        l->direct = i == 0;
        rc = by_msgid(l, r->v[i], r->subject);
    }
    if (rc == 0 && r->n == 0 && r->subject != 0)
        rc = by_subject(l, id, received, r->subject);
    if (rc == 0)
        l->relation = NONE;
    return rc < 0 ? -1 : 0;
}

/* --- what follows ------------------------------------------------------------------------------ */

static void take_ancestors(struct store_thread_rec *r, const struct store_thread_rec *from,
                           unsigned at)
{
    unsigned room = STORE_ANCESTORS_MAX - at, n = from->n < room ? from->n : room;

    memcpy(r->v + at, from->v, n * sizeof(*r->v));
    r->n = at + n;
    if (n < from->n)
        r->v[r->n - 1] = from->v[from->n - 1];
}

static void settle(const struct linking *l, uint64_t id, struct store_thread_rec *r)
{
    const struct store_thread_rec *p = &l->rec;
    bool had_refs = r->n > 0;

    r->flags &= ~(unsigned)STORE_THREAD_PENDING;
    r->n = 0;
    r->thread = l->relation == NONE ? id : p->thread;
    if (l->relation == NONE) {
        r->flags |= had_refs ? STORE_THREAD_MISSING : 0;
        return;
    }
    r->flags |= p->flags & (STORE_THREAD_MUTED | STORE_THREAD_COLLAPSED); /* THR-06 */
    if (l->relation == TWIN) {
        r->flags |= p->flags & STORE_THREAD_MISSING;
        take_ancestors(r, p, 0);
        return;
    }
    r->flags |= l->direct ? 0 : STORE_THREAD_MISSING;
    r->v[0] = l->found;
    take_ancestors(r, p, 1);
}

int store_thread_assign(struct store_tx *tx, uint64_t id, int64_t received,
                        struct store_thread_rec *r, const struct store_same_msgid *same,
                        struct moxd_err *err)
{
    struct linking l = { .tx = tx, .stack = { id }, .depth = 1, .err = err };

    if (find(&l, id, received, r, same) < 0)
        return -1;
    settle(&l, id, r);
    return 0;
}

/* --- later ------------------------------------------------------------------------------------- */

/* 1, 0 when it was expunged meanwhile, -1. */
static int received_of(struct store_tx *tx, uint64_t id, int64_t *received, struct moxd_err *err)
{
    uint32_t mailbox, uid;
    struct store_rec rec;
    int rc = store_msg_by_id(tx, id, &mailbox, &uid, &rec, err);

    if (rc > 0)
        *received = rec.received;
    return rc;
}

/* The one on top: linked, or its parent is put on top of it. */
static int link_top(struct linking *l)
{
    uint64_t id = l->stack[l->depth - 1];
    struct store_thread_rec r;
    struct store_same_msgid same;
    int64_t received = 0;
    int rc = store_thread_get(l->tx, id, &r, l->err);

    if (rc > 0 && r.thread == 0)
        rc = received_of(l->tx, id, &received, l->err);
    if (rc <= 0 || r.thread != 0) {
        l->depth--;
        return rc < 0 ? -1 : 0;
    }
    if (store_thread_own_msgid(l->tx, &r, &same, l->err) < 0 ||
        find(l, id, received, &r, &same) < 0)
        return -1;
    if (l->relation != NONE && l->rec.thread == 0) {
        l->stack[l->depth++] = l->found;
        return 0;
    }
    l->depth--;
    settle(l, id, &r);
    if (store_thread_put_subject(l->tx, id, received, &r, l->err) < 0)
        return -1;
    return store_thread_put(l->tx, id, &r, l->err);
}

int store_thread_link(struct store_tx *tx, uint64_t id, struct moxd_err *err)
{
    struct linking l = { .tx = tx, .deep = true, .stack = { id }, .depth = 1, .err = err };

    while (l.depth > 0)
        if (link_top(&l) < 0)
            return -1;
    return 0;
}
