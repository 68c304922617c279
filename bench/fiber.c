/* Fibers and offload: what a switch, a fiber and a job cost.
 *
 *     bench/fiber [parked fibers, default 20000] */
#include "bench_util.h"

#include <moxd/fiber.h>
#include <moxd/loop.h>
#include <moxd/offload.h>

enum {
    SWITCHERS = 100,
    BATCH = 50,
    YIELDS = 20000,
    SPAWNS = 200000,
    TURNS = 100000,
    JOBS = 200000
};

static void nothing(void *arg)
{
    (void)arg;
}

static void yield_often(void *arg)
{
    for (long i = 0; i < *(long *)arg; i++)
        moxd_yield();
}

static void join_all(struct moxd_fid *f, int n)
{
    for (int i = 0; i < n; i++)
        moxd_fiber_join(f[i], MOXD_NEVER);
}

static void bench_yield(int fibers, long yields)
{
    struct moxd_fid f[SWITCHERS];
    struct moxd_fiber_stats before, after;
    int64_t start = bench_ns();

    moxd_fiber_stats(&before);
    for (int i = 0; i < fibers; i++)
        f[i] = moxd_fiber_spawn("yields", yield_often, &yields);
    join_all(f, fibers);
    moxd_fiber_stats(&after);
    double ns = (double)(bench_ns() - start);
    printf("yield among %3d fibers           %8.1f ns each, %.1f ns a switch\n", fibers,
           ns / (double)(fibers * yields), ns / (double)(after.switches - before.switches));
}

static void bench_spawn(void)
{
    int64_t start = bench_ns();

    for (int i = 0; i < SPAWNS; i++) {
        moxd_fiber_spawn("nothing", nothing, NULL);
        if (i % BATCH == 0)
            moxd_yield();
    }
    moxd_yield();
    printf("spawn, run, end                  %8.1f ns\n", (double)(bench_ns() - start) / SPAWNS);
}

static void bench_deadline(void)
{
    int64_t start = bench_ns();

    for (int i = 0; i < TURNS; i++) {
        moxd_poke(moxd_fiber_self());
        if (moxd_park(moxd_deadline(300 * MOXD_SEC)) != MOXD_OK)
            abort();
    }
    printf("park that was poked before       %8.1f ns\n", (double)(bench_ns() - start) / TURNS);
}

struct offloader {
    int jobs;
    int64_t *ns;
};

static void offload_often(void *arg)
{
    const struct offloader *o = arg;

    for (int i = 0; i < o->jobs; i++) {
        int64_t start = bench_ns();
        if (moxd_offload(MOXD_LANE_CPU, nothing, NULL) != MOXD_OK)
            abort();
        o->ns[i] = bench_ns() - start;
    }
}

static void bench_offload(int fibers)
{
    int per = JOBS / (fibers < 10 ? 10 : 1) / fibers;
    struct offloader *o = calloc((size_t)fibers, sizeof(*o));
    struct moxd_fid *f = calloc((size_t)fibers, sizeof(*f));
    int64_t *ns = calloc((size_t)(per * fibers), sizeof(*ns));
    int64_t start = bench_ns(), cpu = bench_cpu_ns();

    for (int i = 0; i < fibers; i++) {
        o[i] = (struct offloader){ per, ns + i * per };
        f[i] = moxd_fiber_spawn("offloads", offload_often, &o[i]);
    }
    join_all(f, fibers);
    double n = (double)per * fibers, wall = (double)(bench_ns() - start);
    cpu = bench_cpu_ns() - cpu;
    printf("offload from %4d fibers         %8.0f /s, p50 %.1f us, p99 %.1f us, cpu %.1f us\n",
           fibers, n * 1e9 / wall, (double)bench_percentile(ns, (size_t)n, 50) / 1e3,
           (double)bench_percentile(ns, (size_t)n, 99) / 1e3, (double)cpu / n / 1e3);
    free(o);
    free(f);
    free(ns);
}

static void park(void *arg)
{
    (void)arg;
    moxd_park(MOXD_NEVER);
}

/* Touches about 16 KiB of the stack, as a TLS handshake does. */
static int descend(int depth)
{
    volatile char frame[2000];

    frame[0] = (char)depth;
    return depth > 0 ? descend(depth - 1) + frame[0] : frame[0];
}

static void deep_then_park(void *arg)
{
    descend(8);
    park(arg);
}

static void deep_then_trim(void *arg)
{
    descend(8);
    moxd_fiber_trim();
    park(arg);
}

static void bench_memory(const char *what, void (*fn)(void *), int n)
{
    struct moxd_fid *f = calloc((size_t)n, sizeof(*f));
    long before = bench_rss();

    for (int i = 0; i < n; i++) {
        f[i] = moxd_fiber_spawn("parked", fn, NULL);
        if (i % SWITCHERS == 0)
            moxd_yield();
    }
    moxd_yield();
    printf("memory of %-22s %8.2f KiB each of %d\n", what, (double)(bench_rss() - before) / n, n);
    for (int i = 0; i < n; i++)
        moxd_poke(f[i]);
    join_all(f, n);
    free(f);
}

static void run(void *arg)
{
    int parked = *(int *)arg;

    bench_yield(SWITCHERS, YIELDS);
    bench_yield(1, YIELDS * 10);
    bench_spawn();
    bench_deadline();
    bench_offload(1);
    bench_offload(50);
    bench_offload(1000);
    bench_memory("a parked fiber", park, parked);
    bench_memory("one that went deep", deep_then_park, parked);
    bench_memory("one trimmed after that", deep_then_trim, parked);
}

int main(int argc, char **argv)
{
    int parked = argc > 1 ? atoi(argv[1]) : 20000;

    moxd_loop_main(run, &parked);
    return 0;
}
