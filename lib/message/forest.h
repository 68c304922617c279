/* Trees that are linked and cut at any time, and asked for the root of any node: in logarithmic time,
 * however deep they are. A link-cut tree (Sleator and Tarjan, 1983). Nodes are numbers from 1. */
#ifndef MAIL_FOREST_H
#define MAIL_FOREST_H

#include <moxd/base.h>

struct mail_forest {
    /* Of each node: children and parent in its splay tree; for the root of one, `up` is the node above
     * its path. */
    struct mail_forest_node {
        uint32_t left, right, up;
    } * v;
    size_t cap;
};

/* Room for nodes up to n, new ones alone. */
void mail_forest_grow(struct mail_forest *f, size_t n);
void mail_forest_fini(struct mail_forest *f);
uint32_t mail_forest_root(struct mail_forest *f, uint32_t x);
/* Puts a root below a node of another tree. */
void mail_forest_link(struct mail_forest *f, uint32_t root, uint32_t above);
/* Takes a node that is no root, with what is below it, off its tree. */
void mail_forest_cut(struct mail_forest *f, uint32_t x);

#endif
