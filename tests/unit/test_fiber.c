#include "in_fiber.h"

#include <errno.h>

static void say_thrice(void *arg)
{
    for (int i = 0; i < 3; i++) {
        note(arg);
        ck_assert_int_eq(moxd_yield(), MOXD_OK);
    }
}

IN_FIBER(yields_in_turn)
{
    moxd_fiber_spawn("a", say_thrice, TEXT("a"));
    struct moxd_fid b = moxd_fiber_spawn("b", say_thrice, TEXT("b"));
    ck_assert_str_eq(trace, "");
    ck_assert_int_eq(moxd_fiber_join(b, MOXD_NEVER), MOXD_OK);
    ck_assert_str_eq(trace, "ababab");
}

static double work_with_registers(double x)
{
    double a = x + 1, b = x * 2, c = x - 3;
    long d = (long)x + 4, e = (long)x * 5;

    for (int i = 0; i < 50; i++) {
        moxd_yield();
        a += b, b += c, c += 0.5, d += e, e += 1;
    }
    return a + b + c + (double)(d + e);
}

static void check_registers(void *arg)
{
    double *x = arg;
    double got = work_with_registers(*x);

    *x = got;
}

/* Values that live in preserved and in floating point registers survive the others' runs. */
IN_FIBER(keeps_registers)
{
    double x[20], same = 7;
    struct moxd_fid f[20];

    for (int i = 0; i < 20; i++) {
        x[i] = i % 2 ? i : 7;
        f[i] = moxd_fiber_spawn("registers", check_registers, &x[i]);
    }
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(moxd_fiber_join(f[i], MOXD_NEVER), MOXD_OK);
    moxd_fiber_join(moxd_fiber_spawn("alone", check_registers, &same), MOXD_NEVER);
    for (int i = 0; i < 20; i += 2)
        ck_assert_double_eq(x[i], same);
}

static void set_errno(void *arg)
{
    (void)arg;
    errno = ENOTDIR;
}

IN_FIBER(keeps_errno)
{
    moxd_fiber_spawn("errno", set_errno, NULL);
    errno = EMFILE;
    moxd_yield();
    ck_assert_int_eq(errno, EMFILE);
}

static void nothing(void *arg)
{
    (void)arg;
}

IN_FIBER(ids_are_never_valid_again)
{
    struct moxd_fid first = moxd_fiber_spawn("first", nothing, NULL);

    ck_assert(moxd_fiber_alive(first));
    moxd_fiber_join(first, MOXD_NEVER);
    ck_assert(!moxd_fiber_alive(first));
    for (int i = 0; i < 100; i++) {
        struct moxd_fid next = moxd_fiber_spawn("next", nothing, NULL);
        ck_assert(next.slot != first.slot || next.gen != first.gen);
        ck_assert(!moxd_fiber_alive(first));
        moxd_fiber_join(next, MOXD_NEVER);
    }
    ck_assert(!moxd_fiber_cancel(first));
    ck_assert(!moxd_fiber_alive(MOXD_NO_FIBER));
    moxd_poke(first);
    ck_assert_int_eq(moxd_fiber_join(first, MOXD_NEVER), MOXD_OK);
    ck_assert(moxd_fiber_alive(moxd_fiber_self()));
}

static void step_hour(void *arg)
{
    (void)arg;
    moxd_clock_step(3600 * MOXD_SEC);
}

IN_FIBER(deadlines_end_waits)
{
    moxd_fiber_spawn("step", step_hour, NULL);
    ck_assert_int_eq(moxd_park(moxd_deadline(1800 * MOXD_SEC)), MOXD_TIMEOUT);
    /* One that has passed lets the others run, and ends. */
    struct moxd_fid a = moxd_fiber_spawn("a", say_thrice, TEXT("a"));
    ck_assert_int_eq(moxd_park(0), MOXD_TIMEOUT);
    ck_assert_str_eq(trace, "a");
    moxd_fiber_join(a, MOXD_NEVER);
    moxd_fiber_spawn("step", step_hour, NULL);
    ck_assert_int_eq(moxd_sleep(60 * MOXD_SEC), MOXD_OK);
}

struct sleeper {
    int64_t ns;
    const char *name;
};

static void sleep_and_note(void *arg)
{
    const struct sleeper *s = arg;

    ck_assert_int_eq(moxd_sleep(s->ns), MOXD_OK);
    note(s->name);
}

