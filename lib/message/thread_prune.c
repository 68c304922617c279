/* REFERENCES steps 2 and 3: the tree under the root, without dummies. A dummy goes, and its children take
 * its place, until they would be children of the root: there it holds two and more together. */
#include "thread_nodes.h"

#include <stdlib.h>

/* For each node, what its children are put below: itself; of a dummy, what the dummy is below; of a dummy
 * on top, that one. `up` is 0 where it is not known yet. */
static uint32_t up_of(const struct moxd_threads *t, uint32_t *up, uint32_t node)
{
    uint32_t top = node;

    while (!up[top] && !t->nodes[top].msg && t->nodes[top].parent)
        top = t->nodes[top].parent;
    if (up[top])
        top = up[top];
    while (node != top && !up[node]) {
        up[node] = top;
        node = t->nodes[node].parent;
    }
    up[top] = top;
    return top;
}

/* Each message below the next one above it, or below a dummy on top. */
static void attach(struct moxd_threads *t, uint32_t *up)
{
    for (uint32_t i = 1; i < t->nnodes; i++)
        (void)up_of(t, up, i);
    for (size_t i = 0; i < t->nmsgs; i++) {
        uint32_t node = t->msgs[i].node, parent = t->nodes[node].parent;

        if (parent)
            mail_thread_put_below(t, node, up[parent]);
        else
            mail_thread_top(t, node);
    }
}

static void prune_top(struct moxd_threads *t, uint32_t dummy)
{
    uint32_t child = t->nodes[dummy].child;

    if (child && t->nodes[child].next) {
        mail_thread_top(t, dummy);
    } else if (child) {
        t->nodes[dummy].child = 0;
        mail_thread_top(t, child);
    }
}

void mail_thread_prune(struct moxd_threads *t)
{
    uint32_t *up = moxd_xcalloc(t->nnodes, sizeof(*up));

    attach(t, up);
    free(up);
    for (uint32_t i = 1; i < t->nnodes; i++)
        if (!t->nodes[i].msg && t->nodes[i].parent == 0)
            prune_top(t, i);
}
