#include "fiber/fiber_priv.h"
#include "fiber/stack.h"
#include "loop/loop_priv.h"

#include <errno.h>
#include <stdlib.h>

/* tools/gdb/moxd-fibers.py reads this. */
static struct {
    struct core_ctx loop;           /* the loop's own stack */
    struct core_fiber *cur;         /* running; NULL: the loop */
    struct core_fiber *head, *tail; /* ready queue */
    unsigned nosuspend;
    struct moxd_fiber_stats stats;
} sched;

void core_sched_init(void)
{
    core_ctx_init_self(&sched.loop);
}

void core_sched_fini(void)
{
    moxd_assert(!(CORE_ASAN || CORE_TSAN) || sched.stats.live == 0);
    core_ctx_fini(&sched.loop);
    if (sched.stats.live == 0)
        core_stack_fini();
    core_slots_fini();
    sched.stats = (struct moxd_fiber_stats){ 0 };
    sched.head = sched.tail = NULL;
}

struct core_fiber *core_self(void)
{
    return sched.cur;
}

struct core_fiber *core_self_checked(void)
{
    moxd_assert(sched.cur != NULL && moxd_on_loop());
    return sched.cur;
}

unsigned core_sched_ready(void)
{
    return sched.stats.ready;
}

unsigned core_sched_live(void)
{
    return sched.stats.live;
}

void moxd_fiber_stats(struct moxd_fiber_stats *st)
{
    *st = sched.stats;
}

/* Life. */

static void switch_to_loop(struct core_fiber *f)
{
    moxd_assert(sched.nosuspend == 0);
    sched.stats.switches++;
    sched.cur = NULL;
    core_ctx_switch(&f->ctx, &sched.loop, f->state == CORE_ENDED);
}

static void fiber_main(void *arg)
{
    struct core_fiber *f = arg;

    f->fn(f->arg);
    f->state = CORE_ENDED;
    moxd_waitq_wake_all(&f->joiners);
    switch_to_loop(f);
    abort();
}

static void make_ready(struct core_fiber *f, int result)
{
    f->result = result;
    f->state = CORE_READY;
    f->next = NULL;
    if (sched.head != NULL)
        sched.tail->next = f;
    else
        sched.head = f;
    sched.tail = f;
    if (sched.stats.ready++ == 0)
        core_loop_kick();
}

static void on_deadline(struct core_timer *t)
{
    struct core_fiber *f = MOXD_CONTAINER(t, struct core_fiber, timer);

    if (f->abandon != NULL)
        atomic_store_explicit(f->abandon, true, memory_order_relaxed);
    else if (f->state == CORE_WAITING)
        make_ready(f, MOXD_TIMEOUT);
}

struct moxd_fid moxd_fiber_spawn(const char *name, void (*fn)(void *arg), void *arg)
{
    struct core_fiber *f = moxd_xcalloc(1, sizeof(*f));

    moxd_assert(moxd_on_loop());
    f->name = name;
    f->fn = fn;
    f->arg = arg;
    f->ceiling = MOXD_NEVER;
    f->timer = (struct core_timer){ .deadline = MOXD_NEVER, .fire = on_deadline };
    f->id = core_slot_take(f);
    core_ctx_init(&f->ctx, name, core_stack_get(), CORE_STACK_SIZE, fiber_main, f);
    sched.stats.live++;
    sched.stats.spawned++;
    make_ready(f, MOXD_OK);
    return f->id;
}

static void reap(struct core_fiber *f)
{
    moxd_assert(f->joiners.head == NULL);
    core_timer_fini(&f->timer);
    core_ctx_fini(&f->ctx);
    core_stack_put(f->ctx.stack);
    core_slot_free(f->id);
    sched.stats.live--;
    free(f);
}

static void run_one(struct core_fiber *f)
{
    moxd_assert(f->state == CORE_READY);
    f->state = CORE_RUNNING;
    sched.stats.switches++;
    sched.cur = f;
    core_ctx_switch(&sched.loop, &f->ctx, false);
    if (f->state == CORE_ENDED)
        reap(f);
}

void core_sched_run(void)
{
    for (unsigned n = sched.stats.ready; n > 0; n--) {
        struct core_fiber *f = sched.head;

        sched.head = f->next;
        sched.stats.ready--;
        run_one(f);
    }
}

/* Waiting. */

/* errno belongs to the thread: other fibers change it meanwhile. */
static int suspend(struct core_fiber *f)
{
    int saved = errno;

    switch_to_loop(f);
    errno = saved;
    return f->result;
}

static int wait_until(struct core_fiber *f, int64_t deadline)
{
    moxd_assert(sched.nosuspend == 0);
    f->state = CORE_WAITING;
    core_timer_set(&f->timer, deadline < f->ceiling ? deadline : f->ceiling);
    int result = suspend(f);
    core_timer_off(&f->timer);
    return result;
}

static int wait_for(int64_t deadline, bool pokeable)
{
    struct core_fiber *f = core_self_checked();

    if (moxd_fiber_cancelled())
        return MOXD_CANCELLED;
    if (pokeable && f->poked) {
        f->poked = false;
        return MOXD_OK;
    }
    f->pokeable = pokeable;
    int result = wait_until(f, deadline);
    f->pokeable = false;
    return result;
}

int core_wait(int64_t deadline)
{
    return wait_for(deadline, false);
}

int core_wait_poke(int64_t deadline)
{
    return wait_for(deadline, true);
}

void core_wait_job(atomic_bool *abandon)
{
    struct core_fiber *f = core_self_checked();

    f->abandon = abandon;
    wait_until(f, MOXD_NEVER);
    f->abandon = NULL;
}

bool core_wake(struct core_fiber *f)
{
    if (f->state != CORE_WAITING)
        return false;
    make_ready(f, MOXD_OK);
    return true;
}

int moxd_yield(void)
{
    struct core_fiber *f = core_self_checked();

    moxd_assert(sched.nosuspend == 0);
    if (moxd_fiber_cancelled())
        return MOXD_CANCELLED;
    make_ready(f, MOXD_OK);
    suspend(f);
    return moxd_fiber_cancelled() ? MOXD_CANCELLED : MOXD_OK;
}

/* Cancellation. */

bool moxd_fiber_cancelled(void)
{
    const struct core_fiber *f = core_self_checked();

    return f->cancelled && f->shields == 0;
}

static void cancel(struct core_fiber *f)
{
    f->cancelled = true;
    if (f->shields > 0)
        return;
    if (f->abandon != NULL)
        atomic_store_explicit(f->abandon, true, memory_order_relaxed);
    else if (f->state == CORE_WAITING)
        make_ready(f, MOXD_CANCELLED);
}

bool moxd_fiber_cancel(struct moxd_fid id)
{
    struct core_fiber *f = core_fiber_find(id);

    moxd_assert(moxd_on_loop());
    if (f == NULL || f->state == CORE_ENDED)
        return false;
    cancel(f);
    return true;
}

void core_sched_cancel_all(void)
{
    struct core_fiber *f;

    for (uint32_t i = 0; core_slot_next(&i, &f);) {
        if (f != sched.cur)
            cancel(f);
    }
}

void moxd_nosuspend_begin(void)
{
    sched.nosuspend++;
}

void moxd_nosuspend_end(void)
{
    moxd_assert(sched.nosuspend > 0);
    sched.nosuspend--;
}