IN_FIBER(deadlines_end_in_order)
{
    static const struct sleeper all[] = { { 5, "5" }, { 1, "1" }, { 4, "4" },
                                          { 3, "3" }, { 2, "2" }, { 6, "6" } };
    struct sleeper hours[6];
    struct moxd_fid f[6];

    for (int i = 0; i < 6; i++) {
        hours[i] = (struct sleeper){ all[i].ns * 3600 * MOXD_SEC, all[i].name };
        f[i] = moxd_fiber_spawn("sleeper", sleep_and_note, &hours[i]);
    }
    moxd_yield();
    for (int i = 0; i < 6; i++) {
        moxd_clock_step(3600 * MOXD_SEC + MOXD_SEC);
        for (int k = 0; k < 3; k++)
            moxd_yield();
    }
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(moxd_fiber_join(f[i], MOXD_NEVER), MOXD_OK);
    ck_assert_str_eq(trace, "123456");
}

/* A later deadline is not cut short by the earlier one of the wait before. */
IN_FIBER(later_deadline_after_earlier)
{
    ck_assert_int_eq(moxd_park(moxd_deadline(1000)), MOXD_TIMEOUT);
    moxd_poke(moxd_fiber_self());
    ck_assert_int_eq(moxd_park(moxd_deadline(60 * MOXD_SEC)), MOXD_OK);
    int64_t before = moxd_mono();
    moxd_fiber_spawn("step", step_hour, NULL);
    ck_assert_int_eq(moxd_park(moxd_deadline(3600 * MOXD_SEC)), MOXD_TIMEOUT);
    ck_assert(moxd_mono() - before >= 3600 * MOXD_SEC);
}

IN_FIBER(ceiling_cuts_waits)
{
    int64_t old = moxd_fiber_ceiling(moxd_deadline(600 * MOXD_SEC));

    ck_assert(old == MOXD_NEVER);
    moxd_fiber_spawn("step", step_hour, NULL);
    ck_assert_int_eq(moxd_park(MOXD_NEVER), MOXD_TIMEOUT);
    ck_assert_int_eq(moxd_sleep(MOXD_SEC), MOXD_TIMEOUT);
    ck_assert(moxd_fiber_ceiling(old) != MOXD_NEVER);
    ck_assert_int_eq(moxd_yield(), MOXD_OK);
}

static void wait_cancelled(void *arg)
{
    int *results = arg;
    struct moxd_waitq q = { NULL, NULL };
    struct moxd_fifolock l = { .readers = 0 };

    results[0] = moxd_park(MOXD_NEVER);
    results[1] = moxd_park(MOXD_NEVER);
    results[2] = moxd_sleep(1);
    results[3] = moxd_yield();
    results[4] = moxd_waitq_wait(&q, MOXD_NEVER);
    results[5] = moxd_fifolock_exclusive(&l, MOXD_NEVER);
    results[6] = moxd_wait_fd(0, MOXD_FD_READ, MOXD_NEVER);
    results[7] = moxd_fiber_cancelled() ? MOXD_CANCELLED : MOXD_OK;
}

IN_FIBER(cancel_is_sticky)
{
    int results[8] = { 0 };
    struct moxd_fid f = moxd_fiber_spawn("victim", wait_cancelled, results);

    moxd_yield();
    ck_assert(moxd_fiber_cancel(f));
    ck_assert(moxd_fiber_cancel(f));
    ck_assert_int_eq(moxd_fiber_join(f, MOXD_NEVER), MOXD_OK);
    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(results[i], MOXD_CANCELLED);
}

IN_FIBER(cancel_before_the_first_run)
{
    int results[8] = { 0 };
    struct moxd_fid f = moxd_fiber_spawn("victim", wait_cancelled, results);

    ck_assert(moxd_fiber_cancel(f));
    moxd_fiber_join(f, MOXD_NEVER);
    ck_assert_int_eq(results[0], MOXD_CANCELLED);
}

static void clean_up_shielded(void *arg)
{
    int *results = arg;

    moxd_fiber_shield();
    results[0] = moxd_park(MOXD_NEVER);
    results[1] = moxd_yield();
    results[2] = moxd_fiber_cancelled();
    moxd_fiber_unshield();
    results[3] = moxd_yield();
}

IN_FIBER(shield_holds_cancel_back)
{
    int results[4];
    struct moxd_fid f = moxd_fiber_spawn("shielded", clean_up_shielded, results);

    moxd_yield();
    moxd_fiber_cancel(f);
    moxd_yield();
    moxd_poke(f);
    moxd_fiber_join(f, MOXD_NEVER);
    ck_assert_int_eq(results[0], MOXD_OK);
    ck_assert_int_eq(results[1], MOXD_OK);
    ck_assert_int_eq(results[2], false);
    ck_assert_int_eq(results[3], MOXD_CANCELLED);
}

static void poke_twice(void *arg)
{
    struct moxd_fid *f = arg;

    moxd_poke(*f);
    moxd_poke(*f);
}

