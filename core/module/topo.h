/* Topological order: for modules over what they need, for hooks over their before/after edges. */
#ifndef MOXD_CORE_TOPO_H
#define MOXD_CORE_TOPO_H

#include <moxd/arena.h>

struct core_topo;

/* A graph of n items without edges. Everything lives in the arena. */
struct core_topo *core_topo_new(struct moxd_arena *a, size_t n);
/* Item x must come before item y; again is fine. An edge from an item to itself is a cycle. */
void core_topo_before(struct core_topo *t, size_t x, size_t y);
/* Fills out[n] with the items so that every edge holds; of those that are free to come next, the one
 * with the lowest index comes first. Returns 0. When the edges make a circle, returns the number of
 * items in one of the circles and fills out with them, each before the next and the last before the
 * first, beginning with the lowest. */
size_t core_topo_sort(const struct core_topo *t, size_t *out) MOXD_CHECKED;

#endif
