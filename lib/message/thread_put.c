/* REFERENCES step 6, and the answer (RFC 5256 BASE.7.2.THREAD): "2 3" is a parent and its only child, "2
 * (3)(4)" one with two; children without a parent that is there are "((3)(4))". */
#include "thread_nodes.h"

static bool only_child(const struct moxd_threads *t, uint32_t node)
{
    uint32_t parent = t->nodes[node].parent;

    return t->nodes[t->nodes[parent].child].next == 0;
}

/* Goes down to the first child of the node, if there is one, and writes what is between them. */
static uint32_t descend(const struct moxd_threads *t, uint32_t node, struct moxd_buf *out)
{
    uint32_t child = t->nodes[node].child;

    if (child == 0)
        return 0;
    if (t->nodes[node].msg)
        moxd_buf_addc(out, ' ');
    if (!only_child(t, child))
        moxd_buf_addc(out, '(');
    return child;
}

/* Goes up until there is a next sibling; 0 when the thread is complete. */
static uint32_t ascend(const struct moxd_threads *t, uint32_t node, struct moxd_buf *out)
{
    while (t->nodes[node].parent) {
        if (!only_child(t, node)) {
            moxd_buf_addc(out, ')');
            if (t->nodes[node].next) {
                moxd_buf_addc(out, '(');
                return t->nodes[node].next;
            }
        }
        node = t->nodes[node].parent;
    }
    return 0;
}

static void put_thread(const struct moxd_threads *t, uint32_t top, struct moxd_buf *out)
{
    uint32_t node = top, next;

    moxd_buf_addc(out, '(');
    while (node) {
        if (t->nodes[node].msg)
            moxd_buf_addf(out, "%u", t->msgs[t->nodes[node].msg - 1].number);
        next = descend(t, node, out);
        node = next ? next : ascend(t, node, out);
    }
    moxd_buf_addc(out, ')');
}

void mail_thread_put(struct moxd_threads *t, struct moxd_buf *out)
{
    for (uint32_t i = 1; i < t->nnodes; i++)
        mail_thread_sort_children(t, i);
    mail_thread_sort_tops(t);
    for (size_t i = 0; i < t->ntops; i++)
        put_thread(t, t->tops[i], out);
}
