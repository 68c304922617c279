#include "unit.h"

#include "module/topo.h"

static struct moxd_arena *a;

static struct core_topo *graph(size_t n, const char *edges)
{
    a = moxd_arena_new(0);
    struct core_topo *t = core_topo_new(a, n);

    for (; *edges; edges += 2)
        core_topo_before(t, (size_t)(edges[0] - '0'), (size_t)(edges[1] - '0'));
    return t;
}

static void expect_order(size_t n, const char *edges, const char *wanted)
{
    const struct core_topo *t = graph(n, edges);
    size_t out[10];

    ck_assert_uint_eq(core_topo_sort(t, out), 0);
    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq('0' + (int)out[i], wanted[i]);
    moxd_arena_free(a);
}

static void expect_cycle(size_t n, const char *edges, const char *wanted)
{
    const struct core_topo *t = graph(n, edges);
    size_t out[10];

    ck_assert_uint_eq(core_topo_sort(t, out), strlen(wanted));
    for (size_t i = 0; wanted[i]; i++)
        ck_assert_int_eq('0' + (int)out[i], wanted[i]);
    moxd_arena_free(a);
}

START_TEST(without_edges_the_order_stays)
{
    expect_order(0, "", "");
    expect_order(4, "", "0123");
}
END_TEST

START_TEST(edges_hold_and_ties_go_by_index)
{
    expect_order(4, "30", "1230");
    expect_order(5, "4231", "03142");
    expect_order(3, "2110", "210");
    expect_order(3, "212121", "021");
}
END_TEST

START_TEST(cycles_are_told_in_order)
{
    expect_cycle(1, "00", "0");
    expect_cycle(3, "211220", "12");
    expect_cycle(4, "123123", "123");
    expect_cycle(5, "0113344121", "134");
}
END_TEST

UNIT_MAIN("topo", without_edges_the_order_stays, edges_hold_and_ties_go_by_index,
          cycles_are_told_in_order)
