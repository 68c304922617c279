#include "forest.h"

#include <stdlib.h>
#include <string.h>

void mail_forest_grow(struct mail_forest *f, size_t n)
{
    size_t cap = f->cap ? f->cap : 64;

    if (n < f->cap)
        return;
    while (cap <= n)
        cap *= 2;
    f->v = moxd_xreallocarray(f->v, cap, sizeof(*f->v));
    memset(f->v + f->cap, 0, (cap - f->cap) * sizeof(*f->v));
    f->cap = cap;
}

void mail_forest_fini(struct mail_forest *f)
{
    free(f->v);
    *f = (struct mail_forest){ 0 };
}

/* Whether x is the root of its splay tree. */
static bool tops_path(const struct mail_forest *f, uint32_t x)
{
    uint32_t up = f->v[x].up;

    return up == 0 || (f->v[up].left != x && f->v[up].right != x);
}

static void set_child(struct mail_forest *f, uint32_t x, bool left, uint32_t child)
{
    if (left)
        f->v[x].left = child;
    else
        f->v[x].right = child;
    if (child)
        f->v[child].up = x;
}

/* Turns x above its parent in the splay tree. */
static void rotate(struct mail_forest *f, uint32_t x)
{
    uint32_t p = f->v[x].up, g = f->v[p].up;
    bool left = f->v[p].left == x, top = tops_path(f, p);

    if (!top && f->v[g].left == p)
        f->v[g].left = x;
    else if (!top)
        f->v[g].right = x;
    set_child(f, p, left, left ? f->v[x].right : f->v[x].left);
    set_child(f, x, !left, p);
    f->v[x].up = g;
}

static void splay(struct mail_forest *f, uint32_t x)
{
    while (!tops_path(f, x)) {
        uint32_t p = f->v[x].up, g = f->v[p].up;

        if (!tops_path(f, p))
            rotate(f, (f->v[p].left == x) == (f->v[g].left == p) ? p : x);
        rotate(f, x);
    }
}

/* Makes the path from the root down to x one splay tree, with x on top and nothing right of it. */
static void expose(struct mail_forest *f, uint32_t x)
{
    uint32_t last = 0;

    for (uint32_t y = x; y; y = f->v[y].up) {
        splay(f, y);
        f->v[y].right = last;
        last = y;
    }
    splay(f, x);
}

uint32_t mail_forest_root(struct mail_forest *f, uint32_t x)
{
    expose(f, x);
    while (f->v[x].left)
        x = f->v[x].left;
    splay(f, x);
    return x;
}

void mail_forest_link(struct mail_forest *f, uint32_t root, uint32_t above)
{
    expose(f, root);
    moxd_assert(f->v[root].left == 0 && f->v[root].up == 0);
    expose(f, above);
    f->v[root].up = above;
}

void mail_forest_cut(struct mail_forest *f, uint32_t x)
{
    expose(f, x);
    moxd_assert(f->v[x].left != 0);
    f->v[f->v[x].left].up = 0;
    f->v[x].left = 0;
}
