/* What it costs to ask hooks.
 *
 *     bench/hooks */
#include "bench_util.h"

#include "module/set.h"

#include <moxd/loop.h>
#include <stdlib.h>

enum { FIRES = 2000000 };

struct event {
    int n;
};
#define MOXD_POINT_on_ask_MAJOR 1
typedef enum moxd_verdict moxd_on_ask_fn(struct moxd_instance *m, const struct event *ev,
                                         struct moxd_reply *reply);
#define MOXD_POINT_on_see_MAJOR 1
typedef void moxd_on_see_fn(struct moxd_instance *m, const struct event *ev);
MOXD_POINT_THUNK(on_ask, struct moxd_reply)
MOXD_POINT_THUNK_VOID(on_see)

static const struct moxd_point_def points[] = {
    MOXD_POINT(on_ask, MOXD_DECIDE, "struct event", "Asks."),
    MOXD_POINT(on_see, MOXD_OBSERVE, "struct event", "Shows."),
    { 0 },
};
static volatile int seen;

static enum moxd_verdict ask(struct moxd_instance *m, const struct event *ev,
                             struct moxd_reply *reply)
{
    (void)m, (void)reply;
    seen = ev->n;
    return MOXD_NEXT;
}

static void see(struct moxd_instance *m, const struct event *ev)
{
    (void)m;
    seen = ev->n;
}

static const struct moxd_hook hooks[] = { MOXD_HOOK(on_ask, ask), MOXD_HOOK(on_see, see), { 0 } };
static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h" };

static void add(struct core_modules *set, struct moxd_problems *problems, const char *name,
                bool owner)
{
    const struct moxd_module table = {
        MOXD_MODULE_HEAD(name, "1.0", "bench"),
        .instance_size = sizeof(struct moxd_instance),
        .points = owner ? points : NULL,
        .hooks = owner ? NULL : hooks,
    };

    core_modules_add(set, &table, name, (struct moxd_pos){ 0 }, problems);
}

static void fire(struct core_modules *set, int n)
{
    struct moxd_point *asks = core_point_find(set, "on_ask"),
                      *sees = core_point_find(set, "on_see");
    struct moxd_reply reply;
    struct event ev = { 7 };
    int64_t start = bench_cpu_ns();

    for (int i = 0; i < FIRES; i++)
        (void)moxd_fire(asks, &ev, &reply);
    int64_t middle = bench_cpu_ns();
    for (int i = 0; i < FIRES; i++)
        moxd_notify(sees, &ev);
    printf("%d hooks: decide %7.1f ns, observe %7.1f ns\n", n, (double)(middle - start) / FIRES,
           (double)(bench_cpu_ns() - middle) / FIRES);
}

static void run(void *arg)
{
    int n = *(int *)arg;
    struct moxd_problems *problems = core_problems_new();
    struct core_modules *set = core_modules_new();

    add(set, problems, "owner", true);
    for (int i = 0; i < n; i++)
        add(set, problems, names[i], false);
    core_modules_resolve(set, problems);
    if (core_modules_init(set, NULL, NULL) == 0)
        fire(set, n);
    (void)core_modules_stop(set, MOXD_NEVER);
    core_modules_free(set);
    core_problems_free(problems);
}

int main(void)
{
    static const int counts[] = { 0, 1, 8 };

    for (size_t i = 0; i < MOXD_NELEMS(counts); i++)
        moxd_loop_main(run, (void *)(uintptr_t)&counts[i]);
    return 0;
}
