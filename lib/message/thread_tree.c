/* Threads: the messages, the tree, ORDEREDSUBJECT. */
#include "thread_nodes.h"

#include <stdlib.h>

struct moxd_threads *moxd_threads_new(void)
{
    struct moxd_threads *t = moxd_xcalloc(1, sizeof(*t));

    moxd_random(&t->key, sizeof(t->key));
    (void)mail_thread_node_new(t); /* 0 means none */
    return t;
}

void moxd_threads_free(struct moxd_threads *t)
{
    free(t->nodes);
    free(t->msgs);
    free(t->tops);
    mail_map_fini(&t->ids);
    mail_forest_fini(&t->forest);
    free(t);
}

uint32_t mail_thread_node_new(struct moxd_threads *t)
{
    if (t->nnodes == t->nodes_cap) {
        t->nodes_cap = t->nodes_cap ? t->nodes_cap * 2 : 64;
        t->nodes = moxd_xreallocarray(t->nodes, t->nodes_cap, sizeof(*t->nodes));
    }
    moxd_assert(t->nnodes < UINT32_MAX);
    t->nodes[t->nnodes] = (struct mail_thread_node){ 0 };
    return (uint32_t)t->nnodes++;
}

void mail_thread_top(struct moxd_threads *t, uint32_t node)
{
    if (t->ntops == t->tops_cap) {
        t->tops_cap = t->tops_cap ? t->tops_cap * 2 : 64;
        t->tops = moxd_xreallocarray(t->tops, t->tops_cap, sizeof(*t->tops));
    }
    t->nodes[node].parent = 0;
    t->tops[t->ntops++] = node;
}

void mail_thread_put_below(struct moxd_threads *t, uint32_t node, uint32_t parent)
{
    t->nodes[node].parent = parent;
    t->nodes[node].next = t->nodes[parent].child;
    t->nodes[parent].child = node;
}

const struct mail_thread_msg *mail_thread_msg_of(const struct moxd_threads *t, uint32_t node)
{
    if (!t->nodes[node].msg)
        node = t->nodes[node].child;
    moxd_assert(t->nodes[node].msg);
    return &t->msgs[t->nodes[node].msg - 1];
}

void moxd_threads_add(struct moxd_threads *t, const struct moxd_thread_msg *msg)
{
    struct mail_thread_msg *m;

    if (t->nmsgs == t->msgs_cap) {
        t->msgs_cap = t->msgs_cap ? t->msgs_cap * 2 : 64;
        t->msgs = moxd_xreallocarray(t->msgs, t->msgs_cap, sizeof(*t->msgs));
    }
    m = &t->msgs[t->nmsgs++];
    *m = (struct mail_thread_msg){ .sent = msg->sent, .number = msg->number, .reply = msg->reply };
    if (msg->subject.n > 0)
        m->subject = moxd_hash(&t->key, msg->subject) | 1;
    mail_thread_link(t, msg, &m->node);
}

/* --- order by date -------------------------------------------------------------------------------- */

static int compare_msgs(const struct mail_thread_msg *x, const struct mail_thread_msg *y)
{
    if (x->sent != y->sent)
        return x->sent < y->sent ? -1 : 1;
    return x < y ? -1 : x > y; /* as in the mailbox */
}

static int compare_nodes(const void *a, const void *b, void *arg)
{
    const struct moxd_threads *t = arg;
    const uint32_t *x = a, *y = b;

    return compare_msgs(mail_thread_msg_of(t, *x), mail_thread_msg_of(t, *y));
}

void mail_thread_sort_children(struct moxd_threads *t, uint32_t node)
{
    uint32_t *v, n = 0;

    for (uint32_t c = t->nodes[node].child; c; c = t->nodes[c].next)
        n++;
    if (n < 2)
        return;
    v = moxd_xreallocarray(NULL, n, sizeof(*v));
    n = 0;
    for (uint32_t c = t->nodes[node].child; c; c = t->nodes[c].next)
        v[n++] = c;
    qsort_r(v, n, sizeof(*v), compare_nodes, t);
    t->nodes[node].child = 0;
    while (n > 0)
        mail_thread_put_below(t, v[--n], node);
    free(v);
}

void mail_thread_sort_tops(struct moxd_threads *t)
{
    for (size_t i = 0; i < t->ntops; i++)
        if (!t->nodes[t->tops[i]].msg)
            mail_thread_sort_children(t, t->tops[i]);
    if (t->ntops > 1)
        qsort_r(t->tops, t->ntops, sizeof(*t->tops), compare_nodes, t);
}

/* --- the algorithms ------------------------------------------------------------------------------- */

static int by_subject(const void *a, const void *b)
{
    const struct mail_thread_msg *const *x = a, *const *y = b;

    if ((*x)->subject != (*y)->subject)
        return (*x)->subject < (*y)->subject ? -1 : 1;
    return compare_msgs(*x, *y);
}

/* The order of subjects does not show: threads are sorted by date in the end. */
void moxd_threads_by_subject(struct moxd_threads *t, struct moxd_buf *out)
{
    const struct mail_thread_msg **v = moxd_xcalloc(t->nmsgs + 1, sizeof(*v));
    const struct mail_thread_msg *first = NULL;

    for (size_t i = 0; i < t->nmsgs; i++)
        v[i] = &t->msgs[i];
    qsort(v, t->nmsgs, sizeof(*v), by_subject);
    for (size_t i = 0; i < t->nmsgs; i++) {
        if (first && first->subject == v[i]->subject) {
            mail_thread_put_below(t, v[i]->node, first->node);
        } else {
            first = v[i];
            mail_thread_top(t, first->node);
        }
    }
    free(v);
    mail_thread_put(t, out);
}

void moxd_threads_by_references(struct moxd_threads *t, struct moxd_buf *out)
{
    mail_thread_prune(t);
    mail_thread_sort_tops(t);
    mail_thread_merge(t);
    mail_thread_put(t, out);
}
