#include "module/topo.h"

struct core_topo {
    struct moxd_arena *a;
    size_t n;
    bool *edge; /* edge[x * n + y]: x before y */
};

struct core_topo *core_topo_new(struct moxd_arena *a, size_t n)
{
    struct core_topo *t = moxd_arena_alloc(a, sizeof(*t));

    *t =
        (struct core_topo){ .a = a, .n = n, .edge = moxd_arena_calloc(a, n * n + 1, sizeof(bool)) };
    return t;
}

void core_topo_before(struct core_topo *t, size_t x, size_t y)
{
    moxd_assert(x < t->n && y < t->n);
    t->edge[x * t->n + y] = true;
}

/* An item that must come before y and is not placed yet; n when y is free. */
static size_t blocker(const struct core_topo *t, const bool *placed, size_t y)
{
    for (size_t x = 0; x < t->n; x++)
        if (!placed[x] && t->edge[x * t->n + y])
            return x;
    return t->n;
}

/* Turns the chain, which was collected backwards, round and makes it begin with its lowest item. */
static void present_cycle(size_t *chain, size_t n)
{
    size_t lowest = 0;

    for (size_t i = 0; i < n / 2; i++) {
        size_t tmp = chain[i];
        chain[i] = chain[n - 1 - i];
        chain[n - 1 - i] = tmp;
    }
    for (size_t i = 1; i < n; i++)
        if (chain[i] < chain[lowest])
            lowest = i;
    for (; lowest > 0; lowest--) {
        size_t first = chain[0];
        memmove(chain, chain + 1, (n - 1) * sizeof(*chain));
        chain[n - 1] = first;
    }
}

/* Every item that is left has a blocker: following them back must meet an item again. */
static size_t find_cycle(const struct core_topo *t, const bool *placed, size_t *out)
{
    size_t *seen_at = moxd_arena_calloc(t->a, t->n, sizeof(*seen_at)); /* position + 1 */
    size_t *chain = moxd_arena_calloc(t->a, t->n, sizeof(*chain));
    size_t x = 0, n = 0;

    while (placed[x])
        x++;
    for (; !seen_at[x]; x = blocker(t, placed, x)) {
        chain[n++] = x;
        seen_at[x] = n;
    }
    size_t start = seen_at[x] - 1;
    memcpy(out, chain + start, (n - start) * sizeof(*out));
    present_cycle(out, n - start);
    return n - start;
}

size_t core_topo_sort(const struct core_topo *t, size_t *out)
{
    bool *placed = moxd_arena_calloc(t->a, t->n + 1, sizeof(*placed));

    for (size_t i = 0; i < t->n; i++) {
        size_t x = 0;

        while (x < t->n && (placed[x] || blocker(t, placed, x) != t->n))
            x++;
        if (x == t->n)
            return find_cycle(t, placed, out);
        placed[x] = true;
        out[i] = x;
    }
    return 0;
}
