/* The messages of a mailbox as pages list them: by thread. The work is linear in the mailbox, whatever the length of its
 * threads: places and threads of all of its messages are read in one scan, or one by one when they are few among many. */
#include "ops.h"
#include "thread.h"
#include "viewer.h"

#include <stdlib.h>

enum { SPARSE = 8, NOBODY = UINT32_MAX };

struct node {
    uint64_t id, thread; /* thread: its own id when it is in none */
    int64_t received;
    uint32_t uid, parent; /* index of the node; NOBODY */
    uint32_t child, next; /* first child, next sibling: oldest first */
    unsigned flags, state;
    bool hidden;
};
/* Nodes of a thread: order[from] to order[to - 1], oldest first. */
struct group {
    uint32_t from, to;
    int64_t newest;
    uint64_t thread;
};
struct rows {
    struct store_tx *tx;
    struct store_rows *want;
    struct store_seen seen;
    struct node *v; /* by id */
    uint32_t n;
    size_t len, cap;
    uint32_t *order;
    uint32_t at; /* while joining */
    struct moxd_err *err;
};

/* --- the messages ------------------------------------------------------------------------------- */

static int take(void *arg, uint32_t uid, const struct store_rec *rec)
{
    struct rows *r = arg;
    struct node *node = moxd_arena_push(r->tx->arena, &r->v, &r->len, &r->cap, sizeof(*node));
    uint64_t modseq = rec->modseq;

    *node = (struct node){ .id = rec->id, .thread = rec->id, .received = rec->received, .uid = uid,
                           .parent = NOBODY, .child = NOBODY, .next = NOBODY, .flags = rec->flags };
    store_seen_show(&r->seen, uid, &node->flags, &modseq);
    return 0;
}