IN_FIBER(pokes_are_remembered_once)
{
    struct moxd_fid self = moxd_fiber_self();

    moxd_poke(self);
    moxd_poke(self);
    ck_assert_int_eq(moxd_park(MOXD_NEVER), MOXD_OK);
    ck_assert_int_eq(moxd_park(0), MOXD_TIMEOUT);
    /* Others than park ignore them, and leave them for park. */
    moxd_fiber_spawn("poke", poke_twice, &self);
    ck_assert_int_eq(moxd_sleep(1000), MOXD_OK);
    moxd_yield();
    ck_assert_int_eq(moxd_park(0), MOXD_OK);
    ck_assert_int_eq(moxd_park(0), MOXD_TIMEOUT);
    /* The first of two pokes ends the park, the second is kept. */
    moxd_fiber_spawn("poke", poke_twice, &self);
    ck_assert_int_eq(moxd_park(MOXD_NEVER), MOXD_OK);
    ck_assert_int_eq(moxd_park(0), MOXD_OK);
}

static void join_with_deadline(void *arg)
{
    struct moxd_fid *f = arg;

    note(moxd_wait_name(moxd_fiber_join(*f, moxd_deadline(MOXD_SEC))));
}

static void park_forever(void *arg)
{
    (void)arg;
    note(moxd_park(MOXD_NEVER) == MOXD_CANCELLED ? " cancelled" : " ?");
}

IN_FIBER(join_has_a_deadline)
{
    struct moxd_fid target = moxd_fiber_spawn("target", park_forever, NULL);
    struct moxd_fid joiner = moxd_fiber_spawn("joiner", join_with_deadline, &target);

    moxd_yield();
    moxd_clock_step(2 * MOXD_SEC);
    moxd_fiber_join(joiner, MOXD_NEVER);
    moxd_fiber_cancel(target);
    moxd_fiber_join(target, MOXD_NEVER);
    ck_assert_str_eq(trace, "timeout cancelled");
}

static void many(void *arg)
{
    int *count = arg;

    ++*count;
    moxd_yield();
    ++*count;
    moxd_fiber_trim();
}

enum { MANY = UNIT_TSAN ? 200 : 10000 }; /* TSan's fibers are slow */

IN_FIBER(many_fibers)
{
    struct moxd_fiber_stats st;
    int count = 0;

    for (int i = 0; i < MANY; i++)
        moxd_fiber_spawn("many", many, &count);
    moxd_fiber_stats(&st);
    ck_assert_uint_eq(st.live, MANY + 1);
    ck_assert_uint_eq(st.ready, MANY);
    while (moxd_yield() == MOXD_OK && st.live > 1)
        moxd_fiber_stats(&st);
    ck_assert_int_eq(count, 2 * MANY);
    ck_assert_uint_eq(st.spawned, MANY + 1);
}

static void leftover(void *arg)
{
    note(arg);
    note(moxd_wait_name(moxd_park(MOXD_NEVER)));
}

static void leave_two(void *arg)
{
    (void)arg;
    moxd_fiber_spawn("one", leftover, TEXT("1"));
    moxd_fiber_spawn("two", leftover, TEXT("2"));
    moxd_yield();
}

START_TEST(main_cancels_what_it_leaves)
{
    trace[0] = '\0';
    moxd_loop_main(leave_two, NULL);
    ck_assert_str_eq(trace, "12cancelledcancelled");
}
END_TEST

static void suspend_in_nosuspend(void *arg)
{
    (void)arg;
    moxd_nosuspend_begin();
    moxd_yield();
}

static void balanced_nosuspend(void *arg)
{
    moxd_nosuspend_begin();
    moxd_nosuspend_end();
    moxd_yield();
    ++*(int *)arg;
}

START_TEST(nosuspend_is_asserted)
{
    int n = 0, status = in_fiber_status(suspend_in_nosuspend, NULL);

    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    moxd_loop_main(balanced_nosuspend, &n);
    ck_assert_int_eq(n, 1);
}
END_TEST

START_TEST(results_have_names)
{
    ck_assert_str_eq(moxd_wait_name(MOXD_OK), "ok");
    ck_assert_str_eq(moxd_wait_name(17), "ok");
    ck_assert_str_eq(moxd_wait_name(MOXD_TIMEOUT), "timeout");
    ck_assert_str_eq(moxd_wait_name(MOXD_CANCELLED), "cancelled");
    ck_assert_str_eq(moxd_wait_name(MOXD_CLOSED), "closed");
    ck_assert_str_eq(moxd_wait_name(-99), "unknown");
}
END_TEST

UNIT_MAIN("fiber", yields_in_turn, keeps_registers, keeps_errno, ids_are_never_valid_again,
          deadlines_end_waits, deadlines_end_in_order, later_deadline_after_earlier,
          ceiling_cuts_waits, cancel_is_sticky, cancel_before_the_first_run,
          shield_holds_cancel_back, pokes_are_remembered_once, join_has_a_deadline, many_fibers,
          main_cancels_what_it_leaves, nosuspend_is_asserted, results_have_names)