static int by_id(const void *a, const void *b)
{
    const struct node *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

static int read_messages(struct rows *r)
{
    struct store_box box;
    uint32_t mailbox = r->want->mailbox;

    if (store_box_load(r->tx, mailbox, &box, r->err) < 0 ||
        store_seen_load(r->tx, mailbox, NULL, &r->seen, r->err) < 0 ||
        store_msg_scan(r->tx, mailbox, NULL, take, r, r->err) < 0)
        return -1;
    r->n = (uint32_t)r->len; /* as many as UIDs at most */
    if (r->n > 0)
        qsort(r->v, r->n, sizeof(*r->v), by_id);
    return 0;
}

/* --- their threads ------------------------------------------------------------------------------ */

/* The nearest ancestor that is in this mailbox. */
static uint32_t parent_of(const struct rows *r, const struct store_thread_rec *t)
{
    for (unsigned i = 0; i < t->n; i++) {
        struct node want = { .id = t->v[i] }, *found;

        found = bsearch(&want, r->v, r->n, sizeof(*r->v), by_id);
        if (found)
            return (uint32_t)(found - r->v);
    }
    return NOBODY;
}

static void join_one(struct rows *r, uint32_t i, const struct store_thread_rec *t)
{
    struct node *node = &r->v[i];

    node->state = t->flags & STORE_THREAD_STATES;
    if (t->thread == 0)
        return;
    node->thread = t->thread;
    node->parent = parent_of(r, t);
    if (node->parent == i)
        node->parent = NOBODY;
}

static int join(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct rows *r = arg;
    struct store_thread_rec t;

    if (key.n != 9)
        return store_corrupt(r->tx, "place of a message", r->err);
    uint64_t id = moxd_get_be64(key.p + 1);
    while (r->at < r->n && r->v[r->at].id < id)
        r->at++;
    if (r->at == r->n)
        return 1;
    if (r->v[r->at].id != id || val.n <= STORE_PLACE_SIZE)
        return 0;
    if (store_thread_decode(moxd_str_from(val, STORE_PLACE_SIZE), &t) < 0)
        return store_corrupt(r->tx, "thread of a message", r->err);
    join_one(r, r->at, &t);
    return 0;
}

static int read_threads(struct rows *r)
{
    struct store_thread_rec t;

    if (r->n == 0 || r->want->mode == STORE_ROWS_OFF)
        return 0;
    if ((r->v[r->n - 1].id - r->v[0].id) / SPARSE < r->n) {
        struct store_key from = store_key_u64(STORE_T_ID, r->v[0].id);
        struct store_key all = store_key_table(STORE_T_ID);

        return store_scan(r->tx, &from, store_key_str(&all), join, r, r->err) < 0 ? -1 : 0;
    }
    for (uint32_t i = 0; i < r->n; i++) {
        int rc = store_thread_get(r->tx, r->v[i].id, &t, r->err);
        if (rc < 0)
            return -1;
        if (rc > 0)
            join_one(r, i, &t);
    }
    return 0;
}

/* --- groups ------------------------------------------------------------------------------------- */

static int by_thread(const void *a, const void *b, void *arg)
{
    const struct node *v = arg, *x = &v[*(const uint32_t *)a], *y = &v[*(const uint32_t *)b];

    if (x->thread != y->thread)
        return x->thread < y->thread ? -1 : 1;
    if (x->received != y->received)
        return x->received < y->received ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

/* By the newest message, the newest group first. */
static int by_time(const void *a, const void *b)
{
    const struct group *x = a, *y = b;

    if (x->newest != y->newest)
        return x->newest > y->newest ? -1 : 1;
    return (x->thread < y->thread) - (x->thread > y->thread);
}

static int by_time_up(const void *a, const void *b)
{
    return by_time(b, a);
}

static struct group *find_groups(struct rows *r, size_t *ngroups)
{
    struct group *g = moxd_arena_calloc(r->tx->arena, r->n + 1, sizeof(*g));
    size_t n = 0;

    r->order = moxd_arena_calloc(r->tx->arena, r->n + 1, sizeof(*r->order));
    for (uint32_t i = 0; i < r->n; i++)
        r->order[i] = i;
    if (r->n > 0)
        qsort_r(r->order, r->n, sizeof(*r->order), by_thread, r->v);
    for (uint32_t i = 0; i < r->n; i++) {
        const struct node *node = &r->v[r->order[i]];

        if (n == 0 || g[n - 1].thread != node->thread)
            g[n++] = (struct group){ .from = i, .thread = node->thread };
        g[n - 1].to = i + 1;
        g[n - 1].newest = node->received;
    }
    qsort(g, n, sizeof(*g), r->want->oldest_first ? by_time_up : by_time);
    *ngroups = n;
    return g;
}

/* --- a thread as rows --------------------------------------------------------------------------- */

/* The one that stands for the thread: the oldest without a parent here. Others without one are shown below it, so that a
 * thread is one item. */
static uint32_t find_head(struct rows *r, const struct group *g)
{
    uint32_t head = NOBODY;

    for (uint32_t i = g->from; i < g->to; i++) {
        struct node *node = &r->v[r->order[i]];

        if (node->parent != NOBODY && r->v[node->parent].thread != g->thread)
            node->parent = NOBODY;
        if (node->parent == NOBODY && head == NOBODY)
            head = r->order[i];
        else if (node->parent == NOBODY)
            node->parent = head;
    }
    if (head == NOBODY) { /* of damaged data: all have parents */
        head = r->order[g->from];
        r->v[head].parent = NOBODY;
    }
    return head;
}

/* From the newest on, each in front of its siblings. */
static void link_children(struct rows *r, const struct group *g)
{
    for (uint32_t i = g->to; i-- > g->from;) {
        struct node *node = &r->v[r->order[i]];

        if (node->parent == NOBODY)
            continue;
        node->next = r->v[node->parent].child;
        r->v[node->parent].child = r->order[i];
    }
}

/* THR-07: "unread" opens threads in which something is unseen, "on" those that are not collapsed (THR-05). */
static bool is_open(const struct rows *r, const struct group *g, const struct node *node)
{
    if (r->want->mode == STORE_ROWS_ON)
        return !(node->state & STORE_THREAD_COLLAPSED);
    for (uint32_t i = g->from; i < g->to; i++)
        if (!(r->v[r->order[i]].flags & STORE_SEEN))
            return true;
    return false;
}

static void emit(struct rows *r, const struct node *node, unsigned depth, size_t *cap)
{
    struct store_rows *want = r->want;
    struct store_row *row = moxd_arena_push(want->arena, &want->v, &want->n, cap, sizeof(*row));

    *row = (struct store_row){ .id = node->id, .uid = node->uid, .received = node->received,
                               .thread = want->mode == STORE_ROWS_OFF ? 0 : node->thread,
                               .depth = depth, .flags = node->flags, .state = node->state };
}

struct step {
    uint32_t node, depth, row; /* row: index of the row that hides it; NOBODY */
};

/* Parents before children, without recursion: a thread may be as deep as it is long. */
static void emit_group(struct rows *r, const struct group *g, size_t *cap)
{
    uint32_t head = find_head(r, g);
    struct step *stack = moxd_arena_calloc(r->tx->arena, 2 * (g->to - g->from) + 2, sizeof(*stack));
    bool unread_open = r->want->mode == STORE_ROWS_UNREAD && is_open(r, g, &r->v[head]);
    size_t n = 0;

    link_children(r, g);
    stack[n++] = (struct step){ head, 0, NOBODY };
    while (n > 0) {
        struct step s = stack[--n];
        const struct node *node = &r->v[s.node];
        uint32_t hides = s.row;

        if (node->next != NOBODY)
            stack[n++] = (struct step){ node->next, s.depth, s.row };
        if (hides == NOBODY) {
            emit(r, node, s.depth, cap);
            bool open = r->want->mode == STORE_ROWS_UNREAD ? unread_open : is_open(r, g, node);
            hides = open ? NOBODY : (uint32_t)(r->want->n - 1);
        } else {
            r->want->v[hides].hidden++;
            r->want->v[hides].hidden_unseen += !(node->flags & STORE_SEEN);
        }
        if (node->child != NOBODY)
            stack[n++] = (struct step){ node->child, s.depth + 1, hides };
    }
}

/* --- a page ------------------------------------------------------------------------------------- */

/* The first group behind where the page before ended. */
static size_t begin(const struct store_rows *want, const struct group *g, size_t n)
{
    struct group last = { .newest = want->after_time, .thread = want->after };
    int (*order)(const void *, const void *) = want->oldest_first ? by_time_up : by_time;
    size_t i = 0;

    while (want->after != 0 && i < n && order(&g[i], &last) <= 0)
        i++;
    return i;
}

int store_op_rows(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_rows *want = arg;
    struct rows r = { .tx = tx, .want = want, .err = err };
    size_t ngroups, cap = 0;

    want->v = NULL;
    want->n = 0;
    if (read_messages(&r) < 0 || read_threads(&r) < 0)
        return -1;
    struct group *g = find_groups(&r, &ngroups);
    size_t i = begin(want, g, ngroups);
    want->threads = (uint32_t)ngroups;
    want->after = 0;
    for (; i < ngroups && want->n < want->max; i++) {
        emit_group(&r, &g[i], &cap);
        want->after = g[i].thread;
        want->after_time = g[i].newest;
    }
    if (i == ngroups)
        want->after = 0;
    return 0;
}
